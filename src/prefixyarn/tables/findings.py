"""What a run says of all the paper's claims, its limits and open questions: its main tables and its analyses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from prefixyarn.analysis.steps import TEACHER_FORCED
from prefixyarn.tables.agreement import PAPER_SILENT_MAJORITY
from prefixyarn.tables.claims import HOLDS, MARGIN, NOT, UNKNOWN, judged, verdicts
from prefixyarn.tables.main import chosen_row
from prefixyarn.tables.render import markdown
from prefixyarn.tables.rows import Row

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
    return judged(more[f"{name} low"] > less[f"{name} high"], more[name] > less[name])


Judged = tuple[str, str, str]


def _group(rows: Sequence[Row], k: int, group: str) -> Row:
    return next(row for row in rows if row["k"] == k and row["group"] == group)


def _silent_majority(rows: Sequence[Row]) -> Judged:
    whole, bound = _group(rows, TEACHER_FORCED, "all"), PAPER_SILENT_MAJORITY - MARGIN
    verdict = judged(whole["top 10 low"] >= bound, whole["top 50 low"] >= bound)
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
    verdict = judged(row["rest"] >= 0.9 * row["rest none"], row["p none uncorrected"] >= 0.05)
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
    return "–", here, judged(2 * share <= own_share, share < own_share)


def _forgets(rows: Sequence[Row]) -> Judged:
    below, parts = [], []
    for task in dict.fromkeys(row["task"] for row in rows):
        own = [row for row in rows if row["task"] == task]
        alone = next(row["score"] for row in own if row["system"] == "none")
        other = {row["trained on"]: row["score"] for row in own if row["trained on"] not in ("", task)}
        for trained, score in other.items():
            below.append(score < alone)
            parts.append(f"{trained} on {task} {score:.1f} (foundation {alone:.1f})")
    verdict = judged(all(below), any(below)) if below else UNKNOWN
    return "–", f"SFT models on other tasks: {', '.join(parts)}", verdict


def _resources(rows: Sequence[Row]) -> Judged:
    gains: dict[str, list[float]] = {}
    for row in rows:
        if row["group"] == "main" and row["share refined"] is not None:
            gains.setdefault(row["resource level"], []).append(row["share refined"] - row["share none"])
    if not gains:
        return "–", "no shares: this run has no refined or no SFT model", UNKNOWN
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
