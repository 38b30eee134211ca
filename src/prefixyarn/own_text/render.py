"""Tables of answers and of steps for a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from prefixyarn.own_text.answer import Answer
from prefixyarn.own_text.comparison import Compared
from prefixyarn.own_text.steps import Step

# Around Arabic and Hebrew: without them they turn the columns beside them round.
_ISOLATE, _END = "\u2068", "\u2069"
PRIOR = "bold cyan"
OFF_TARGET = "bold red"


def show(table: Table) -> None:
    """Print a table; on a terminal in colour, and as wide as that is."""
    console = Console()
    if not console.is_terminal:
        console.width = 200
    console.print(table)


def answer_text(answer: Answer) -> Text:
    """Return an answer with its prior marked: in colour, and between ‹ and ›."""
    rtl = _is_rtl(answer.text)
    found = Text(_ISOLATE if rtl else "")
    if answer.prior:
        found.append(f"‹{answer.prior.strip()}›", style=PRIOR)
        found.append(" " if answer.prior != answer.prior.rstrip() else "")
    return found.append(answer.continuation).append(_END if rtl else "")


def compared_table(rows: Sequence[Compared]) -> Table:
    """Return answers side by side: a row a language and prior."""
    table = Table("to", "prior", "answer", "language", "seconds", box=None, pad_edge=False)
    for row in rows:
        off = row.answer.language not in (row.target, None)
        language = Text(row.answer.language or "–", style=OFF_TARGET if off else "")
        table.add_row(row.target, row.prior, answer_text(row.answer), language, f"{row.seconds:.1f}")
    return table


def steps_table(steps: Sequence[Step]) -> Table:
    """Return the steps of an answer: a row a position."""
    sft = any(step.sft is not None for step in steps)
    columns = ["", "token", "probability", "rank", "likeliest", *(["SFT would say"] if sft else [])]
    table = Table(*columns, box=None, pad_edge=False)
    for n, step in enumerate(steps, 1):
        token = Text(_shown(step.token), style=PRIOR if step.given else "")
        if step.given:
            token.append(" (given)")
        likeliest = ", ".join(f"{_shown(own.token)} {own.probability:.0%}" for own in step.candidates)
        other = [f"{_shown(step.sft)} (rank {step.sft_rank})"] if step.sft is not None else []
        table.add_row(str(n), token, f"{step.probability:.1%}", str(step.rank), likeliest, *other)
    return table


def _shown(token: str) -> str:
    """Return a token as it can be seen: a line break as ⏎, a leading space as it is in quotes."""
    shown = token.replace("\n", "⏎")
    return f"{_ISOLATE}{shown}{_END}" if _is_rtl(shown) else shown


def _is_rtl(text: str) -> bool:
    return any(unicodedata.bidirectional(c) in ("R", "AL") for c in text)
