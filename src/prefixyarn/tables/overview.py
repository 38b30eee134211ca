"""The overview: the paper's headline over the three tasks, share of SFT by task and prior kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from prefixyarn.examples import UNRELATED
from prefixyarn.findings.claims import PAPER
from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.records import System
from prefixyarn.systems import HEADLINE_KINDS, headline, shown_units
from prefixyarn.tables.render import ends, latex, markdown, number, plain, prior_cell
from prefixyarn.tables.rows import ScoreRow, row_of, rows_of, systems_of
from prefixyarn.tasks.task import FREE


@dataclass(frozen=True)
class OverviewRow:
    """One kind of prior in one task.

    Attributes:
        foundation: The foundation's name.
        task: The task.
        metric: The title of the task's main metric.
        system: The system that stands for the kind of prior.
        n: Items a subset.
        score: The mean score over subsets.
        share: 100 · score / score of the SFT model; None without one.
        recovery: 100 · (score − none) / (sft − none).
        paper: The share over all of the paper's translation settings; None elsewhere.
    """

    foundation: str
    task: str
    metric: str
    system: System
    n: int
    score: float
    share: Interval | None
    recovery: Interval | None
    paper: float | None


def overview_rows(tables: Mapping[str, Sequence[ScoreRow]], kinds: Sequence[str] = HEADLINE_KINDS) -> list[OverviewRow]:
    """Return the overview: per foundation, task, prompt, prior kind and variant a row.

    Args:
        tables: By task the rows of its table.
        kinds: The kinds of priors. One that a task does not have is left out.
    """
    found = []
    for task, rows in tables.items():
        metric = rows[0].metric  # the main one
        for foundation in dict.fromkeys(row.foundation for row in rows):
            own = rows_of(rows, foundation, metric)
            systems = systems_of(own)
            prompts = dict.fromkeys(s.prompt for s in systems if s.prompt != UNRELATED)  # which is a control
            for prompt, kind in product(prompts, kinds):
                for variant in dict.fromkeys(s.variant for s in systems if s.kind == kind and s.variant != FREE):
                    system = headline(systems, kind, variant=variant, prompt=prompt)
                    if system is not None:
                        row = row_of(own, system)
                        told = task == "translation" and prompt == "zero-shot" and variant in ("", "first")
                        found.append(
                            OverviewRow(
                                foundation=foundation,
                                task=task,
                                metric=metric,
                                system=system,
                                n=row.n,
                                score=row.score.score,
                                share=row.share,
                                recovery=row.recovery,
                                paper=PAPER.get(kind) if told else None,
                            )
                        )
    return found


def overview_metrics(rows: Sequence[OverviewRow]) -> dict[str, dict[str, dict[str, dict[str, float]]]]:
    """Return scores and shares of SFT, in per cent, by foundation, task and prior: what `dvc metrics` compares."""
    found: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for row in rows:
        name = prior_cell(row.system)
        if row.system.prompt != "zero-shot":
            name += f", {row.system.prompt}"
        values = {row.metric: row.score} | ({"% of SFT": row.share.score} if row.share else {})
        own = found.setdefault(row.foundation, {}).setdefault(row.task, {})
        own[name] = {key: round(value, 2) for key, value in values.items()}
    return found


def _cells(rows: Sequence[OverviewRow]) -> list[dict[str, str]]:
    return [
        {
            "task": row.task,
            "metric": row.metric,
            "prompt": row.system.prompt,
            "prior": prior_cell(row.system),
            "k": shown_units(row.system) or "–",
            "score": number(row.score),
            "share of SFT": number(row.share),
            "95 %": ends(row.share),
            "recovery": number(row.recovery),
            "paper": "–" if row.paper is None else f"{row.paper} %",
            "n": str(row.n),
        }
        for row in rows
    ]


def overview_latex(rows: Sequence[OverviewRow]) -> str:
    """Render the overview as one LaTeX table with booktabs lines."""
    return latex(_cells(rows)) + "\n"


def overview_markdown(rows: Sequence[OverviewRow], foundations: Mapping[str, str]) -> str:
    """Render the overview as Markdown, a table per foundation."""
    parts = []
    for name, label in foundations.items():
        own = [row for row in rows if row.foundation == name]
        parts.append(f"### Share of SFT by task and prior, {plain(label)}\n\n{markdown(_cells(own))}\n")
    parts.append(
        "- share of SFT: 100 · mean / mean of the SFT model, over all subsets of the task's table, with its 95 % "
        "bootstrap interval; recovery: 100 · (mean − none) / (sft − none), `none` being zero-shot. A kind is "
        "shown at its largest k of at most two.\n"
        "- paper: arXiv 2404.16766, over all its translation settings, 7B models, FLORES-101, metric not stated in "
        "the abstract. The version that we have gives no such figure for the other two tasks.\n"
        "- n: items a subset. `oracle` is a bound, not a method. Tagging has no pseudo priors, as in the paper; where "
        "its tags are silver, tagging.md says so.\n"
    )
    return "\n".join(parts)
