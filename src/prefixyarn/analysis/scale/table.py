"""The table of scale: shares of SFT by the size of the foundation (the paper's open question of larger models)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.systems import HEADLINE_KINDS
from prefixyarn.tables.overview import OverviewRow
from prefixyarn.tables.render import markdown, plain, with_ends


@dataclass(frozen=True)
class ScaleRow:
    """How far one kind of priors takes a foundation of some size in one task.

    Attributes:
        task: The task.
        kind: The prior kind, zero-shot; of several variants the first.
        foundation: The foundation's name.
        parameters: How many parameters its weights have.
        score: Mean of the task's main metric.
        n: Items a subset.
        share: 100 · score / score of its own SFT model.
    """

    task: str
    kind: str
    foundation: str
    parameters: int
    score: float
    n: int
    share: Interval | None


def scale_rows(overview: Sequence[OverviewRow], parameters: Mapping[str, int]) -> list[ScaleRow]:
    """Return shares of SFT by size: a row per task, prior kind and foundation, sizes ascending.

    Args:
        overview: Rows of the overview of several foundations.
        parameters: By foundation, how many parameters its weights have.
    """
    shown = [row for row in overview if row.system.prompt == "zero-shot"]
    found = []
    for task in dict.fromkeys(row.task for row in overview):
        for kind in HEADLINE_KINDS:
            for name in sorted(parameters, key=lambda name: parameters[name]):
                own = [row for row in shown if (row.task, row.system.kind, row.foundation) == (task, kind, name)]
                for row in own[:1]:
                    found.append(ScaleRow(task, kind, name, parameters[name], row.score, row.n, row.share))
    return found


def scale_markdown(rows: Sequence[ScaleRow], labels: Mapping[str, str]) -> str:
    """Render scale rows as Markdown: a table per task, a column per foundation."""
    parts = []
    names = list(dict.fromkeys(row.foundation for row in sorted(rows, key=lambda row: row.parameters)))
    for task in dict.fromkeys(row.task for row in rows):
        shown = []
        for kind in dict.fromkeys(row.kind for row in rows if row.task == task):
            shares = {row.foundation: row.share for row in rows if (row.task, row.kind) == (task, kind)}
            shown.append({"prior": kind, **{plain(labels[name]): _cell(shares.get(name)) for name in names}})
        parts.append(f"### Share of SFT by size, {task}\n\n{markdown(shown)}\n")
    sizes = {row.foundation: row.parameters for row in rows}
    parts.append(
        "- % of the SFT model's score, with 95 % bootstrap intervals; each foundation is compared with its own SFT "
        f"model. Parameters: {', '.join(f'{plain(labels[name])} {sizes[name]:,}' for name in names)}.\n"
        "- Families differ in what they were pre-trained on: only sizes of one family show what size does.\n"
    )
    return "\n".join(parts)


def _cell(share: Interval | None) -> str:
    return "–" if share is None else with_ends(share)
