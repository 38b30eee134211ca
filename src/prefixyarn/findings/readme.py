"""The README's parts with numbers, made from the tables of committed runs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from prefixyarn.findings.claims import PAPER
from prefixyarn.findings.measures import at_the_floor, main_rows, row_of_kind
from prefixyarn.findings.primary import PrimaryRow
from prefixyarn.findings.table import FindingRow, digits
from prefixyarn.records import System
from prefixyarn.systems import SFT
from prefixyarn.tables.groups import DIRECTIONS, OFF, ON, GroupRow
from prefixyarn.tables.headline import overview_lines, shown
from prefixyarn.tables.overview import OverviewRow
from prefixyarn.tables.render import ends, markdown, number, p_cell, percent, with_ends
from prefixyarn.tables.rows import ScoreRow, find_row, read_rows

# Rows of the table: prior kind, variant (None for the first one), prompt.
ROWS = (
    ("none", None, "zero-shot"),
    ("own", None, "zero-shot"),
    ("pseudo", "first", "zero-shot"),
    ("pseudo", "likeliest", "zero-shot"),
    ("refined", None, "zero-shot"),
    ("refined-matched", None, "zero-shot"),
    ("sft", None, "zero-shot"),
    ("oracle", None, "zero-shot"),
    ("random-function", None, "zero-shot"),
    ("random-content", None, "zero-shot"),
    ("shuffled", None, "zero-shot"),
    ("none", None, "unrelated-example"),
    ("none", None, "few-shot"),
    ("refined", None, "few-shot"),
)
RUNS = ("full", "default", "flores", "low_resource")  # that are committed and have one foundation
# Claims whose findings are told in words, of translation, and what they claim in a few words.
TOLD = {
    "mends_language": "refined makes answers in another language rarer (points)",
    "own_gain": "own helps",
    "gain_on_refined": "refined helps where alone is mostly on target",
    "content_on": "there it does better than own",
    "gain_off_refined": "refined helps where alone is mostly off target",
    "content_off": "there it does better than own",
    "gain_off_random": "random function words do not help where off target",
    "gain_on_random": "they do no harm where on target",
    "rise_refined": "refined raises the use of the source (nats per token)",
    "use_alone": "alone uses the source as SFT does (% of SFT)",
    "few_shot_beats": "examples alone do better than refined",
    "unrelated_against": "refined does better than one unrelated example",
    "few_shot_refined": "refined helps after examples",
    "matched_gain": "refined-matched helps",
    "resources": "pseudo helps more where alone knows less of a language (points per bit of a character)",
    "resources_english": "the same, per character of the English (post hoc)",
    "resources_own": "own does, per character of the English (post hoc)",
}


def numbers(tables: Path) -> str:
    """Return the README's part with numbers.

    Args:
        tables: The folder of a run's tables, of one foundation.
    """
    translation = main_rows(read_rows(tables / "translation.csv", ScoreRow))
    groups = [r for r in read_rows(tables / "translation_groups.csv", GroupRow) if r.by == DIRECTIONS]
    overview = read_rows(tables / "overview.csv", OverviewRow)
    found = {row.id: row for row in reversed(read_rows(tables / "findings.csv", FindingRow))}  # translation is first
    told = [found[name].says for name in TOLD if name in found]
    tagging, items = main_rows(read_rows(tables / "tagging.csv", ScoreRow)), {row.task: row.n for row in overview}
    paper = ", ".join(f"{kind} {share} %" for kind, share in PAPER.items())
    n, columns = translation[0].n, len({row.subset for row in translation if row.subset})
    on, off = (next((row.subsets for row in groups if row.group == group), "") for group in (ON, OFF))
    return (
        f"{markdown(_systems(translation, groups))}\n\n"
        f"Translation, {n} sentences in each of {columns} directions; mean chrF++, in brackets 95 % intervals. "
        f"*Gain on*: over the foundation alone in the directions in which it answers mostly in the target language by "
        f"itself ({on}); *gain off*: in the others ({off}). The paper's 7B models: {paper}. What it does not say is a "
        "guess here: the metric behind its shares, prompts, pairs, the SFT models' data and size, how a word of the "
        "dictionary is chosen. Its refined model is a fine-tuned pretrained one, ours is linear.\n\n"
        f"{markdown(_tasks(overview, at_the_floor(tagging)))}\n\n"
        f"% of SFT by task: translation in chrF++ (n = {n}), summarisation in ROUGE-L (n = {items['summarization']}; "
        "its oracle row is mostly the handed text), tagging (constrained, **silver** tags) in accuracy "
        f"(n = {items['tagging']}). ≤: no better than one constant answer on the words that no prior hands over. "
        "Scores count the tokens and tags that a prior hands over; tables/*.md have what follows them apart.\n\n"
        "What a prior does, in the words of the [findings](docs/findings.md):\n\n"
        + "".join(f"- {text}\n" for text in told)
        + fixed_tests(read_rows(tables / "primary.csv", PrimaryRow))
    )


def side_by_side(results: Path) -> str:
    """Return the same claims in those of `RUNS` that a folder has, as a table."""
    runs = {}
    for run in RUNS:
        tables = results / run / "tables"
        if (tables / "findings.csv").exists():
            found = {row.id: row for row in reversed(read_rows(tables / "findings.csv", FindingRow))}
            n = main_rows(read_rows(tables / "translation.csv", ScoreRow))[0].n
            runs[f"{run} (n = {n})"] = found, n
    return markdown(
        [
            {"claim, of translation": what, **{run: _finding(found.get(name), n) for run, (found, n) in runs.items()}}
            for name, what in TOLD.items()
        ]
    )


def _finding(row: FindingRow | None, n: int) -> str:
    if row is None or row.value is None:
        return "–"
    other = f", n = {row.n}" if row.n != n else ""
    return f"{with_ends(row.value, digits(row.unit))}{other}: {row.verdict}"


def fixed_tests(rows: Sequence[PrimaryRow]) -> str:
    """Return the tests that were fixed beforehand as a list; nothing where the run has no new items for them."""
    made = [row for row in rows if row.difference]
    if not made:
        return ""
    told = "".join(
        f"- {row.claim}: {with_ends(row.difference)} chrF++, n = {row.n}, p {p_cell(row.p_corrected)}.\n"
        for row in made
        if row.difference
    )
    made_on = "on items that no run had decoded then, two-sided, Holm-corrected"
    return f"\nThe tests that were fixed beforehand, {made_on}:\n\n{told}"


def _systems(rows: Sequence[ScoreRow], groups: Sequence[GroupRow]) -> list[dict[str, str]]:
    found = [row_of_kind(rows, kind, variant=variant, prompt=prompt) for kind, variant, prompt in ROWS]
    gains = {(row.group, row.system): row.gain for row in groups}
    shown_rows = []
    for row in (*found, find_row(rows, SFT)):
        if row is None:
            continue
        on, off = (gains.get((group, row.system)) for group in (ON, OFF))
        shown_rows.append(
            {
                "system": shown(row.system),
                "chrF++": number(row.score),
                "% of SFT": number(row.share),
                "95 %": ends(row.share),
                "off-target": percent(row.off_target),
                "gain on": with_ends(on) if on else "–",
                "gain off": with_ends(off) if off else "–",
            }
        )
    return shown_rows


def _tasks(rows: Sequence[OverviewRow], floor: Collection[System]) -> list[dict[str, str]]:
    tasks = list(dict.fromkeys(row.task for row in rows))
    lines = overview_lines(rows, lambda row: "≤ " if row.task == "tagging" and row.system in floor else "")
    return [{"prior": name, **{task: own.get(task, "–") for task in tasks}} for name, own in lines.items()]
