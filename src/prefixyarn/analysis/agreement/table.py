"""The table of agreement: how often and how far foundation and SFT model expect the same (paper section 2.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from prefixyarn.analysis.agreement import TEACHER_FORCED, Step
from prefixyarn.metrics.bootstrap import Interval, draw_counts, interval
from prefixyarn.tables.render import foundation_cell, markdown, number, with_ends
from prefixyarn.tables.rows import ALL

# The paper (arXiv 2404.16766v1) gives this percentage without the cut-off, in what we have: hence the whole curve.
PAPER_SILENT_MAJORITY = 90.8
POSITIONS = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24)  # where groups of positions begin

Group = tuple[str, int, int | None]  # subset, start and end of an `AgreementRow`


@dataclass(frozen=True)
class AgreementRow:
    """How foundation and SFT model agree at some positions of some answers.

    Attributes:
        foundation: The foundation's name.
        k: How many SFT tokens the foundation went on from; `TEACHER_FORCED` for the SFT model's own answers.
        subset: The direction; `ALL` for all together.
        start: The first position that counts: how many tokens stand before it.
        end: The first one after those that count; None: all to the end of the answers count.
        n: Positions.
        top_1: Percentage of positions where the SFT model's likeliest token is the foundation's likeliest.
        top_2: Percentage where it is among the foundation's 2 likeliest.
        top_5: Among the 5 likeliest.
        top_10: Among the 10 likeliest.
        top_20: Among the 20 likeliest.
        top_50: Among the 50 likeliest.
        rest_2: Of the positions where it is not the likeliest, those where it is among the 2 likeliest; None if it is
            the likeliest everywhere.
        rest_5: Among the 5 likeliest.
        rest_10: Among the 10 likeliest.
        rest_20: Among the 20 likeliest.
        rest_50: Among the 50 likeliest.
        kl: Mean KL(SFT || foundation), in nats.
        js: Mean Jensen-Shannon divergence, in nats.
        entropy_sft: Mean entropy of the SFT model's distribution, in nats.
        narrowing: By how much that is less than the foundation's.
        entropy_foundation: Mean entropy of the foundation's distribution, in nats.
    """

    foundation: str
    k: int
    subset: str
    start: int
    end: int | None
    n: int
    top_1: Interval
    top_2: Interval
    top_5: Interval
    top_10: Interval
    top_20: Interval
    top_50: Interval
    rest_2: float | None
    rest_5: float | None
    rest_10: float | None
    rest_20: float | None
    rest_50: float | None
    kl: float
    js: float
    entropy_sft: float
    narrowing: Interval
    entropy_foundation: Interval

    @property
    def whole(self) -> bool:
        """Whether all positions of all directions count."""
        return not self.subset and not self.start and self.end is None

    @property
    def top(self) -> dict[int, Interval]:
        """By number of likeliest tokens, the percentage of positions."""
        return {
            1: self.top_1,
            2: self.top_2,
            5: self.top_5,
            10: self.top_10,
            20: self.top_20,
            50: self.top_50,
        }

    @property
    def rest(self) -> dict[int, float | None]:
        """The same of the positions where the SFT model's token is not the likeliest."""
        return {2: self.rest_2, 5: self.rest_5, 10: self.rest_10, 20: self.rest_20, 50: self.rest_50}


def agreement_rows(
    steps: Mapping[str, Sequence[Step]], foundation: str, resamples: int, seed: int
) -> list[AgreementRow]:
    """Return agreement overall, by direction and by position: a row per group of positions and way of reading.

    Args:
        steps: By direction what measure_agreement wrote.
        foundation: Its name.
        resamples: Number of bootstrap resamples of items.
        seed: Seed of the bootstrap.
    """
    every = [step for own in steps.values() for step in own]
    ks = sorted({step.k for step in every})
    groups: dict[Group, Sequence[Step]] = {
        (ALL, 0, None): every,
        **{(subset, 0, None): own for subset, own in steps.items()},
        **{(ALL, start, end): every for start, end in zip(POSITIONS, [*POSITIONS[1:], None], strict=True)},
    }
    # What the foundation wrote alone, from where on a prior of so many tokens would end: for comparison.
    after: dict[Group, Sequence[Step]] = {(ALL, start, None): every for start in ks if start not in (0, TEACHER_FORCED)}
    found = []
    for k in ks:
        for (subset, start, end), among in (groups | after if k == 0 else groups).items():
            own = [step for step in among if step.k == k and start <= step.t and (end is None or step.t < end)]
            if own:
                found.append(_row(own, foundation, k, subset, start, end, resamples, seed))
    return found


