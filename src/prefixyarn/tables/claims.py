"""What a task's main table says of the paper's claims, by the margins that docs/method.md fixes beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prefixyarn.tables.main import chosen_row
from prefixyarn.tables.render import markdown
from prefixyarn.tables.rows import Row

# Shares of SFT over all translation settings in the paper (arXiv 2404.16766v1, abstract and section 4.2).
PAPER = {"none": 52.5, "pseudo": 85.4, "refined": 98.8}
MARGIN = 10.0  # points that count as "as in the paper"; docs/method.md, fixed before the first run
HOLDS, PARTLY, NOT, UNKNOWN = "holds", "holds partly", "does not hold", "cannot tell here"


def verdicts(rows: Sequence[Row]) -> list[Row]:
    """Return what one task's main table says of the paper's claims.

    Judged on the mean of the main metric, in tokens or tags, at the largest k of at most two (the paper gives one or
    two prior tokens), with the first variant of each kind. The margins are those of translation, the paper's own.

    Args:
        rows: `main_rows` of one foundation.

    Returns:
        Per claim: ``claim``, ``paper``, ``here`` (share of SFT, or score), ``verdict``.
    """
    own = [row for row in rows if row["metric"] == rows[0]["metric"]]
    found = []
    none = chosen_row(own, "none")
    assert none is not None, "every run has `none`"
    if none["share"] is not None:
        verdict = judged(none["share high"] <= PAPER["none"] + MARGIN, none["share high"] <= 90)
        found.append(_share("The foundation alone stays far below its SFT model", "none", none, verdict))
    for kind, claim in (
        ("pseudo", "Dictionary priors come near the SFT model"),
        ("refined", "Refined priors reach it"),
    ):
        row = chosen_row(own, kind)
        if row is None or row["share"] is None:
            continue
        better = row["mean"] > none["mean"] and row["p none"] < 0.05
        half = row["recovery"] is not None and row["recovery"] >= 50
        verdict = judged(row["share low"] >= PAPER[kind] - MARGIN, better and half)
        found.append(_share(f"{claim} (`{kind}`, k = {int(row['k'])})", kind, row, verdict))
    pseudo = chosen_row(own, "pseudo")
    for kind in ("random-function", "random-content", "random"):
        variants = dict.fromkeys(row["variant"] for row in own if row["kind"] == kind)
        draws = [row for variant in variants if (row := chosen_row(own, kind, variant=variant)) is not None]
        if not draws:
            continue
        row = max(draws, key=lambda row: row["mean"])  # of several draws the one that does best is judged
        # Here the claim is that there is no difference: a correction for many rows would only help it.
        same = row["mean"] <= none["mean"] or row["p none uncorrected"] >= 0.05
        verdict = judged(same, pseudo is not None and row["mean high"] < pseudo["mean low"])
        of = f", the best of {len(draws)} draws" if len(draws) > 1 else ""
        found.append(_share(f"Random words do not help (`{kind}`, k = {int(row['k'])}{of})", "", row, verdict))
    base, tuned = chosen_row(own, "oracle"), chosen_row(own, "oracle", "sft")
    if base and tuned and tuned["mean"]:
        ratio = 100 * base["mean"] / tuned["mean"]
        claim = f"Given the same prior, the foundation equals its SFT model (`oracle`, k = {int(base['k'])})"
        here = f"{ratio:.1f} % of SFT with that prior"
        found.append({"claim": claim, "paper": "–", "here": here, "verdict": judged(ratio >= 95, ratio >= 80)})
    return found


def judged(whole: bool, partly: bool) -> str:
    """Return a verdict: holds, holds partly, or does not."""
    return HOLDS if whole else PARTLY if partly else NOT


def _share(claim: str, kind: str, row: Row, verdict: str) -> Row:
    here = f"{row['metric']} {row['mean']:.1f}"
    if row["share"] is not None:
        here = f"{row['share']:.1f} % ({row['share low']:.1f}–{row['share high']:.1f})"
    return {"claim": claim, "paper": f"{PAPER[kind]} %" if kind else "–", "here": here, "verdict": verdict}


def claims_markdown(rows: Sequence[Row], foundations: Mapping[str, str]) -> str:
    """Render the verdicts on the paper's claims, its own figures beside ours, as Markdown."""
    parts = []
    for foundation, label in foundations.items():
        found = verdicts([row for row in rows if row["foundation"] == foundation])
        parts.append(f"### The paper's claims, {label}\n\n{markdown(found)}\n")
    parts.append(
        "The paper's figures are shares of SFT over all its translation settings: 7B models, FLORES-101, the metric "
        "not stated in the abstract. Ours: share of the mean chrF++, 95 % interval; the margins behind the verdicts "
        "were fixed before the first run (docs/method.md).\n"
    )
    return "\n".join(parts)
