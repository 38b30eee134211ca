"""The table of prior length: scores against the number of units of a prior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from prefixyarn.analysis.answered import Scorer
from prefixyarn.metrics.bootstrap import Interval, interval
from prefixyarn.metrics.shares import difference
from prefixyarn.priors.registry import KINDS
from prefixyarn.records import System
from prefixyarn.systems import NONE, SFT, shown_units
from prefixyarn.tables.render import foundation_cell, number, with_ends


@dataclass(frozen=True)
class PriorLengthRow:
    """One source of priors, k units of which are given.

    Attributes:
        foundation: The foundation's name.
        n: Items a direction.
        system: The system; `NONE` is k = 0.
        prior_tokens: Mean tokens given.
        score: Mean chrF++ of whole answers.
        rest: The same without the first k units.
        rest_none: What ``rest`` is of `none`, cut likewise.
        rest_sft: What ``rest`` is of the SFT model, cut likewise.
        share: 100 · score / score of the SFT model.
        more: By how much ``score`` is above that of one unit of this kind, paired; None for one unit and `NONE`.
    """

    foundation: str
    n: int
    system: System
    prior_tokens: float
    score: Interval
    rest: Interval
    rest_none: float
    rest_sft: float
    share: float
    more: Interval | None


def length_rows(scorer: Scorer, foundation: str, ks: Sequence[int]) -> list[PriorLengthRow]:
    """Return the scores against the number of units: a row per kind, unit and k, first `none`.

    Where less than half of the items have a prior of k units, there is no row.
    """
    sft = scorer.mean(SFT)
    rows = []
    for system in [NONE, *(system for system in scorer.systems if _shown(system, ks))]:
        if system.k > 1 and scorer.given(system) < 0.5:  # a dictionary's word, a refined model's two: no more to give
            continue
        mean, rest = scorer.mean(system), scorer.mean(system, system.k, system.unit)
        one = scorer.mean(replace(system, k=1)) if system.k > 1 and replace(system, k=1) in scorer.systems else None
        rows.append(
            PriorLengthRow(
                foundation=foundation,
                n=scorer.n,
                system=system,
                prior_tokens=scorer.prior_tokens(system),
                score=interval(mean.score, mean.resampled),
                rest=interval(rest.score, rest.resampled),
                rest_none=scorer.mean(NONE, system.k, system.unit).score,
                rest_sft=scorer.mean(SFT, system.k, system.unit).score,
                share=100 * mean.score / sft.score,
                more=difference(mean, one) if one else None,
            )
        )
    return rows


def _shown(system: System, ks: Sequence[int]) -> bool:
    """Tell whether a system is one of priors by length; priors made worse are for the analysis of quality."""
    return system.model == "foundation" and system.k in ks and KINDS[system.kind].in_config


def length_cells(rows: Sequence[PriorLengthRow]) -> list[dict[str, str]]:
    """Return the rows as a reader sees them."""
    return [
        {
            **foundation_cell(row, rows),
            "prior": row.system.kind,
            "k": shown_units(row.system) or "–",
            "tokens given": number(row.prior_tokens),
            "chrF++": with_ends(row.score),
            "% of SFT": number(row.share),
            "more than with 1": with_ends(row.more) if row.more else "–",
            "without the prior": with_ends(row.rest),
            "none without it": number(row.rest_none),
            "SFT without it": number(row.rest_sft),
        }
        for row in rows
    ]
