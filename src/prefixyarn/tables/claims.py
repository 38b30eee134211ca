"""What a run says of the paper's claims, by the margins that docs/method.md fixes beforehand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from prefixyarn.analysis.agreement import TEACHER_FORCED
from prefixyarn.tables.agreement import PAPER_SILENT_MAJORITY
from prefixyarn.tables.main import chosen_row
from prefixyarn.tables.render import Row, markdown

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
        verdict = _level(none["share high"] <= PAPER["none"] + MARGIN, none["share high"] <= 90)
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
        verdict = _level(row["share low"] >= PAPER[kind] - MARGIN, better and half)
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
        verdict = _level(same, pseudo is not None and row["mean high"] < pseudo["mean low"])
        of = f", the best of {len(draws)} draws" if len(draws) > 1 else ""
        found.append(_share(f"Random words do not help (`{kind}`, k = {int(row['k'])}{of})", "", row, verdict))
    base, tuned = chosen_row(own, "oracle"), chosen_row(own, "oracle", "sft")
    if base and tuned and tuned["mean"]:
        ratio = 100 * base["mean"] / tuned["mean"]
        claim = f"Given the same prior, the foundation equals its SFT model (`oracle`, k = {int(base['k'])})"
        here = f"{ratio:.1f} % of SFT with that prior"
        found.append({"claim": claim, "paper": "–", "here": here, "verdict": _level(ratio >= 95, ratio >= 80)})
    return found


def _level(whole: bool, partly: bool) -> str:
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


Tables = Mapping[str, Sequence[Row]]
TASKS = {
    "main": "translation, section 4.2",
    "summarization": "summarisation, section 4.3",
    "tagging": "tagging, section 4.4",
}


def findings(tables: Tables, models: int = 1) -> list[Row]:
    """Return what one foundation's tables say of all the paper's claims, its limits and its open questions.

    Args:
        tables: By name the rows of the tables that the run has; claims about others are left out.
        models: How many foundations the run has.

    Returns:
        Per claim: ``part`` of the paper, ``claim``, ``paper``, ``here``, ``verdict`` and ``see``, the table.
    """
    found = []
    for table, part in TASKS.items():
        if table in tables:
            for row in verdicts(tables[table]):
                # The paper's shares are of translation; the other tasks are held to the same margins.
                paper = row["paper"] if table == "main" else "–"
                found.append({"part": part, **row, "paper": paper, "see": f"{table}.md"})
    for part, claim, table, judge in ANALYSES:
        if table in tables:
            paper, here, verdict = judge(tables[table])
            row = {
                "part": part,
                "claim": claim,
                "paper": paper,
                "here": here,
                "verdict": verdict,
                "see": f"{table}.csv",
            }
            found.append(row)
    for part, claim, see in (
        ("open question 1", "Larger and newer models do as well", "scale.md"),
        ("limits", "What a model was pre-trained on decides how far priors help", "–"),
    ):
        row = {"part": part, "claim": claim, "paper": "–", "here": "no verdict from one model", "verdict": UNKNOWN}
        found.append({**row, "see": see if models > 1 else "–"})
    return found


def _cell(row: Row, name: str, unit: str = "") -> str:
    return f"{row[name]:.1f}{unit} ({row[f'{name} low']:.1f}–{row[f'{name} high']:.1f})"


def _above(more: Row, less: Row, name: str) -> str:
    """Return whether one value is above another: by their intervals, by the value alone, or not."""
    return _level(more[f"{name} low"] > less[f"{name} high"], more[name] > less[name])


Judged = tuple[str, str, str]


def _group(rows: Sequence[Row], k: int, group: str) -> Row:
    return next(row for row in rows if row["k"] == k and row["group"] == group)


def _silent_majority(rows: Sequence[Row]) -> Judged:
    whole, bound = _group(rows, TEACHER_FORCED, "all"), PAPER_SILENT_MAJORITY - MARGIN
    verdict = _level(whole["top 10 low"] >= bound, whole["top 50 low"] >= bound)
    here = f"{_cell(whole, 'top 10', ' %')} among the 10 likeliest, {whole['top 1']:.1f} % the likeliest"
    return f"{PAPER_SILENT_MAJORITY} %, cut-off not stated", here, verdict


def _agreement_grows(rows: Sequence[Row]) -> Judged:
    own = [row for row in rows if row["k"] == TEACHER_FORCED and row["group"] in ("t from 0", "t from 4")]
    if len(own) < 2:
        return "–", "answers shorter than five tokens", UNKNOWN
    first, later = own
    cells = [_cell(row, "top 1", " %") for row in (first, later)]
    return "–", f"{cells[0]} at the first token, {cells[1]} at the fifth and sixth", _above(later, first, "top 1")


def _goes_on_like_sft(rows: Sequence[Row]) -> Judged:
    most = max(int(row["k"]) for row in rows if row["k"] <= 2)
    if not most:
        return "–", "no SFT tokens given", UNKNOWN
    alone, given = _group(rows, 0, f"t ≥ {most}"), _group(rows, most, "all")
    cells = [_cell(row, "top 1", " %") for row in (alone, given)]
    here = f"of its own tokens from the same place on: {cells[0]} alone, {cells[1]} after {most} SFT tokens"
    return "–", here, _above(given, alone, "top 1")


def _prior_narrows(rows: Sequence[Row]) -> Judged:
    most = max(int(row["k"]) for row in rows if row["k"] <= 2)
    if not most:
        return "–", "no SFT tokens given", UNKNOWN
    alone, given = _group(rows, 0, f"t ≥ {most}"), _group(rows, most, "all")
    cells = [_cell(row, "entropy_foundation") for row in (alone, given)]
    here = f"entropy in nats, from the same place on: {cells[0]} alone, {cells[1]} after {most} SFT tokens"
    return "–", here, _above(alone, given, "entropy_foundation")


def _narrows(rows: Sequence[Row]) -> Judged:
    whole = _group(rows, TEACHER_FORCED, "all")
    verdict = HOLDS if whole["narrowing low"] > 0 else NOT if whole["narrowing high"] < 0 else UNKNOWN
    less = f"{whole['narrowing']:.2f} ({whole['narrowing low']:.2f}–{whole['narrowing high']:.2f})"
    return "–", f"entropy {whole['entropy_foundation']:.2f} nats, of the SFT model less by {less}", verdict


def _worst(rows: Sequence[Row], level: int) -> Row:
    k = min(row["k"] for row in rows)
    return min((row for row in rows if row["k"] == k and row["level"] == level), key=lambda row: row["rest"])


def _no_lasting_harm(rows: Sequence[Row]) -> Judged:
    row = _worst(rows, 100)
    wrong = f"{_cell(row, 'rest')} after {int(row['k'])} wrong words ({row['kind']}, the worst kind)"
    # As of random words: the claim is that there is no difference, which a correction would only help.
    verdict = _level(row["rest"] >= 0.9 * row["rest none"], row["p none uncorrected"] >= 0.05)
    return "–", f"chrF++ {wrong}, {row['rest none']:.1f} without prior", verdict


def _better_is_better(rows: Sequence[Row]) -> Judged:
    bad = _worst(rows, 100)
    good = next(row for row in rows if (row["k"], row["kind"], row["level"]) == (bad["k"], bad["kind"], 0))
    right, wrong = _cell(good, "rest"), _cell(bad, "rest")
    here = f"chrF++ {right} after {int(good['k'])} right words, {wrong} after as many wrong ones ({bad['kind']})"
    return "–", here, _above(good, bad, "rest")


def _how_good(rows: Sequence[Row]) -> Judged:
    row = next(row for row in rows if row["kind"] == "other-item" and row["k"] == min(r["k"] for r in rows))
    parts = []
    for than, name in (("none", "no prior"), ("sft", "the SFT model")):
        level = row[f"worse than {than}"]
        ends = f"{row[f'worse than {than} low'] or 0:.0f}–{row[f'worse than {than} high'] or 0:.0f}"
        share = f"in {100 * row[f'worse than {than} found']:.0f} % of resamples"
        where = f"nowhere ({share} it is)" if level is None else f"from {level:.0f} % on ({ends}, {share})"
        parts.append(f"worse than {name} {where}")
    return "–", f"what follows {int(row['k'])} words, others' among them: {'; '.join(parts)}", "answered"


def _more_tokens(rows: Sequence[Row]) -> Judged:
    own = sorted((r for r in rows if r["kind"] == "sft" and r["k_unit"] == "token"), key=lambda row: row["k"])
    cells = [f"{_cell(row, 'mean')} with {int(row['k'])}" for row in (own[0], own[-1])]
    return "–", f"chrF++ {', '.join(cells)} SFT tokens", _above(own[-1], own[0], "mean")


def _off_target(rows: Sequence[Row]) -> Judged:
    own = [row for row in rows if row["metric"] == rows[0]["metric"]]
    none, row = chosen_row(own, "none"), chosen_row(own, "refined") or chosen_row(own, "pseudo")
    if none is None or row is None:
        return "–", "no refined nor pseudo priors in this run", UNKNOWN
    own_share, share = 100 * none["off_target"], 100 * row["off_target"]
    here = f"{own_share:.0f} % in another language alone, {share:.0f} % with {int(row['k'])} {row['kind']} tokens"
    return "–", here, _level(2 * share <= own_share, share < own_share)


def _forgets(rows: Sequence[Row]) -> Judged:
    below, parts = [], []
    for task in dict.fromkeys(row["task"] for row in rows):
        own = [row for row in rows if row["task"] == task]
        alone = next(row["score"] for row in own if row["system"] == "none")
        other = {row["trained on"]: row["score"] for row in own if row["trained on"] not in ("", task)}
        for trained, score in other.items():
            below.append(score < alone)
            parts.append(f"{trained} on {task} {score:.1f} (foundation {alone:.1f})")
    verdict = _level(all(below), any(below)) if below else UNKNOWN
    return "–", f"SFT models on other tasks: {', '.join(parts)}", verdict


def _resources(rows: Sequence[Row]) -> Judged:
    gains: dict[str, list[float]] = {}
    for row in rows:
        if row["share refined"] is not None:
            gains.setdefault(row["resource level"], []).append(row["share refined"] - row["share none"])
    parts = [f"{level} {sum(own) / len(own):+.0f} ({len(own)})" for level, own in gains.items()]
    return "–", f"gain of refined priors in points of share, by level (directions): {', '.join(parts)}", UNKNOWN


ANALYSES: tuple[tuple[str, str, str, Callable[[Sequence[Row]], Judged]], ...] = (
    ("section 2", "Alone, the foundation answers in the wrong language; priors mend it", "main", _off_target),
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
    ("section 4.1", "More prior tokens help more", "prior_units", _more_tokens),
    ("section 5.1", "A better prior gives a better text after it", "quality", _better_is_better),
    ("section 5.1", "Poor priors do no lasting harm", "quality", _no_lasting_harm),
    ("open question 2", "How good must a prior be?", "quality", _how_good),
    ("limits", "SFT on one task costs others, which priors do not", "crossed", _forgets),
    ("limits", "Priors help more where a language has few resources", "resources", _resources),
)


def findings_markdown(rows: Sequence[Row], foundations: Mapping[str, str]) -> str:
    """Render findings as Markdown, a table per foundation."""
    parts = []
    for name, label in foundations.items():
        own = [{k: v for k, v in row.items() if k != "foundation"} for row in rows if row["foundation"] == name]
        parts.append(f"### What this run says of the paper's claims, {label}\n\n{markdown(own)}\n")
    parts.append(
        "- Verdicts follow margins fixed before the run (docs/method.md). 95 % bootstrap intervals over items in "
        "brackets; items a direction are those of the table named. The paper's own figures are of 7B models.\n"
    )
    return "\n".join(parts)
