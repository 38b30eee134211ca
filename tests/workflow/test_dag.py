"""The whole DAG on a tiny random model and tiny catalogues that the test makes, run as users run it."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest

from checkout import ANALYSES, SCORING, TASKS, Copy
from prefixyarn.analysis.agreement import CONTROLS, OWN, READ, SFT_ANSWER
from prefixyarn.analysis.agreement.table import AgreementRow, agreement_row
from prefixyarn.analysis.forgetting import BitsRow
from prefixyarn.analysis.forgetting.table import CrossTaskRow
from prefixyarn.analysis.mechanism.table import MechanismRow, SplitRow
from prefixyarn.analysis.prior_length.table import PriorLengthRow
from prefixyarn.analysis.prior_quality.table import QualityRow
from prefixyarn.findings.table import FindingRow
from prefixyarn.languages import Direction
from prefixyarn.metrics.subsets import read_scores
from prefixyarn.priors.registry import CORRUPTIONS
from prefixyarn.records import Output, Prediction, Prior, System, read_records
from prefixyarn.systems import SFT
from prefixyarn.tables.cost import CostRow
from prefixyarn.tables.overview import OverviewRow
from prefixyarn.tables.prompts import PromptRow
from prefixyarn.tables.rows import ALL, ScoreRow, read_rows
from prefixyarn.tasks.scoring import scores
from prefixyarn.tasks.task import FREE

ROOT = Path(__file__).resolve().parents[2]
# Systems decoded from priors, see test_a_whole_run_makes_the_tables.
DECODED = 1 + 2 + 3 * (2 + 4 + 7) + 1 + 1 + 3 * 4 + 3 * 2
MODULE = Path("src/prefixyarn/metrics/error_types.py")


def score_rows(copy: Copy, table: str) -> list[ScoreRow]:
    return read_rows(copy.folder / f"results/tiny/tables/{table}.csv", ScoreRow)


def whole(rows: list[ScoreRow], subset: str = ALL) -> list[ScoreRow]:
    """Return the rows of whole answers to test items, on one subset or the mean over all."""
    return [row for row in rows if (row.subset, row.domain, row.without_k) == (subset, "test", 0)]


def test_a_whole_run_makes_the_tables(copy: Copy) -> None:
    tables = copy.folder / "results/tiny/tables"
    rows = score_rows(copy, "translation")
    systems = [row.system for row in whole(rows) if row.metric == "BLEU"]
    # none, two tags; three cuts of: two pseudo, two draws of two random kinds, own, refined, refined-matched, sft, oracle,
    # shuffled, fixed; one unrelated example; few-shot without prior and with three cuts of four; the SFT model with three
    # cuts of two. In the table also the SFT model alone, that of another seed, and the means of the draws.
    assert len(systems) == len(set(systems)) == DECODED + 2 + 3 * 2
    assert {row.n for row in rows if row.domain == "test"} == {3}
    assert {row.n for row in rows if row.domain == "out_of_domain"} == {2}
    assert "### chrF++, Tiny" in (tables / "by_direction.md").read_text()
    for name, direction in (("translation", "en-de"), ("other_directions", "de-zh")):
        own = score_rows(copy, name)
        assert {row.system for row in whole(own)} == {row.system for row in whole(own, direction)} == {*systems}
        # A random model's BLEU is 0, of which there are no shares.
        alone = {row.share and row.share.score for row in whole(own) if row.system == SFT}
        assert alone <= {100.0, None} and (name == "other_directions" or 100.0 in alone)
    assert "52.5 %" in (tables / "findings.md").read_text() and "toprule" in (tables / "translation.tex").read_text()
    costs = {row.source: row for row in read_rows(tables / "cost_translation.csv", CostRow)}
    assert list(costs) == ["none", "own", "pseudo", "refined", "refined-matched", "sft prior", "sft model", "few-shot"]
    assert costs["sft model"].training_seconds > costs["none"].training_seconds == 0
    assert costs["sft prior"].sentences == 64 and (costs["refined"].seconds_per_prior or 0) > 0
    shares = [
        row.share.score
        for row in read_rows(tables / "overview.csv", OverviewRow)
        if row.share and (row.task, row.system.prompt, row.system.kind) == ("translation", "zero-shot", "refined")
    ]
    cost = costs["refined"].share
    assert (cost.score if cost else 0) == max(shares, default=0), "a source costs what it costs for its best score"
    found = read_rows(tables / "findings.csv", FindingRow)
    assert {row.see for row in found} > {"translation.csv", "tagging.csv", "agreement.csv", "prior_quality.csv"}
    assert {row.verdict for row in found} <= {
        *("holds", "holds partly", "does not hold", "does not hold as a whole"),
        *("borderline", "cannot tell here", "measured"),
    }
    output = copy.result.stdout + copy.result.stderr  # type: ignore[attr-defined]
    assert "#### chrF++ by directions, Tiny" in output, "the main table is printed when it is made"
    figures = copy.folder / "results/tiny/figures"
    assert (figures / "sft_loss_translation_tiny.png").read_bytes()[:4] == b"\x89PNG"
    with open(figures / "sft_loss_translation_tiny.csv") as stream:
        assert [r["step"] for r in csv.DictReader(stream)] == ["1", "2", "3", "4"]
    assert "Done: the tables are in results/tiny/tables/" in output
    prompts = read_rows(tables / "prompts_translation.csv", PromptRow)
    chosen = [row.prompt for row in prompts if row.chosen and row.subset == ALL]
    assert len({row.prompt for row in prompts}) >= 5 and chosen[1:] in (["few-shot-2 draw-1"], ["few-shot-2 draw-2"])


def test_logs_hold_what_jobs_said(copy: Copy) -> None:
    logs = copy.folder / "logs/tiny"
    assert "answers" in (logs / "decode/translation/en-de/tiny.log").read_text()
    assert "chosen: " in (logs / "choose_prompt/translation/tiny.log").read_text()


def test_the_other_tasks_have_the_same_systems(copy: Copy) -> None:
    tables = copy.folder / "results/tiny/tables"
    summaries, tagged = (score_rows(copy, table) for table in ("summarization", "tagging"))
    overview = read_rows(tables / "overview.csv", OverviewRow)
    for table in ("summarization", "tagging", "overview"):
        assert "toprule" in (tables / f"{table}.tex").read_text()
    at_length = "ROUGE-L at the reference's length"
    assert {row.metric for row in summaries} == {"ROUGE-L", at_length, "ROUGE-1", "ROUGE-2", "chrF++"}
    assert {row.metric for row in tagged} == {"Accuracy", "Macro-F1", "F1 (seqeval)"}
    assert {"pseudo", "refined", "sft", "oracle", "shuffled", "fixed"} < {row.system.kind for row in summaries}
    kinds = {"none", "refined", "refined-matched", "sft", "oracle", "random", "shuffled"}
    assert {row.system.kind for row in tagged} == kinds
    models = {row.system.model for row in tagged}
    assert models == {"foundation", "sft", "refined", "commonest-tag", "word's-tag"}
    rows = [row for row in whole(tagged) if row.metric == "Accuracy"]
    constrained = [row for row in rows if row.system.variant != FREE]
    assert {row.unparsable for row in constrained} == {0.0}, "constrained, nothing can be unreadable"
    free = [row for row in rows if row.system.variant == FREE and row.system.kind == "none"]
    free = [row for row in free if row.system.model == "foundation"]
    assert free and max(row.unparsable or 0 for row in free) > 0.5, "a random model does not keep to the format"
    shown = [(row.task, row.system.prompt) for row in overview if row.system.kind == "none"]
    tasks = {"translation": 2, "summarization": 1, "tagging": 1}
    assert shown == [(task, prompt) for task, n in tasks.items() for prompt in ("zero-shot", f"few-shot-{n}")]
    assert not [row for row in overview if row.task == "tagging" and row.system.kind == "pseudo"]
    text = (tables / "summarization.md").read_text()
    assert "were cut at a sentence end" in text and "rouge-score 0.1.2 rougeL" in text
    text = (tables / "tagging.md").read_text()
    assert "the official splits of UD_German-GSD" in text and "silver" not in text


def test_the_analyses_have_their_tables(copy: Copy) -> None:
    tables = copy.folder / "results/tiny/tables"
    agreement = read_rows(tables / "agreement.csv", AgreementRow)
    assert {(row.read, row.k) for row in agreement} == {(read, 0) for read in READ} | {(OWN, 1)}
    for row in agreement:
        assert 0 <= row.top_1.score <= row.top_50.score <= 100 and (row.kl is None) == (row.read in CONTROLS)
    one = agreement_row(agreement, SFT_ANSWER)
    assert one is not None and one.n > 2
    mechanism = read_rows(tables / "mechanism.csv", MechanismRow)
    assert {row.system.k for row in mechanism} == {0, 1, 2, 4} and SFT in {row.system for row in mechanism}
    assert {row.items + row.left_out for row in mechanism} == {2} and {row.subset for row in mechanism} == {
        ALL,
        "en-de",
    }
    assert all(row.source_use for row in mechanism), "there are other items"
    split = read_rows(tables / "mechanism_split.csv", SplitRow)
    assert {(row.k, row.part) for row in split} == {(k, part) for k in (1, 2, 4) for part in ("language", "content")}
    quality = read_rows(tables / "prior_quality.csv", QualityRow)
    assert {(row.corruption, row.level) for row in quality} == {
        (k, n)
        for k in CORRUPTIONS
        for n in (0, 50, 100)  # of two words
    }
    assert len({row.score for row in quality if row.level == 0}) == 1, "all kinds start at the oracle prior"
    length = read_rows(tables / "prior_length.csv", PriorLengthRow)
    assert {row.system.kind for row in length} == {"none", "oracle", "pseudo", "refined", "sft"}
    assert {row.n for row in quality} | {row.n for row in length} == {2}
    predicted = read_records(copy.folder / "results/tiny/refined/translation.jsonl", Prediction, "en-de")
    longest = max(len(own.text.split()) for own in predicted)
    assert longest == 4, "the refined model predicts as much as the analyses give"
    bits = read_rows(copy.folder / "results/tiny/analysis/forgetting/tiny.csv", BitsRow)
    assert {row.language for row in bits} == {"de", "en"} and {row.model for row in bits} == {"base", *TASKS}
    tried = read_rows(tables / "cross_task.csv", CrossTaskRow)
    assert len({(row.task, row.trained_on) for row in tried if row.trained_on}) == 9, "each SFT model on each task"
    alone = next(row for row in whole(score_rows(copy, "tagging"), "de") if row.system == SFT)
    own = next(row for row in tried if row.task == row.trained_on == "tagging")
    assert own.score == alone.score.score, "the same items, the same score"
    assert "### How many units of a prior" in (tables / "prior_quality.md").read_text()


def test_the_report_needs_no_other_file(copy: Copy) -> None:
    text = (copy.folder / "results/tiny/report.html").read_text()
    assert text.count('src="data:image/svg+xml;base64,') == 11 and 'src="http' not in text and "<link" not in text
    for heading in ("The headline", "Other directions", "Part-of-speech tagging", "How good must a prior be?", "en-de"):
        assert heading in text, heading
    assert text.count('<div class="scroll"><table>') >= 12 and "run: tiny" in text


def test_the_explorer_has_every_scored_answer_and_the_sft_models_tokens(copy: Copy) -> None:
    results = copy.folder / "results/tiny"
    text = (results / "explorer.html").read_text()
    data = json.loads(text.partition('id="data">')[2].partition("</script>")[0])
    assert tuple(data["tasks"]) == TASKS and data["left_out"] == 0
    shown: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for item in data["items"]:
        subset = data["subsets"][item["subset"]]
        shown.setdefault((subset["task"], subset["name"]), []).append(item)
    for task in TASKS:
        for name, own in read_scores(results / f"scores/{task}/tiny.json").items():
            items = shown.pop((task, name))
            assert [item["id"] for item in items] == own.domains["test"] + own.domains["out_of_domain"]
            assert {len(item["answers"]) for item in items} == {len(own.systems)}
    assert shown == {}
    answered = {own.item: own.raw for own in read_records(results / "sft/translation/tiny.jsonl", Output, "en-de")}
    read = [item for item in data["items"] if item["tokens"]]
    assert len(read) == 2, "as many as the analysis looks at"
    for item in read:
        (tokens,) = item["tokens"].values()
        assert "".join(token for token, _, _ in tokens) == answered[item["id"]]
        assert all(len(likeliest) == 5 and rank >= 1 for _, rank, likeliest in tokens)


def test_snakemakes_own_report_has_captions_by_section(copy: Copy) -> None:
    copy.run("--report", "report.html")
    text = (copy.folder / "report.html").read_text()
    for section in (
        "2.2 Agreement with the SFT model",
        "4.4 Part-of-speech tagging",
        "5.1 Quality and length of priors",
    ):
        assert section in text
    assert "the line at 100 %, or its score in a run without one" in text and "headline_tiny.svg" in text
    (copy.folder / "report.html").unlink()


def test_table_cells_come_from_the_decode_files(copy: Copy) -> None:
    results = copy.folder / "results/tiny"

    def lines(path: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (results / path).read_text().splitlines()]

    for task, subset in (("translation", "en-de"), ("summarization", "en-zh"), ("tagging", "de")):
        references = {item["id"]: item["target"] for item in lines(f"data/{task}/{subset}/test.jsonl")}
        outputs = lines(f"decode/{task}/{subset}/tiny.jsonl")
        outputs += [own for own in lines(f"sft/{task}/tiny.jsonl") if own["subset"] == subset]
        texts: dict[System, dict[str, str]] = {}
        for own in outputs:
            if own["item"] in references:
                system = System(**{c: own[c] for c in ("kind", "variant", "k", "unit", "model", "prompt")})
                texts.setdefault(system, {})[own["item"]] = own["text"]
        compared = 0
        for metric in scores(task).metrics:
            for row in whole(score_rows(copy, task), subset):
                if row.metric == metric.title and row.system in texts:
                    own_texts, code = [texts[row.system][i] for i in references], Direction.parse(subset).target
                    found = metric.corpus(own_texts, list(references.values()), code)
                    assert row.score.score == pytest.approx(found, abs=1e-4)
                    compared += 1
        assert compared == len(scores(task).metrics) * len(texts) > 20


def test_outputs_hold_their_priors(copy: Copy) -> None:
    for subset, n in (("en-de", 5), ("de-zh", 2)):
        folder = copy.folder / "results/tiny"
        priors = read_records(folder / "priors/translation/tiny.jsonl", Prior, subset)
        outputs = read_records(folder / f"decode/translation/{subset}/tiny.jsonl", Output)
        assert len(priors) == len(outputs) == n * DECODED
        for prior, output in zip(priors, outputs, strict=True):
            assert output.prior_ids == prior.ids and output.item == prior.item
            assert len(output.prior_ids) * (output.kind != "language-tag") + output.new_tokens <= 12


def test_nothing_else_is_written(copy: Copy) -> None:
    names = {path.name for path in copy.folder.iterdir()}
    assert names <= {
        "workflow",
        "scripts",
        "src",
        "config",
        "model",
        "index",
        "cache",
        ".snakemake",
        "crosssum",
        "treebanks",
    } | {*("results", "resources", "logs", "state")}
    assert not list(copy.folder.rglob("*.tmp"))


def test_a_second_run_plans_nothing(copy: Copy) -> None:
    assert copy.planned() == set()
    copy.over = ["config/config.yaml", *copy.over]  # as make gives it: other keys come first
    try:
        assert copy.planned() == set()
    finally:
        copy.over = copy.over[1:]


def test_a_model_that_took_anothers_place_is_converted_again_whatever_its_time(copy: Copy) -> None:
    path = copy.folder / "model/model.safetensors"
    old = path.stat()
    os.utime(path, (1, 1))  # as cp -p of an older file
    try:
        assert {"fetch_foundation", "convert_foundation", "verify_foundation", "train_sft", "decode"} <= copy.planned()
    finally:
        os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert copy.planned() == set()


def test_scripts_and_modules_with_the_same_bytes_are_not_run_again(copy: Copy) -> None:
    for folder in ("scripts", "src"):
        for path in (copy.folder / folder).rglob("*.py"):
            path.touch()  # as a checkout of another branch and back does
    assert copy.planned() == set()


def test_a_changed_module_reruns_exactly_its_rules(copy: Copy) -> None:
    path = copy.folder / MODULE
    original = path.read_text()
    path.write_text(original + "# one more line\n")
    try:
        # error_types.py is used in scoring; the tasks' tables, figures and the report follow. The analyses do without it.
        assert copy.planned() == SCORING - ANALYSES
    finally:
        path.write_text(original)
    assert copy.planned() == set()
