"""The table of findings: what a run's tables say of all the paper's claims, its limits and open questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prefixyarn.analysis.agreement.table import AgreementRow
from prefixyarn.analysis.forgetting.table import CrossTaskRow
from prefixyarn.analysis.language_resources.fit import FitRow
from prefixyarn.analysis.mechanism.table import MechanismRow, SplitRow
from prefixyarn.analysis.prior_length.table import PriorLengthRow
from prefixyarn.analysis.prior_quality.sft_priors import SftPriorRow
from prefixyarn.analysis.prior_quality.table import QualityRow
from prefixyarn.findings.claims import Claim, Claims
from prefixyarn.findings.measures import MEASURES, Measured
from prefixyarn.findings.verdict import BORDERLINE, HOLDS, MEASURED, NOT, NOT_WHOLE, PARTLY, UNKNOWN, judge
from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.tables.groups import ContrastRow, GroupRow
from prefixyarn.tables.render import markdown, plain, with_ends
from prefixyarn.tables.rows import ScoreRow

# By the name of a table that the findings say something of: the class of its rows.
ROWS: dict[str, type[Any]] = {
    "translation": ScoreRow,
    "other_directions": ScoreRow,
    "summarization": ScoreRow,
    "tagging": ScoreRow,
    "translation_groups": GroupRow,
    "translation_contrasts": ContrastRow,
    "mechanism": MechanismRow,
    "mechanism_split": SplitRow,
    "agreement": AgreementRow,
    "prior_quality": QualityRow,
    "sft_priors": SftPriorRow,
    "prior_length": PriorLengthRow,
    "cross_task": CrossTaskRow,
    "language_resources_fit": FitRow,
}
VERDICTS = {
    HOLDS: "This holds here.",
    PARTLY: "This holds here in part.",
    NOT: "This does not hold here.",
    NOT_WHOLE: "As a whole this does not hold here; whether in part, the interval does not decide.",
    BORDERLINE: "The interval holds the margin: borderline, nothing is decided.",
    MEASURED: "",
    UNKNOWN: "On the words that no prior hands over no better than one constant answer: this run cannot tell.",
}


@dataclass(frozen=True)
class FindingRow:
    """What a run says of one claim, limit or open question.

    Attributes:
        foundation: The foundation's name.
        id: The claim's name.
        section: The section of the findings that it stands in.
        part: The part of the paper.
        claim: The claim.
        paper: The paper's own figure; a dash without one.
        value: What was measured, in the unit; None where there is no number to judge.
        unit: Its unit.
        here: The same for a reader.
        n: Items behind it, see `Measured`; 0 where there is no one number.
        margin: The margins of the claim; empty without one.
        verdict: See `prefixyarn.findings.verdict`.
        needed: Of a statement of equivalence that is borderline: how many items a subset could show it, if the value
            stays; None where it cannot be shown, or is no such statement.
        says: The finding in words.
        see: The file of the table.
    """

    foundation: str
    id: str
    section: str
    part: str
    claim: str
    paper: str
    value: Interval | None
    unit: str
    here: str
    n: int
    margin: str
    verdict: str
    needed: int | None
    says: str
    see: str


def digits(unit: str) -> int:
    """Return how many digits a value of a unit has behind its point."""
    return 3 if unit == "nats" else 1


def findings(claims: Claims, foundation: str, tables: Mapping[str, Sequence[Any]]) -> list[FindingRow]:
    """Return what tables say of the claims on one foundation, in the order of the claims.

    Args:
        claims: The claims.
        foundation: Its name.
        tables: By name the rows of the tables that the run has, of all foundations; see `ROWS`. Claims about others
            are left out.
    """
    own = {name: [row for row in rows if row.foundation == foundation] for name, rows in tables.items()}
    found = []
    for claim in claims.claims:
        for table in claim.tables:
            if own.get(table) and (measured := _measured(claim.measure, own[table])):
                found.append(_row(claims, claim, foundation, table, own[table], measured))
    return found


def _measured(measure: Mapping[str, Any], rows: Sequence[Any]) -> Measured | None:
    arguments = {key: value for key, value in measure.items() if key != "of"}
    return MEASURES[measure["of"]](rows, **arguments)


def _row(
    claims: Claims, claim: Claim, foundation: str, table: str, rows: Sequence[Any], measured: Measured
) -> FindingRow:
    value, verdict, needed, partly = measured.value, MEASURED, None, False
    if value is not None and claim.holds:
        weaker = None
        if claim.partly:
            other = _measured(claim.partly_measure, rows) if claim.partly_measure else measured
            weaker = (other.value, claim.partly) if other and other.value else None
        verdict = UNKNOWN if measured.floor else judge(value, claim.holds, weaker)
        partly = bool(weaker and weaker[1].met(weaker[0]))
        if verdict == BORDERLINE and claim.equivalence and measured.n:
            needed = claim.holds.needed(value, measured.n)
    unit = f" {claim.unit}" if claim.unit else ""
    here = measured.here or (f"{with_ends(value, digits(claim.unit))}{unit}" if value else "–")
    part = claim.part or claims.tasks[table]
    return FindingRow(
        foundation=foundation,
        id=claim.id,
        section=claim.section,
        part=part,
        claim=claim.claim.format(k=measured.k),
        paper=claim.paper if claim.paper and table in ("translation", "agreement") else "–",
        value=value,
        unit=claim.unit,
        here=here,
        n=measured.n,
        margin=claim.margins,
        verdict=verdict,
        needed=needed,
        says=_words(claim, here, claims.tasks.get(table, part), verdict, partly, needed, measured),
        see=f"{table}.csv",
    )


def _words(
    claim: Claim, here: str, part: str, verdict: str, partly: bool, needed: int | None, measured: Measured
) -> str:
    """Return the finding as sentences: the number, and what follows from it."""
    told = claim.says.format(here=here, task=part.split(",")[0], k=measured.k)
    then = claim.then.get(verdict, VERDICTS[verdict])
    if verdict == BORDERLINE and partly:
        then += " In part it holds."
    if verdict == BORDERLINE and claim.equivalence and measured.n:
        shown = (
            f"With some {needed:,} items a direction half of such runs would show it"
            if needed
            else "No number of items would show it"
        )
        then += f" {shown}, if the value stays."
    if verdict not in (MEASURED, UNKNOWN):
        then += f" Margin: {claim.margins}."
    return f"{told} {then}".strip()


def findings_markdown(rows: Sequence[FindingRow], foundations: Mapping[str, str], version: int) -> str:
    """Render findings as Markdown, a table per foundation."""
    parts = []
    for name, label in foundations.items():
        shown = [
            {
                "part": row.part,
                "claim": row.claim,
                "paper": row.paper,
                "here": row.here,
                "n": row.n or "–",
                "margin": row.margin or "–",
                "verdict": row.verdict,
                "see": row.see,
            }
            for row in rows
            if row.foundation == name
        ]
        parts.append(f"### What this run says of the paper's claims, {plain(label)}\n\n{markdown(shown)}\n")
    parts.append(
        f"- Margins are those of version {version} of the claims (src/prefixyarn/findings/claims.yaml), fixed after "
        "a first run of version 0.1 was seen and before later ones. A claim holds if the whole 95 % interval is on the "
        "margin's side, and does not if the whole interval is on the other one; else the verdict is borderline. Some "
        "have a weaker margin for holding in part: an interval outside the first that holds the second says only that "
        "the claim does not hold as a whole. n: items of one direction or language; of the silent majority and of "
        "right and wrong SFT tokens, answers of all directions. The paper's own figures are of 7B models.\n"
    )
    return "\n".join(parts)
