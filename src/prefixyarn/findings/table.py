"""The table of findings: what a run's tables say of all the paper's claims, its limits and open questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from prefixyarn.analysis.agreement import TEACHER_FORCED
from prefixyarn.analysis.agreement.table import PAPER_SILENT_MAJORITY, AgreementRow
from prefixyarn.analysis.forgetting.table import CrossTaskRow
from prefixyarn.analysis.language_resources.table import ResourceRow
from prefixyarn.analysis.prior_length.table import PriorLengthRow
from prefixyarn.analysis.prior_quality.table import QualityRow
from prefixyarn.analysis.prior_quality.threshold import Threshold
from prefixyarn.findings.claims import HOLDS, MARGIN, NOT, UNKNOWN, headline_row, judged, verdicts
from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.systems import NONE
from prefixyarn.tables.render import markdown, with_ends
from prefixyarn.tables.rows import ScoreRow, row_of, rows_of

# By the name of a table that the findings say something of: the class of its rows.
ROWS: dict[str, type[Any]] = {
    "translation": ScoreRow,
    "summarization": ScoreRow,
    "tagging": ScoreRow,
    "agreement": AgreementRow,
    "prior_quality": QualityRow,
    "prior_length": PriorLengthRow,
    "cross_task": CrossTaskRow,
    "language_resources": ResourceRow,
}
TASKS = {
    "translation": "translation, section 4.2",
    "summarization": "summarisation, section 4.3",
    "tagging": "tagging, section 4.4",
}


@dataclass(frozen=True)
class FindingRow:
    """What a run says of one claim, limit or open question.

    Attributes:
        foundation: The foundation's name.
        part: The part of the paper.
        claim: The claim.
        paper: The paper's own figure; a dash without one.
        here: Ours.
        verdict: See `prefixyarn.findings.claims.Verdict`.
        see: The file of the table; a dash without one.
    """

    foundation: str
    part: str
    claim: str
    paper: str
    here: str
    verdict: str
    see: str


def findings(foundation: str, tables: Mapping[str, Sequence[Any]], models: int = 1) -> list[FindingRow]:
    """Return what tables say of all the paper's claims, its limits and its open questions on one foundation.

    Args:
        foundation: Its name.
        tables: By name the rows of the tables that the run has, of all foundations; see `ROWS`. Claims about others
            are left out.
        models: How many foundations the run has.
    """
    own = {name: [row for row in rows if row.foundation == foundation] for name, rows in tables.items()}
    found = []
    for table, part in TASKS.items():
        for verdict in verdicts(own[table]) if table in own else ():
            # The paper's shares are of translation; the other tasks are held to the same margins.
            told = verdict.paper if table == "translation" else "–"
            line = (verdict.claim, told, verdict.here, verdict.verdict)
            found.append(FindingRow(foundation, part, *line, f"{table}.md"))
    for part, claim, table, judge in ANALYSES:
        if table in own:
            found.append(FindingRow(foundation, part, claim, *judge(own[table]), f"{table}.csv"))
    for part, claim, see in (
        ("open question 1", "Larger and newer models do as well", "scale.md"),
        ("limits", "What a model was pre-trained on decides how far priors help", "–"),
    ):
        line = (claim, "–", "no verdict from one model", UNKNOWN)
        found.append(FindingRow(foundation, part, *line, see if models > 1 else "–"))
    return found


def _percent(value: Interval) -> str:
    return f"{value.score:.1f} % ({value.low:.1f}–{value.high:.1f})"


def _above(more: Interval, less: Interval) -> str:
    """Return whether one value is above another: by their intervals, by the value alone, or not."""
    return judged(more.low > less.high, more.score > less.score)


Judged = tuple[str, str, str]  # paper, here, verdict


def _whole(rows: Sequence[AgreementRow], k: int) -> AgreementRow:
    return next(row for row in rows if row.k == k and row.whole)


def _silent_majority(rows: Sequence[AgreementRow]) -> Judged:
    whole, bound = _whole(rows, TEACHER_FORCED), PAPER_SILENT_MAJORITY - MARGIN
    verdict = judged(whole.top_10.low >= bound, whole.top_50.low >= bound)
    here = f"{_percent(whole.top_10)} among the 10 likeliest, {whole.top_1.score:.1f} % the likeliest"
    return f"{PAPER_SILENT_MAJORITY} %, cut-off not stated", here, verdict


def _agreement_grows(rows: Sequence[AgreementRow]) -> Judged:
    own = [row for row in rows if row.k == TEACHER_FORCED and not row.subset and not row.whole]
    first, later = (next((row for row in own if row.start == start), None) for start in (0, 4))
    if first is None or later is None:
        return "–", "answers shorter than five tokens", UNKNOWN
    here = f"{_percent(first.top_1)} at the first token, {_percent(later.top_1)} at the fifth and sixth"
    return "–", here, _above(later.top_1, first.top_1)


def _alone_and_given(rows: Sequence[AgreementRow]) -> tuple[int, AgreementRow, AgreementRow] | None:
    """Return most SFT tokens given, at most two; rows from the same place on, without them and with them."""
    most = max(row.k for row in rows if row.k <= 2)
    if not most:
        return None
    alone = next(row for row in rows if (row.k, row.subset, row.start, row.end) == (0, "", most, None))
    return most, alone, _whole(rows, most)


def _goes_on_like_sft(rows: Sequence[AgreementRow]) -> Judged:
    found = _alone_and_given(rows)
    if found is None:
        return "–", "no SFT tokens given", UNKNOWN
    most, alone, given = found
    cells = f"{_percent(alone.top_1)} alone, {_percent(given.top_1)} after {most} SFT tokens"
    return "–", f"of its own tokens from the same place on: {cells}", _above(given.top_1, alone.top_1)


def _prior_narrows(rows: Sequence[AgreementRow]) -> Judged:
    found = _alone_and_given(rows)
    if found is None:
        return "–", "no SFT tokens given", UNKNOWN
    most, alone, given = found[0], found[1].entropy_foundation, found[2].entropy_foundation
    cells = f"{with_ends(alone)} alone, {with_ends(given)} after {most} SFT tokens"
    return "–", f"entropy in nats, from the same place on: {cells}", _above(alone, given)


def _narrows(rows: Sequence[AgreementRow]) -> Judged:
    whole = _whole(rows, TEACHER_FORCED)
    verdict = HOLDS if whole.narrowing.low > 0 else NOT if whole.narrowing.high < 0 else UNKNOWN
    nats, less = whole.entropy_foundation.score, with_ends(whole.narrowing, 2)
    return "–", f"entropy {nats:.2f} nats, of the SFT model less by {less}", verdict


def _worst(rows: Sequence[QualityRow], level: int) -> QualityRow:
    k = min(row.k for row in rows)
    return min((row for row in rows if row.k == k and row.level == level), key=lambda row: row.rest.score)


def _no_lasting_harm(rows: Sequence[QualityRow]) -> Judged:
    row = _worst(rows, 100)
    wrong = f"{with_ends(row.rest)} after {row.k} wrong words ({row.corruption}, the worst kind)"
    # As of random words: the claim is that there is no difference, which a correction would only help.
    verdict = judged(row.rest.score >= 0.9 * row.rest_none, row.p_none_uncorrected >= 0.05)
    return "–", f"chrF++ {wrong}, {row.rest_none:.1f} without prior", verdict


def _better_is_better(rows: Sequence[QualityRow]) -> Judged:
    bad = _worst(rows, 100)
    good = next(row for row in rows if (row.k, row.corruption, row.level) == (bad.k, bad.corruption, 0))
    right, wrong = with_ends(good.rest), with_ends(bad.rest)
    here = f"chrF++ {right} after {good.k} right words, {wrong} after as many wrong ones ({bad.corruption})"
    return "–", here, _above(good.rest, bad.rest)


def _how_good(rows: Sequence[QualityRow]) -> Judged:
    row = next(row for row in rows if row.corruption == "other-item" and row.k == min(r.k for r in rows))

    def worse(than: str, found: Threshold) -> str:
        share = f"in {100 * found.found:.0f} % of resamples"
        if found.level is None:
            return f"worse than {than} nowhere ({share} it is)"
        return f"worse than {than} from {found.level:.0f} % on ({found.low or 0:.0f}–{found.high or 0:.0f}, {share})"

    parts = f"{worse('no prior', row.below_none)}; {worse('the SFT model', row.below_sft)}"
    return "–", f"what follows {row.k} words, others' among them: {parts}", "answered"


def _more_tokens(rows: Sequence[PriorLengthRow]) -> Judged:
    own = [row for row in rows if row.system.kind == "sft" and row.system.unit == "token"]
    own = sorted(own, key=lambda row: row.system.k)
    cells = [f"{with_ends(row.score)} with {row.system.k}" for row in (own[0], own[-1])]
    return "–", f"chrF++ {', '.join(cells)} SFT tokens", _above(own[-1].score, own[0].score)


def _off_target(rows: Sequence[ScoreRow]) -> Judged:
    own = rows_of(rows, rows[0].foundation, rows[0].metric)
    alone, row = row_of(own, NONE).off_target, headline_row(own, "refined") or headline_row(own, "pseudo")
    if row is None or row.off_target is None or alone is None:
        return "–", "no refined nor pseudo priors in this run", UNKNOWN
    own_share, share = 100 * alone, 100 * row.off_target
    given = f"{row.system.k} {row.system.kind} tokens"
    here = f"{own_share:.0f} % in another language alone, {share:.0f} % with {given}"
    return "–", here, judged(2 * share <= own_share, share < own_share)


def _forgets(rows: Sequence[CrossTaskRow]) -> Judged:
    below, parts = [], []
    for task in dict.fromkeys(row.task for row in rows):
        own = [row for row in rows if row.task == task]
        alone = next(row.score for row in own if row.system == NONE)
        for row in own:
            if row.trained_on not in ("", task):
                below.append(row.score < alone)
                parts.append(f"{row.trained_on} on {task} {row.score:.1f} (foundation {alone:.1f})")
    verdict = judged(all(below), any(below)) if below else UNKNOWN
    return "–", f"SFT models on other tasks: {', '.join(parts)}", verdict


def _resources(rows: Sequence[ResourceRow]) -> Judged:
    gains: dict[str, list[float]] = {}
    alone = {row.direction: row.share for row in rows if row.kind == "none"}
    for row in rows:
        none = alone.get(row.direction)
        if row.table == "translation" and row.kind == "refined" and row.share is not None and none is not None:
            gains.setdefault(row.level, []).append(row.share - none)
    if not gains:
        return "–", "no shares: this run has no refined or no SFT model", UNKNOWN
    parts = [f"{level} {sum(own) / len(own):+.0f} ({len(own)})" for level, own in gains.items()]
    return "–", f"gain of refined priors in points of share, by level (directions): {', '.join(parts)}", UNKNOWN


ANALYSES: tuple[tuple[str, str, str, Callable[[Sequence[Any]], Judged]], ...] = (
    (
        "section 2",
        "Alone, the foundation answers in the wrong language; priors mend it",
        "translation",
        _off_target,
    ),
    ("section 2.2", "SFT tokens are among the foundation's likeliest (silent majority)", "agreement", _silent_majority),
    ("section 2.2", "The longer the prior, the more often both models choose the same", "agreement", _agreement_grows),
    (
        "section 2.2",
        "After a prior, the foundation's own tokens are those that its SFT model would choose",
        "agreement",
        _goes_on_like_sft,
    ),
    ("section 2.2", "SFT narrows the decision space", "agreement", _narrows),
    ("section 2.2", "A prior narrows the decision space", "agreement", _prior_narrows),
    ("section 4.1", "More prior tokens help more", "prior_length", _more_tokens),
    ("section 5.1", "A better prior gives a better text after it", "prior_quality", _better_is_better),
    ("section 5.1", "Poor priors do no lasting harm", "prior_quality", _no_lasting_harm),
    ("open question 2", "How good must a prior be?", "prior_quality", _how_good),
    ("limits", "SFT on one task costs others, which priors do not", "cross_task", _forgets),
    ("limits", "Priors help more where a language has few resources", "language_resources", _resources),
)


def findings_markdown(rows: Sequence[FindingRow], foundations: Mapping[str, str]) -> str:
    """Render findings as Markdown, a table per foundation."""
    parts = []
    for name, label in foundations.items():
        own = [asdict(row) for row in rows if row.foundation == name]
        shown = [{column: cell for column, cell in line.items() if column != "foundation"} for line in own]
        parts.append(f"### What this run says of the paper's claims, {label}\n\n{markdown(shown)}\n")
    parts.append(
        "- Verdicts follow margins fixed before the run (docs/method.md). 95 % bootstrap intervals over items in "
        "brackets; items a direction are those of the table named. The paper's own figures are of 7B models.\n"
    )
    return "\n".join(parts)
