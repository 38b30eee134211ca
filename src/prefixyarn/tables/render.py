"""Rendering of rows for readers: as Markdown, as LaTeX, and the cells that several tables have."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from tabulate import tabulate

from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.records import System
from prefixyarn.systems import shown_units


def number(value: float | Interval | None, digits: int = 1) -> str:
    """Return a number for readers, of an interval its score; a dash for None."""
    if isinstance(value, Interval):
        value = value.score
    return "–" if value is None else f"{value:.{digits}f}"


def ends(value: Interval | None, digits: int = 1) -> str:
    """Return the ends of an interval for readers, ``1.0–2.0`` or, with a minus, ``−1.0 to 2.0``; a dash for None."""
    if value is None:
        return "–"
    between = " to " if value.low < 0 else "–"
    return f"{_signed(value.low, digits)}{between}{_signed(value.high, digits)}"


def _signed(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace("-", "−")


def p_cell(value: float | None) -> str:
    """Return a p-value for readers; a dash for None. The least that 10,000 resamples can show is 0.0001."""
    return "–" if value is None else f"≤ {value:.4f}" if value <= 0.0001 else f"{value:.4f}"


def percent(value: float | None) -> str:
    """Return a share (0 to 1) as a percentage; a dash for None."""
    return "–" if value is None else f"{100 * value:.0f} %"


_READ = re.compile(r"[\\`*\[\]|]|(?<!\w)_|_(?!\w)")  # by Markdown; within a word _ is text


def plain(name: str) -> str:
    """Return a name of a user's as Markdown text that shows it letter by letter."""
    return _READ.sub(r"\\\g<0>", html.escape(name, quote=False))


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Render rows as a Markdown table, text to the left and numbers to the right; each cell is one line."""
    rows = [{column: _cell(value) for column, value in row.items()} for row in rows]
    columns = list(rows[0]) if rows else []
    align = [
        "right"
        if all(str(r[c]).strip("*–−%. ").replace(".", "").replace("–", "").isdigit() or r[c] in ("–", "") for r in rows)
        else "left"
        for c in columns
    ]
    return tabulate([list(r.values()) for r in rows], columns, "pipe", colalign=align, disable_numparse=True)


def _cell(value: Any) -> str:
    """Return a cell's text on one line, with no end of the cell in it."""
    return re.sub(r"(?<!\\)\|", r"\|", " ".join(str(value).split()))


def latex(rows: Sequence[Mapping[str, str]]) -> str:
    """Render rows as a LaTeX table with booktabs lines."""
    cells = [[value.replace("–", "--") for value in row.values()] for row in rows]
    return tabulate(cells, list(rows[0]), "latex_booktabs", disable_numparse=True)


def prior_cell(system: System) -> str:
    """Return a system's kind of prior, and which of several, for readers."""
    return " ".join(part for part in (system.kind, system.variant) if part)


def system_cells(system: System) -> dict[str, str]:
    """Return the cells of a table that name a row's system to a reader."""
    return {
        "model": system.model,
        "prompt": system.prompt if system.model in ("foundation", "sft") else "–",
        "prior": prior_cell(system),
        "k": shown_units(system) or "–",
    }


def with_ends(value: Interval, digits: int = 1) -> str:
    """Return a number with the ends of its interval for readers."""
    return f"{_signed(value.score, digits)} ({ends(value, digits)})"


class OfFoundation(Protocol):
    """A row of a table that may have rows of several foundations."""

    @property
    def foundation(self) -> str:
        """The foundation's name."""


def foundation_cell(row: OfFoundation, rows: Sequence[OfFoundation]) -> dict[str, str]:
    """Return a cell that names a row's foundation, if the table has several."""
    return {"foundation": row.foundation} if len({own.foundation for own in rows}) > 1 else {}
