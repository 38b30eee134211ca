"""A task's table: what its rows say, and that its csv, md and tex say the same."""

import copy
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from prefixyarn.errors import InputError
from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.metrics.subsets import write_scores
from prefixyarn.systems import SFT
from prefixyarn.tables.render import ends, number, p_cell
from prefixyarn.tables.rows import ALL, ScoreRow, find_row, read_rows, row_of, rows_of, systems_of, write_rows
from prefixyarn.tables.task import task_latex, task_markdown, task_notes, task_rows
from scored import DIRECTIONS, RESAMPLES, SYSTEMS, TRANSLATION, scored, without
from script import run_script

METRICS = ("chrF++", "BLEU")
BLOCK = {"directions": list(DIRECTIONS), "other_directions": []}


@pytest.fixture(scope="module")
def rows() -> list[ScoreRow]:
    return task_rows(TRANSLATION, {"m": scored()}, RESAMPLES, 1)


def value(found: Interval | None) -> Interval:
    assert found is not None
    return found


def test_means_are_those_of_the_directions(rows: list[ScoreRow]) -> None:
    for metric in METRICS:
        own = rows_of(rows, "m", metric)
        assert systems_of(own) == list(SYSTEMS.values())
        for system in SYSTEMS.values():
            mean, elsewhere = row_of(own, system), row_of(own, system, domain="out_of_domain")
            parts = [row_of(own, system, direction).score.score for direction in DIRECTIONS]
            assert mean.score.score == pytest.approx(np.mean(parts))
            assert mean.n == 8 and elsewhere.n == 4 and elsewhere.subset == ALL
            assert mean.prior_tokens == {"none": 0, "oracle": system.k, "pseudo": 1}[system.kind]
    assert len(rows) == 2 * 5 * (1 + 2 + 3 + 1)  # metrics, systems; mean, directions, continuations, out of domain


def test_shares_are_ratios_of_means(rows: list[ScoreRow]) -> None:
    for metric in METRICS:
        own = rows_of(rows, "m", metric)
        means = {name: row_of(own, system).score.score for name, system in SYSTEMS.items()}
        for name, system in SYSTEMS.items():
            row = row_of(own, system)
            share = value(row.share)
            assert share.score == pytest.approx(100 * means[name] / means["sft"])
            if name != "none":
                expected = 100 * (means[name] - means["none"]) / (means["sft"] - means["none"])
                assert value(row.recovery).score == pytest.approx(expected)
            assert share.low <= share.score <= share.high
            for direction in DIRECTIONS:
                part = row_of(own, system, direction)
                base = row_of(own, SYSTEMS["sft"], direction)
                assert value(part.share).score == pytest.approx(100 * part.score.score / base.score.score)
    sft = row_of(rows_of(rows, "m", "chrF++"), SYSTEMS["sft"])
    found = [value(sft.share).low, value(sft.share).high, value(sft.recovery).score]
    assert found == pytest.approx([100, 100, 100])
    assert sft.p_sft is None


def test_the_share_on_few_items_has_no_bounds_where_the_sft_model_may_score_nothing() -> None:
    made = copy.deepcopy(scored())
    for own in made.values():
        base = next(entry for entry in own.systems if entry.system == SYSTEMS["sft"])
        chrf = base.test.metrics["chrf"]
        chrf.items[1:] = [[0] * len(chrf.items[0])] * 7  # resamples without the first item score 0
    found = task_rows(TRANSLATION, {"m": made}, 200, 1)
    assert row_of(found, SYSTEMS["oracle"]).share is None
    share = value(row_of(found, SYSTEMS["oracle"], "en-de").share)
    assert 0 < share.score < np.inf and (share.low, share.high) == (0, np.inf)


def test_p_values_are_exploratory_and_gains_paired(rows: list[ScoreRow]) -> None:
    smallest = 1 / (RESAMPLES + 1)
    own = rows_of(rows, "m", "chrF++")
    found = {name: row_of(own, system) for name, system in SYSTEMS.items()}
    assert found["none"].p_none is None and found["none"].gain is None
    assert [row.p_none for name, row in found.items() if name != "none"] == [smallest] * 4, "none is corrected"
    for row in found.values():
        if row.gain:
            assert row.gain.score == pytest.approx(row.score.score - found["none"].score.score)
    for direction in DIRECTIONS:
        assert row_of(own, SYSTEMS["oracle"], direction).p_sft == smallest
    assert p_cell(smallest) == "≤ 0.0001" and p_cell(0.00023) == "0.0002" and p_cell(None) == "–"


