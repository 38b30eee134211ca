"""What the claims of ``claims.yaml`` measure: each function takes a table's rows and returns a value with its interval.

A function returns None where the run has no such row: then there is no finding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prefixyarn.analysis.agreement.table import AgreementRow, agreement_row
from prefixyarn.analysis.forgetting.table import CrossTaskRow
from prefixyarn.analysis.language_resources.fit import FitRow
from prefixyarn.analysis.mechanism.table import MechanismRow, SplitRow
from prefixyarn.analysis.prior_length.table import PriorLengthRow
from prefixyarn.analysis.prior_quality.sft_priors import SftPriorRow
from prefixyarn.analysis.prior_quality.table import MOST, QualityRow
from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.records import System
from prefixyarn.systems import NONE, headline
from prefixyarn.tables.groups import ALL_DIRECTIONS, ContrastRow, GroupRow
from prefixyarn.tables.informative import UNINFORMATIVE, against_constant
from prefixyarn.tables.render import percent, with_ends
from prefixyarn.tables.rows import ScoreRow, find_row, row_of, rows_of, systems_of
from prefixyarn.tables.task import judged
from prefixyarn.tasks.tagging.scores import COMMONEST_TAG

ESTABLISHED = 0.95  # of resamples must have a threshold: as of all intervals here


@dataclass(frozen=True)
class Measured:
    """A value that a table gives for a claim.

    Attributes:
        value: The value, with its interval; None where the finding is a text that is not judged.
        n: English sentences, or items of one subset, behind it; of agreement and of right and wrong SFT priors, answers
            of all subsets. 0 where there is no such number.
        here: For a reader, where that is more than the value.
        k: How much of a prior is given.
        floor: Whether it is of a system that does no better than a constant answer: then nothing can be told from it.
    """

    value: Interval | None
    n: int = 0
    here: str = ""
    k: int = 0
    floor: bool = False


def main_rows(rows: Sequence[ScoreRow]) -> list[ScoreRow]:
    """Return the rows of the table's first metric."""
    return rows_of(rows, rows[0].foundation, rows[0].metric)


def row_of_kind(
    rows: Sequence[ScoreRow],
    kind: str,
    model: str = "foundation",
    variant: str | None = None,
    prompt: str = "zero-shot",
) -> ScoreRow | None:
    """Return the mean of the system that a kind is judged by, of rows of one foundation and metric; see `judged`."""
    system = judged(systems_of(rows), kind, model, variant, prompt)
    return find_row(rows, system) if system else None


def score(rows: Sequence[ScoreRow], kind: str, field: str, **which: Any) -> Measured | None:
    """Return a field of a kind's row in a table of systems: ``share``, ``gain``, ``recovery``, ``same_prior``, …."""
    own = main_rows(rows)
    row = row_of_kind(own, kind, **which)
    value = getattr(row, field) if row else None
    if row is None or value is None:
        return None
    return Measured(value, row.n, k=row.system.k, floor=_at_the_floor(own, row.system))


def _at_the_floor(rows: Sequence[ScoreRow], system: System) -> bool:
    """Return whether a system is no better than a constant answer on what its prior does not hand over; see tagging."""
    given = (system.k, system.unit) if system.k else (0, "")
    own, constant = (find_row(rows, s, without=given) for s in (system, System("none", model=COMMONEST_TAG)))
    return bool(own and constant and against_constant(own.score, constant.score) == UNINFORMATIVE)


def at_the_floor(rows: Sequence[ScoreRow]) -> set[System]:
    """Return the systems of one metric's rows that are no better than a constant answer."""
    return {system for system in systems_of(rows) if _at_the_floor(rows, system)}


def off_target(rows: Sequence[ScoreRow], kind: str) -> Measured | None:
    """Return by how many points a kind changes the share of answers in another language, beside both shares."""
    own = main_rows(rows)
    row, none = row_of_kind(own, kind), row_of(own, NONE)
    if row is None or row.off_target_change is None:
        return None
    shares = f"{percent(none.off_target)} alone, {percent(row.off_target)} with the prior"
    return Measured(row.off_target_change, row.n, f"{shares}: {with_ends(row.off_target_change)}", row.system.k)


def group(rows: Sequence[GroupRow], by: str, group: str, kind: str, field: str = "gain") -> Measured | None:
    """Return a field of a kind's row in a group of directions or items."""
    own = [row for row in rows if (row.by, row.group) == (by, group)]
    system = judged([row.system for row in own], kind)
    row = next((row for row in own if row.system == system), None)
    value = getattr(row, field) if row else None
    return Measured(value, row.sentences, k=row.system.k) if row and value else None


def contrast(rows: Sequence[ContrastRow], better: str, than: str, group: str = ALL_DIRECTIONS) -> Measured | None:
    """Return how much better one prior does than another on the same items."""
    row = next((row for row in rows if (row.better, row.than, row.group) == (better, than, group)), None)
    return Measured(row.difference, row.sentences) if row else None


def same_prior(rows: Sequence[ScoreRow], kind: str) -> Measured | None:
    """Return what follows a prior, as a share of what follows the same prior in the SFT model; both without it."""
    own = main_rows(rows)
    whole = row_of_kind(own, kind)
    if whole is None or not whole.system.k:
        return None
    row = find_row(own, whole.system, without=(whole.system.k, whole.system.unit))
    if row is None or row.same_prior is None:
        return None
    return Measured(row.same_prior, row.n, k=whole.system.k, floor=_at_the_floor(own, whole.system))