def _row(
    steps: Sequence[Step],
    foundation: str,
    k: int,
    subset: str,
    start: int,
    end: int | None,
    resamples: int,
    seed: int,
) -> AgreementRow:
    names = sorted({step.item for step in steps})
    place = {name: n for n, name in enumerate(names)}
    item = np.array([place[step.item] for step in steps])
    counts = draw_counts(len(names), resamples, seed)
    n = np.bincount(item, minlength=len(names))
    ranks = np.array([step.rank for step in steps])
    others = ranks[ranks > 1]

    def mean(values: Sequence[float] | np.ndarray) -> Interval:
        resampled = counts @ np.bincount(item, weights=values, minlength=len(names)) / (counts @ n)
        return interval(float(np.mean(values)), resampled)

    def top(likeliest: int) -> Interval:
        return mean(100.0 * (ranks <= likeliest))

    def rest(likeliest: int) -> float | None:
        return float(100 * (others <= likeliest).mean()) if len(others) else None

    return AgreementRow(
        foundation=foundation,
        k=k,
        subset=subset,
        start=start,
        end=end,
        n=len(steps),
        top_1=top(1),
        top_2=top(2),
        top_5=top(5),
        top_10=top(10),
        top_20=top(20),
        top_50=top(50),
        rest_2=rest(2),
        rest_5=rest(5),
        rest_10=rest(10),
        rest_20=rest(20),
        rest_50=rest(50),
        kl=float(np.mean([step.kl for step in steps])),
        js=float(np.mean([step.js for step in steps])),
        entropy_sft=float(np.mean([step.entropy_sft for step in steps])),
        narrowing=mean([step.entropy_foundation - step.entropy_sft for step in steps]),
        entropy_foundation=mean([step.entropy_foundation for step in steps]),
    )


def _where(row: AgreementRow) -> str:
    if row.subset or row.whole:
        return row.subset or "all"
    if row.end is None:
        return f"t ≥ {row.start}"
    return f"t = {row.start}" if row.end == row.start + 1 else f"t = {row.start}–{row.end - 1}"


def agreement_markdown(rows: Sequence[AgreementRow]) -> str:
    """Render agreement rows as Markdown."""
    shown = [
        {
            **foundation_cell(row, rows),
            "read": "SFT model's answer" if row.k == TEACHER_FORCED else f"foundation's, after {row.k} SFT tokens",
            "where": _where(row),
            "n": row.n,
            "top 1": with_ends(row.top_1),
            "top 2": number(row.top_2.score),
            "top 5": number(row.top_5.score),
            "top 10": number(row.top_10.score),
            "top 20": number(row.top_20.score),
            "top 50": number(row.top_50.score),
            "top 10 of the rest": number(row.rest_10),
            "KL": number(row.kl, 2),
            "JS": number(row.js, 3),
            "entropy foundation": number(row.entropy_foundation.score, 2),
            "entropy SFT": number(row.entropy_sft, 2),
            "less": with_ends(row.narrowing, 2),
        }
        for row in rows
    ]
    return markdown(shown) + (
        "\n\n- top N: percentage of positions at which the SFT model's likeliest token is among the foundation's N "
        "likeliest (95 % bootstrap interval over items); of the rest: where it is not the likeliest. The paper: 90.8 % "
        "lie among the top candidates; the version that we have does not state the cut-off.\n"
        "- KL(SFT || foundation), JS divergence and entropies are means over positions, in nats. Teacher-forced rows "
        "read the SFT model's answers; a position t has t SFT tokens before it, as a prior of t tokens has.\n"
    )