def test_errors_are_means_over_directions(rows: list[ScoreRow]) -> None:
    none, oracle, pseudo = (row_of(rows, SYSTEMS[name]) for name in ("none", "oracle", "pseudo"))
    assert none.p_none is None
    assert none.off_target == none.copied == 1
    assert oracle.off_target == oracle.copied == 0
    assert oracle.score.low > none.score.high
    assert pseudo.empty == 1 and pseudo.off_target is None and pseudo.length_ratio is None


def test_continuations_are_scored_without_the_first_units(rows: list[ScoreRow]) -> None:
    own = rows_of(rows, "m", "chrF++")
    for without_ in ((1, "token"), (2, "token"), (1, "word")):
        cut = {name: row_of(own, system, without=without_) for name, system in SYSTEMS.items()}
        assert cut["sft"].score.score == pytest.approx(100)
        assert value(cut["words"].share).score == pytest.approx(100)
        assert cut["pseudo"].score.score == 0
        assert 0 < cut["oracle"].score.score < row_of(own, SYSTEMS["oracle"]).score.score
        assert cut["oracle"].p_none is None and cut["oracle"].covered is None
    assert row_of(own, SYSTEMS["oracle"]).covered == pytest.approx(1 / 8)
    assert find_row(own, SYSTEMS["oracle"], without=(3, "word")) is None
    with pytest.raises(LookupError, match="3, 'word'"):
        row_of(own, SYSTEMS["oracle"], without=(3, "word"))


def test_csv_md_and_tex_show_the_same_numbers(rows: list[ScoreRow], tmp_path: Path) -> None:
    write_rows(tmp_path / "t.csv", rows, ScoreRow)
    read = read_rows(tmp_path / "t.csv", ScoreRow)
    md = task_markdown(TRANSLATION, rows, list(DIRECTIONS), {"m": "M"})
    tex = task_latex(TRANSLATION, rows, list(DIRECTIONS), {"m": "M"})
    assert md == task_markdown(TRANSLATION, read, list(DIRECTIONS), {"m": "M"})
    assert tex == task_latex(TRANSLATION, read, list(DIRECTIONS), {"m": "M"})
    own = rows_of(read, "m", "chrF++")
    first = md.split("####")[0].splitlines()
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in first if "|" in line][2:]
    in_tokens = [system for system in systems_of(own) if system.unit != "word"]
    for system, cells in zip(in_tokens, lines, strict=True):
        row = row_of(own, system)
        parts = [number(row_of(own, system, direction).score) for direction in DIRECTIONS]
        assert cells[4:9] == [*parts, number(row.score), number(row.share), ends(row.share)]
        latex = [
            cell.strip(" \\").replace("--", "–") for cell in tex.splitlines()[5 + in_tokens.index(system)].split("&")
        ]
        assert latex == cells[:9]


def test_a_task_table_is_rendered(rows: list[ScoreRow]) -> None:
    text = task_markdown(TRANSLATION, rows, list(DIRECTIONS), {"m": "model (label)"})
    assert "### chrF++, model (label)" in text and "#### BLEU, priors in words" in text
    assert "#### chrF++ of continuations alone" in text
    assert "without 1 token | share without 1 token" in re.sub(" +", " ", text) and "95 % without 2 tokens" in text
    words_apart = text.split("#### chrF++, priors in words")[1].split("####")[0]
    assert "1 word" in words_apart and "2 tokens" not in words_apart and "1 word" not in text.split("####")[0]
    latex = task_latex(TRANSLATION, rows, list(DIRECTIONS), {"m": "model"})
    assert latex.count("\\toprule") == 1 and "& oracle" in latex and "1 word" not in latex
    manifest: dict[str, Any] = {
        "config": {"method": "lora", "steps": 8, "batch": 2},
        "parameters": 1234,
        "dev": [{"step": 4, "score": 1.0}, {"step": 8, "score": 2.0}],
        "step": 8,
        "still_improving": True,
    }
    refined = {"kind": "linear", "dev": {name: {"first_unit_accuracy": 0.5, "n": 9} for name in DIRECTIONS}}
    notes = task_notes(TRANSLATION, {"m": scored()}, rows, {"m": manifest}, refined, RESAMPLES, BLOCK)
    assert "n = 8 items" in notes and "chrF++ in Chinese is chrF" in notes
    assert "nw:2|space:no" in notes and "nw:0|space:no" in notes
    assert "Sources that were too long and were cut at a sentence end: 25 % (en-de, en-zh)." in notes
    assert "sft still improving" in notes and "1.0 after 4, 2.0 after 8 steps" in notes and "en-de 50 %" in notes
    manifest["still_improving"] = False
    again = task_notes(TRANSLATION, {"m": scored()}, rows, {"m": manifest}, None, RESAMPLES, BLOCK)
    assert "improving" not in again and "seeds" not in again
    manifest["still_improving"] = None
    once = task_notes(TRANSLATION, {"m": scored()}, rows, {"m": manifest}, None, RESAMPLES, BLOCK)
    assert "Dev was scored once" in once