def language_by_k(rows: Sequence[SplitRow], field: str) -> Measured | None:
    """Return what an opening in the language gives, by its number of tokens: a text."""
    own = {row.k: getattr(row, field) for row in rows if (row.subset, row.part) == ("", "language")}
    parts = [f"{with_ends(value, 2)} nats with {k} token{'s' * (k > 1)}" for k, value in sorted(own.items()) if value]
    return Measured(None, here=", ".join(parts)) if parts else None


def mechanism(rows: Sequence[MechanismRow], kind: str, field: str, model: str = "foundation") -> Measured | None:
    """Return a field of a kind's row at k = 2 in the table of source use, as the mean over directions."""
    own = [row for row in rows if not row.subset]
    system = System("none", model=model) if kind == "none" else headline([row.system for row in own], kind, model)
    row = next((row for row in own if row.system == system), None)
    value = getattr(row, field) if row else None
    each = max((r.items for r in rows if r.subset and row and r.system == row.system), default=0)  # of one direction
    return Measured(value, each, k=row.system.k) if row and value else None


def mechanism_split(rows: Sequence[SplitRow], part: str, k: int, field: str = "value") -> Measured | None:
    """Return what an opening gives by its language or by its content, as the mean over directions."""
    row = next((row for row in rows if (row.subset, row.part, row.k) == ("", part, k)), None)
    value = getattr(row, field) if row else None
    each = max((r.n for r in rows if r.subset and (r.part, r.k) == (part, k)), default=0)  # of one direction
    return Measured(value, each, k=k) if row and value else None


def agreement(
    rows: Sequence[AgreementRow],
    read: str,
    field: str,
    k: int = 0,
    start: int = 0,
    end: int | None = None,
    on_target: bool = False,
) -> Measured | None:
    """Return a field of the row of what is read, at all positions or some."""
    row = agreement_row(rows, read, k, start, end, on_target=on_target)
    value = getattr(row, field) if row else None
    return Measured(value, row.answers, k=k) if row and value else None


def longest(rows: Sequence[PriorLengthRow]) -> Measured | None:
    """Return by how much the most SFT tokens score above one."""
    own = [row for row in rows if row.system.kind == "sft" and row.system.unit == "token" and row.more]
    most = max(own, key=lambda row: row.system.k, default=None)
    return Measured(most.more, most.n, k=most.system.k) if most else None


def sft_prior(rows: Sequence[SftPriorRow], k: int, right: bool, field: str) -> Measured | None:
    """Return a field of the row of right or wrong SFT priors of k tokens."""
    row = next((row for row in rows if (row.k, row.right) == (k, right)), None)
    value = getattr(row, field) if row else None
    return Measured(value, row.n, k=k) if row and value else None


def corrupt(rows: Sequence[QualityRow], k: int) -> Measured | None:
    """Return how much k wrong words of the kind that harms most change what follows, against no prior."""
    own = [row for row in rows if (row.k, row.level) == (k, 100)]
    worst = min(own, key=lambda row: row.harm.score, default=None)
    if worst is None:
        return None
    kinds = f"{worst.corruption}, the worst of {len(own)} kinds on these items, so the interval is too narrow"
    here = f"against none ({kinds}): {with_ends(worst.harm)} chrF++"
    return Measured(worst.harm, worst.n, here, k)


def threshold(rows: Sequence[QualityRow]) -> Measured | None:
    """Return from which share of wrong words on a prior does harm, by its length in words: a text."""
    parts = []
    for k in sorted({row.k for row in rows}):
        row = next((row for row in rows if (row.corruption, row.k, row.level) == ("other-item", k, 0)), None)
        if row is None or row.covered > MOST:
            continue
        found = row.below_none
        share = f"{100 * found.found:.0f} % of resamples"
        if found.level is None:
            where = f"nowhere (somewhere in {share})"
        elif found.found < ESTABLISHED:
            where = f"nowhere for certain (from {found.level:.0f} % wrong on, but in {share} alone)"
        else:
            where = f"from {found.level:.0f} % wrong on ({found.low:.0f}–{found.high:.0f})"
        parts.append(f"of {k} word{'s' * (k > 1)} worse than no prior {where}")
    return Measured(None, here="; ".join(parts)) if parts else None


def forgetting(rows: Sequence[CrossTaskRow]) -> Measured | None:
    """Return the changes of SFT models on the other tasks: a text, as each is a number of its own."""
    own = [row for row in rows if row.trained_on not in ("", row.task) and row.change]
    parts = [f"{row.trained_on} on {row.task} {with_ends(row.change)}" for row in own if row.change]
    return Measured(None, here=", ".join(parts)) if parts else None


def resources(rows: Sequence[FitRow], kind: str, axis: str) -> Measured | None:
    """Return the slope of a kind's gain against what the foundation needs to predict text of the language."""
    row = next((row for row in rows if (row.kind, row.axis) == (kind, axis)), None)
    return Measured(row.slope, row.n) if row else None


Measure = Callable[..., Measured | None]
MEASURES: Mapping[str, Measure] = {
    "score": score,
    "off_target": off_target,
    "group": group,
    "mechanism": mechanism,
    "mechanism_split": mechanism_split,
    "contrast": contrast,
    "same_prior": same_prior,
    "language_by_k": language_by_k,
    "agreement": agreement,
    "longest": longest,
    "sft_prior": sft_prior,
    "corrupt": corrupt,
    "threshold": threshold,
    "forgetting": forgetting,
    "resources": resources,
}
