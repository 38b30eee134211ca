"""Rendering of rows: Markdown, LaTeX and CSV."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from typing import Any

from tabulate import tabulate

from prefixyarn.records import atomic

Row = dict[str, Any]


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


def write_csv(path: str | os.PathLike[str], rows: Sequence[Row]) -> None:
    """Write rows as CSV, floats to four decimals, missing values empty."""
    with atomic(path) as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({c: f"{v:.4f}" if isinstance(v, float) else v for c, v in row.items()})


TEXT = (
    "item",
    "direction",
    "group",
    "metric",
    "foundation",
    "model",
    "prompt",
    "kind",
    "variant",
    "k_unit",
    "task",
    "language",
    "trained on",
    "units",
    "system",
    "resource level",
    "right",
)  # columns that hold no numbers


def read_csv(path: str | os.PathLike[str]) -> list[Row]:
    """Read rows that `write_csv` wrote: numbers as floats, missing values as None; columns of text as they are."""
    with open(path, encoding="utf-8", newline="") as stream:
        return [
            {c: v if c in TEXT else float(v) if v else None for c, v in row.items()} for row in csv.DictReader(stream)
        ]