def test_further_seeds_say_how_far_the_line_moves(rows: list[ScoreRow]) -> None:
    sft = row_of(rows_of(rows, "m", "chrF++"), SFT)
    moved = Interval(sft.score.score - 1, 0.0, 99.0)
    seed = replace(sft, system=replace(SFT, variant="seed 2"), score=moved, share=Interval(97.5, 90.0, 110.0))
    manifest = {"config": {"method": "lora", "steps": 8, "batch": 2, "seed": 1}, "parameters": 9, "dev": []}
    manifest |= {"step": 8, "still_improving": False}
    notes = task_notes(TRANSLATION, {"m": scored()}, [*rows, seed], {"m": manifest}, None, RESAMPLES, BLOCK)
    assert (
        f"trained with 2 seeds: chrF++ {number(sft.score)} (seed 1), {number(moved)} (seed 2), 97.5 to 100.0 %" in notes
    )


def test_scores_are_those_of_the_foundation_whose_they_are(tmp_path: Path) -> None:
    files = {"z": tmp_path / "z.json", "a": tmp_path / "a.json"}  # not in the order of the alphabet
    write_scores(files["z"], scored())
    write_scores(files["a"], without("pseudo"))
    (tmp_path / "note.json").write_text('{"note": "Sentences"}')
    (tmp_path / "prompt.json").write_text('{"chosen": "a", "n": 4, "scores": {"a": {"en-de": 1.0, "mean": 1.0}}}')
    names = (
        "csv",
        "md",
        "tex",
        "prompts.csv",
        "prompts.md",
        "by_direction.csv",
        "by_direction.md",
        "groups",
        "contrasts",
        "primary",
    )
    made = {name: str(tmp_path / f"t.{name}") for name in names}
    done = run_script(
        "tabulate_task",
        tmp_path,
        {},
        input={
            "scores": [str(path) for path in files.values()],
            "sft": [],
            "refined": [],
            "prompts": [str(tmp_path / "prompt.json")] * 2,
            "examples": [],
            "note": str(tmp_path / "note.json"),
        },
        output={
            **{name: made[name] for name in ("csv", "md", "tex", "groups", "contrasts", "primary")},
            "prompts": [made["prompts.csv"], made["prompts.md"]],
            "by_direction": [made["by_direction.csv"], made["by_direction.md"]],
            "other_directions": [],
        },
        params={
            "task": "translation",
            "foundations": {"z": "Z", "a": "A"},
            "subsets": list(DIRECTIONS),
            "other_directions": [],
            "left_out": ["en-xx has no data"],
            "block": BLOCK,
            "induced": False,
            "resamples": 1000,
            "seed": 1,
        },
    )
    assert done.returncode == 0, done.stderr
    rows = read_rows(made["csv"], ScoreRow)
    kinds = {name: [system.kind for system in systems_of(rows_of(rows, name, "BLEU"))] for name in "za"}
    assert "pseudo" in kinds["z"] and "pseudo" not in kinds["a"] and len(kinds["a"]) == 4
    text = Path(made["md"]).read_text()
    assert "- Sentences.\n- Left out: en-xx has no data.\n" in text and text in done.stdout
    assert not any(row.without_k for row in read_rows(made["by_direction.csv"], ScoreRow))


def test_without_an_sft_model_there_are_no_shares() -> None:
    rows = task_rows(TRANSLATION, {"m": without(model="sft")}, RESAMPLES, 1)
    assert all(row.share is row.recovery is row.p_sft is None for row in rows)
    assert "| –" in task_markdown(TRANSLATION, rows, list(DIRECTIONS), {"m": "m"})


def test_a_system_that_a_direction_lacks_is_told() -> None:
    made = scored()
    made["en-zh"] = replace(made["en-zh"], systems=made["en-zh"].systems[:-1])
    with pytest.raises(InputError, match=r"m: no scores of foundation zero-shot oracle 1 word on en-zh, but"):
        task_rows(TRANSLATION, {"m": made}, RESAMPLES, 1)
