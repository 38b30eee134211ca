"""What a task's main table says of the paper's claims, by the margins that docs/method.md fixes beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from prefixyarn.systems import NONE, headline
from prefixyarn.tables.render import markdown
from prefixyarn.tables.rows import ScoreRow, find_row, row_of, rows_of, systems_of

# Shares of SFT over all translation settings in the paper (arXiv 2404.16766v1, abstract and section 4.2).
PAPER = {"none": 52.5, "pseudo": 85.4, "refined": 98.8}
MARGIN = 10.0  # points that count as "as in the paper"; docs/method.md, fixed before the first run
HOLDS, PARTLY, NOT, UNKNOWN = "holds", "holds partly", "does not hold", "cannot tell here"


@dataclass(frozen=True)
class Verdict:
    """What a table says of one claim.

    Attributes:
        claim: The claim.
        paper: The paper's own figure; a dash without one.
        here: Ours: a share of SFT, or a score.
        verdict: `HOLDS`, `PARTLY`, `NOT`, `UNKNOWN`, or another word where the claim is a question.
    """

    claim: str
    paper: str
    here: str
    verdict: str


def headline_row(
    rows: Sequence[ScoreRow], kind: str, model: str = "foundation", variant: str | None = None
) -> ScoreRow | None:
    """Return the mean of a kind's headline system, or None if there is none; see `prefixyarn.systems.headline`."""
    system = headline(systems_of(rows), kind, model, variant)
    return find_row(rows, system) if system else None


def verdicts(rows: Sequence[ScoreRow]) -> list[Verdict]:
    """Return what one task's main table says of the paper's claims.

    Judged on the mean of the main metric, in tokens or tags, at the largest k of at most two (the paper gives one or
    two prior tokens), with the first variant of each kind. The margins are those of translation, the paper's own.

    Args:
        rows: Those of one foundation, the main metric's first.
    """
    own = rows_of(rows, rows[0].foundation, rows[0].metric)
    found = []
    none = row_of(own, NONE)
    if none.share is not None:
        verdict = judged(none.share.high <= PAPER["none"] + MARGIN, none.share.high <= 90)
        found.append(_share("The foundation alone stays far below its SFT model", "none", none, verdict))
    for kind, claim in (
        ("pseudo", "Dictionary priors come near the SFT model"),
        ("refined", "Refined priors reach it"),
    ):
        row = headline_row(own, kind)
        if row is None or row.share is None:
            continue
        better = row.score.score > none.score.score and row.p_none is not None and row.p_none < 0.05
        half = row.recovery is not None and row.recovery.score >= 50
        verdict = judged(row.share.low >= PAPER[kind] - MARGIN, better and half)
        found.append(_share(f"{claim} (`{kind}`, k = {row.system.k})", kind, row, verdict))
    pseudo = headline_row(own, "pseudo")
    for kind in ("random-function", "random-content", "random"):
        variants = dict.fromkeys(row.system.variant for row in own if row.system.kind == kind)
        draws = [row for variant in variants if (row := headline_row(own, kind, variant=variant)) is not None]
        if not draws:
            continue
        row = max(draws, key=lambda row: row.score.score)  # of several draws the one that does best is judged
        # Here the claim is that there is no difference: a correction for many rows would only help it.
        p = row.p_none_uncorrected
        same = row.score.score <= none.score.score or (p is not None and p >= 0.05)
        verdict = judged(same, pseudo is not None and row.score.high < pseudo.score.low)
        of = f", the best of {len(draws)} draws" if len(draws) > 1 else ""
        found.append(_share(f"Random words do not help (`{kind}`, k = {row.system.k}{of})", "", row, verdict))
    base, tuned = headline_row(own, "oracle"), headline_row(own, "oracle", "sft")
    if base and tuned and tuned.score.score:
        ratio = 100 * base.score.score / tuned.score.score
        claim = f"Given the same prior, the foundation equals its SFT model (`oracle`, k = {base.system.k})"
        here = f"{ratio:.1f} % of SFT with that prior"
        found.append(Verdict(claim, "–", here, judged(ratio >= 95, ratio >= 80)))
    return found


def judged(whole: bool, partly: bool) -> str:
    """Return a verdict: holds, holds partly, or does not."""
    return HOLDS if whole else PARTLY if partly else NOT


def _share(claim: str, kind: str, row: ScoreRow, verdict: str) -> Verdict:
    here = f"{row.metric} {row.score.score:.1f}"
    if row.share is not None:
        here = f"{row.share.score:.1f} % ({row.share.low:.1f}–{row.share.high:.1f})"
    return Verdict(claim, f"{PAPER[kind]} %" if kind else "–", here, verdict)


def claims_markdown(rows: Sequence[ScoreRow], foundations: Mapping[str, str]) -> str:
    """Render the verdicts on the paper's claims, its own figures beside ours, as Markdown."""
    parts = []
    for foundation, label in foundations.items():
        found = verdicts([row for row in rows if row.foundation == foundation])
        parts.append(f"### The paper's claims, {label}\n\n{markdown([asdict(own) for own in found])}\n")
    parts.append(
        "The paper's figures are shares of SFT over all its translation settings: 7B models, FLORES-101, the metric "
        "not stated in the abstract. Ours: share of the mean chrF++, 95 % interval; the margins behind the verdicts "
        "were fixed before the first run (docs/method.md).\n"
    )
    return "\n".join(parts)
