"""Rendering of rows for readers: as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tabulate import tabulate

from prefixyarn.tables.rows import Row

# Prior kinds where all tasks are side by side: no controls.
KINDS = ("none", "pseudo", "refined", "sft", "oracle")


def number(value: float | None, digits: int = 1) -> str:
    """Return a number for readers; a dash for None."""
    return "–" if value is None else f"{value:.{digits}f}"


def percent(value: float | None) -> str:
    """Return a share (0 to 1) as a percentage; a dash for None."""
    return "–" if value is None else f"{100 * value:.0f} %"


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Render rows as a Markdown table, text to the left and numbers to the right."""
    columns = list(rows[0]) if rows else []
    align = [
        "right"
        if all(str(r[c]).strip("*–%. ").replace(".", "").replace("–", "").isdigit() or r[c] in ("–", "") for r in rows)
        else "left"
        for c in columns
    ]
    return tabulate([list(r.values()) for r in rows], columns, "pipe", colalign=align, disable_numparse=True)


def foundation_cell(row: Row, rows: Sequence[Row]) -> dict[str, str]:
    """Return a cell that names a row's foundation, if the table has several."""
    return {"foundation": row["foundation"]} if len({r["foundation"] for r in rows}) > 1 else {}
