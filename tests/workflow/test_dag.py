"""The whole DAG on a tiny random model and tiny catalogues that the test makes, run as users run it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checkout import Copy
from prefixyarn.languages import Direction
from prefixyarn.records import System
from prefixyarn.tasks.scoring import scores

ROOT = Path(__file__).resolve().parents[2]
# Systems decoded from priors, see test_a_whole_run_makes_the_tables.
DECODED = 1 + 2 + 3 * (2 + 4 + 5) + 1 + 3 + 3 * 2
TABLES = {
    f"tabulate_{name}" for name in ("task", "overview", "translation", "analysis", "resources", "findings", "cost")
}
SCORING = {"score", *TABLES, "plot_results", "plot_analysis", "write_report"}
MODULE = Path("src/prefixyarn/metrics/faults.py")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    made = Copy(tmp_path_factory.mktemp("dag"))
    made.result = made.run()  # type: ignore[attr-defined]
    yield made


def test_a_whole_run_makes_the_tables(copy: Copy) -> None:
    tables = copy.folder / "results/tiny/tables"
    with open(tables / "translation.csv") as stream:
        rows = list(csv.DictReader(stream))
    columns = ("model", "prompt", "kind", "variant", "k", "k_unit")
    systems = [tuple(r[c] for c in columns) for r in rows if r["metric"] == "BLEU"]
    # none, two tags; three cuts of: two pseudo, two draws of two random kinds, refined, sft, oracle, shuffled, fixed;
    # few-shot without prior and with three cuts of one; the SFT model alone and with three cuts of two.
    assert len(systems) == len(set(systems)) == DECODED + 1
    assert {r["n"] for r in rows} == {"3"} and {r["n out of domain"] for r in rows} == {"2"}
    assert "### chrF++, Tiny" in (tables / "translation.md").read_text()
    for name, direction in (("main", "en-de"), ("other_directions", "de-zh")):
        with open(tables / f"{name}.csv") as stream:
            shares = list(csv.DictReader(stream))
        assert len(shares) == len(rows) and direction in shares[0] and f"{direction} share" in shares[0]
        # A random model's BLEU is 0, of which there are no shares.
        assert {r["share"] for r in shares if r["model"] == "sft" and r["kind"] == "none"} <= {"100.0000", ""}
        if name == "main":
            assert [r["share"] for r in shares if r["metric"] == "chrF++"][-1] == "100.0000"
        assert "52.5 %" in (tables / "main.md").read_text()
    assert "toprule" in (tables / "main.tex").read_text()
    with open(tables / "cost_translation.csv") as stream:
        costs = {r["system"]: r for r in csv.DictReader(stream)}
    assert list(costs) == ["none", "pseudo", "refined", "sft prior", "sft model", "few-shot"]
    assert float(costs["sft model"]["training seconds"]) > float(costs["none"]["training seconds"]) == 0
    assert int(costs["sft prior"]["sentences"]) == 8 and float(costs["refined"]["seconds per prior"]) > 0
    with open(tables / "overview.csv") as stream:
        best = max(
            float(r["share"] or 0)
            for r in csv.DictReader(stream)
            if (r["task"], r["prompt"], r["kind"]) == ("translation", "zero-shot", "refined")
        )
    assert float(costs["refined"]["share"] or 0) == best, "a source of priors costs what it costs for its best score"
    with open(tables / "findings.csv") as stream:
        found = list(csv.DictReader(stream))
    assert {r["see"] for r in found} > {"main.md", "tagging.md", "agreement.csv", "quality.csv", "crossed.csv"}
    assert {r["verdict"] for r in found} <= {"holds", "holds partly", "does not hold", "cannot tell here", "answered"}
    output = copy.result.stdout + copy.result.stderr  # type: ignore[attr-defined]
    assert "### The paper's claims, Tiny" in output, "the main table is printed when it is made"
    figures = copy.folder / "results/tiny/figures"
    assert (figures / "sft_loss_translation_tiny.png").read_bytes()[:4] == b"\x89PNG"
    with open(figures / "sft_loss_translation_tiny.csv") as stream:
        assert [r["step"] for r in csv.DictReader(stream)] == ["1", "2", "3", "4"]
    assert "Done: the tables are in results/tiny/tables/" in output
    with open(tables / "prompts_translation.csv") as stream:
        prompts = list(csv.DictReader(stream))
    assert len(prompts) >= 5 and [p["prompt"] for p in prompts if p["chosen"] == "True"][1:] == ["few-shot-2 draw-1"]


def test_the_other_tasks_have_the_same_systems(copy: Copy) -> None:
    tables = copy.folder / "results/tiny/tables"
    rows = {}
    for table in ("summarization", "tagging", "overview"):
        with open(tables / f"{table}.csv") as stream:
            rows[table] = list(csv.DictReader(stream))
        assert "toprule" in (tables / f"{table}.tex").read_text()
    assert {r["metric"] for r in rows["summarization"]} == {"ROUGE-L", "ROUGE-1", "ROUGE-2", "chrF++"}
    assert {r["metric"] for r in rows["tagging"]} == {"Accuracy", "Macro-F1", "F1 (seqeval)"}
    assert {"pseudo", "refined", "sft", "oracle", "shuffled", "fixed"} < {r["kind"] for r in rows["summarization"]}
    assert {r["kind"] for r in rows["tagging"]} == {"none", "refined", "sft", "oracle", "random", "shuffled"}
    models = {r["model"] for r in rows["tagging"]}
    assert models == {"foundation", "sft", "refined", "commonest-tag", "word's-tag"}
    slots = [r for r in rows["tagging"] if r["variant"] != "free" and r["metric"] == "Accuracy"]
    assert {float(r["unparsable"]) for r in slots} == {0.0}, "slot by slot nothing can be unreadable"
    free = [r for r in rows["tagging"] if r["variant"] == "free" and r["kind"] == "none" and r["model"] == "foundation"]
    assert free and max(float(r["unparsable"]) for r in free) > 0.5, "a random model does not keep to the format"
    shown = [(r["task"], r["prompt"]) for r in rows["overview"] if r["kind"] == "none"]
    tasks = {"translation": 2, "summarization": 1, "tagging": 1}
    assert shown == [(task, prompt) for task, n in tasks.items() for prompt in ("zero-shot", f"few-shot-{n}")]
    assert not [r for r in rows["overview"] if r["task"] == "tagging" and r["kind"] == "pseudo"]
    text = (tables / "summarization.md").read_text()
    assert "Sources cut at a sentence end" in text and "rouge-score 0.1.2 rougeL" in text
    text = (tables / "tagging.md").read_text()
    assert "the official splits of UD_German-GSD" in text and "silver" not in text


def test_the_analyses_have_their_tables(copy: Copy) -> None:
    tables = copy.folder / "results/tiny/tables"
    rows = {}
    for table in ("agreement", "quality", "prior_units", "propagation"):
        with open(tables / f"{table}.csv") as stream:
            rows[table] = list(csv.DictReader(stream))
    assert {r["k"] for r in rows["agreement"]} == {"-1", "0", "1"}
    whole = next(r for r in rows["agreement"] if r["k"] == "-1" and r["group"] == "all")
    assert 0 <= float(whole["top 1"]) <= float(whole["top 50"]) <= 100 and int(whole["n"]) > 2
    kinds = {"other-item", "wrong-language", "random-content", "random-function"}
    assert {(r["kind"], r["level"]) for r in rows["quality"]} == {
        (k, str(n)) for k in kinds for n in (0, 25, 50, 75, 100)
    }
    assert len({r["mean"] for r in rows["quality"] if r["level"] == "0"}) == 1, "all kinds start at the oracle prior"
    assert {r["kind"] for r in rows["prior_units"]} == {"none", "oracle", "pseudo", "refined", "sft"}
    assert {r["n"] for r in rows["quality"] + rows["prior_units"]} == {"2"}
    with open(copy.folder / "results/tiny/refined/translation/en-de.jsonl") as stream:
        predicted = [json.loads(line)["text"].split() for line in stream]
    assert max(map(len, predicted)) == 4, "the refined model predicts as much as the analyses give"
    for table in ("forgetting", "crossed"):
        with open(tables / f"{table}.csv") as stream:
            rows[table] = list(csv.DictReader(stream))
    assert [r["language"] for r in rows["forgetting"]] == ["de", "en"]
    assert {"base", "sft translation", "sft summarization", "sft tagging"} < set(rows["forgetting"][0])
    crossed = {(r["task"], r["trained on"]) for r in rows["crossed"] if r["trained on"]}
    assert len(crossed) == 9, "each adapter on each task"
    with open(tables / "tagging.csv") as stream:
        tagging = next(
            r for r in csv.DictReader(stream) if r["model"] == "sft" and r["kind"] == "none" and not r["variant"]
        )
    own = next(r for r in rows["crossed"] if r["task"] == r["trained on"] == "tagging")
    assert own["score"] == tagging["de"], "the same items, the same score"
    assert "### How many units of a prior" in (tables / "quality.md").read_text()


def test_the_report_needs_no_other_file(copy: Copy) -> None:
    text = (copy.folder / "results/tiny/report.html").read_text()
    assert text.count('src="data:image/svg+xml;base64,') == 10 and 'src="http' not in text and "<link" not in text
    for heading in ("The headline", "Other directions", "Part-of-speech tagging", "How good must a prior be?", "en-de"):
        assert heading in text, heading
    assert text.count('<div class="scroll"><table>') >= 12 and "run: tiny" in text


def test_snakemakes_own_report_has_captions_by_section(copy: Copy) -> None:
    copy.run("--report", "report.html")
    text = (copy.folder / "report.html").read_text()
    for section in (
        "2.2 Agreement with the SFT model",
        "4.4 Part-of-speech tagging",
        "5.1 Quality and length of priors",
    ):
        assert section in text
    assert "the line at 100 % the fine-tuned model" in text and "headline_tiny.svg" in text
    (copy.folder / "report.html").unlink()


def test_table_cells_come_from_the_decode_files(copy: Copy) -> None:
    results = copy.folder / "results/tiny"

    def lines(path: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (results / path).read_text().splitlines()]

    for task, table, unit in (
        ("translation", "main", "en-de"),
        ("summarization",) * 2 + ("en-zh",),
        ("tagging",) * 2 + ("de",),
    ):
        references = {item["id"]: item["target"] for item in lines(f"data/{task}/{unit}/test.jsonl")}
        outputs = lines(f"decode/{task}/{unit}/tiny.jsonl")
        outputs += [own for own in lines(f"sft/{task}/tiny.jsonl") if own["unit"] == unit]
        texts: dict[System, dict[str, str]] = {}
        for own in outputs:
            if own["item"] in references:
                system = System(**{c: own[c] for c in ("kind", "variant", "k", "k_unit", "model", "prompt")})
                texts.setdefault(system, {})[own["item"]] = own["text"]
        with open(results / f"tables/{table}.csv") as stream:
            rows = list(csv.DictReader(stream))
        compared = 0
        for metric in scores(task).metrics:
            for row in rows:
                system = System(row["kind"], row["variant"], int(row["k"]), row["k_unit"], row["model"], row["prompt"])
                if row["metric"] == metric.title and system in texts:
                    found = metric.corpus(
                        [texts[system][i] for i in references], list(references.values()), Direction.parse(unit).target
                    )
                    assert float(row[unit]) == pytest.approx(found, abs=1e-4)
                    compared += 1
        assert compared == len(scores(task).metrics) * len(texts) > 20


def test_outputs_hold_their_priors(copy: Copy) -> None:
    for unit, n in (("en-de", 5), ("de-zh", 2)):
        folder = copy.folder / "results/tiny"
        priors = (folder / f"priors/translation/{unit}/tiny.jsonl").read_text().splitlines()
        outputs = (folder / f"decode/translation/{unit}/tiny.jsonl").read_text().splitlines()
        assert len(priors) == len(outputs) == n * DECODED
        for prior, output in zip(map(json.loads, priors), map(json.loads, outputs), strict=True):
            assert output["prior_ids"] == prior["ids"] and output["item"] == prior["item"]
            assert len(output["prior_ids"]) * (output["kind"] != "language-tag") + output["new_tokens"] <= 12


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


def test_a_changed_module_reruns_exactly_its_rules(copy: Copy) -> None:
    path = copy.folder / MODULE
    original = path.read_text()
    path.write_text(original + "# one more line\n")
    try:
        # faults.py is used in scoring and by the tables; figures and the report follow from these.
        assert copy.planned() == SCORING
    finally:
        path.write_text(original)
    assert copy.planned() == set()


def test_a_changed_key_reruns_exactly_what_depends_on_it(copy: Copy) -> None:
    copy.config["score"] = {"resamples": 2000}
    try:
        assert copy.planned() == SCORING
    finally:
        del copy.config["score"]
    copy.config["translation"]["max_answer_tokens"] = 11  # type: ignore[index]
    try:
        assert "decode" in copy.planned() and "prepare_translation" not in copy.planned()
    finally:
        copy.config["translation"]["max_answer_tokens"] = 12  # type: ignore[index]
    copy.config["translation"]["sft"]["steps"] = 5  # type: ignore[index]
    try:
        planned = copy.planned()
        assert {"train_sft", "decode_sft", "build_priors", "decode", "plot_sft"} | SCORING < planned
        assert not planned & {"train_refined", "predict_refined", "induce_lexicon", "decode_examples", "decode_prompts"}
    finally:
        copy.config["translation"]["sft"]["steps"] = 4  # type: ignore[index]
    assert copy.planned() == set()


def test_without_trained_models_and_examples_none_are_made(copy: Copy) -> None:
    whole = copy.config["translation"]
    analysis = copy.config["analysis"]
    copy.config |= {"run": "untrained", "tasks": ["translation"], "analysis": {"items": 0}}
    copy.config["translation"] = {
        **whole,  # type: ignore[dict-item]
        "other_directions": [],
        "few_shot": {"examples": []},
        "sft": {"method": "none"},
        "refined": {"kind": "none"},
        "priors": {"kinds": ["none", "pseudo"], "k": {"token": [1], "word": []}, "sft_kinds": []},
    }
    try:
        planned = copy.planned()
        assert not planned & {"train_sft", "decode_sft", "train_refined", "decode_examples", "plot_sft"}
        result = copy.run()
    finally:
        copy.config |= {"run": "tiny", "translation": whole, "analysis": analysis}
        del copy.config["tasks"]
    assert "| pseudo likeliest | 1 token |" in result.stdout and "| 100.0" not in result.stdout
    assert not (copy.folder / "results/untrained/models").exists()


def test_results_are_the_same_again_and_in_another_run(copy: Copy) -> None:
    analysis = copy.config["analysis"]
    without = {**analysis, "items": 0}  # type: ignore[dict-item] # to save time
    copy.config |= {"run": "again", "tasks": ["translation", "tagging"], "analysis": without}
    try:
        copy.run()
    finally:
        copy.config |= {"run": "tiny", "analysis": analysis}
        del copy.config["tasks"]
    sft = "models/sft/translation/tiny/adapter_model.safetensors"
    for name in (
        *("tables/main.csv", "tables/main.tex", "tables/translation.csv", "figures/sft_loss_translation_tiny.svg", sft),
        *(f"{stage}/translation/de-zh/tiny.jsonl" for stage in ("priors", "decode")),
        *(f"{stage}/tagging/de/tiny.jsonl" for stage in ("priors", "decode")),
        *(
            f"{stage}/{task}/tiny.jsonl"
            for stage in ("prompts", "examples", "sft")
            for task in ("translation", "tagging")
        ),
        "tables/tagging.csv",
        *("refined/translation/de-zh.jsonl", "lexicon/translation/de-zh.tsv"),
    ):
        first, again = (copy.folder / "results" / run / name for run in ("tiny", "again"))
        assert first.read_bytes() == again.read_bytes(), name
    assert copy.planned() == set(), "another run leaves this one alone"


def test_several_foundations_keep_their_order(copy: Copy) -> None:
    one = copy.config["foundations"]
    source = one[0]["source"]  # type: ignore[index]
    two = [{"name": name, "label": name.upper(), "source": source} for name in ("zeta", "alpha")]
    copy.config |= {"run": "two", "foundations": two}
    try:
        result = copy.run("-n", "-p", "results/two/tables/main.md", "results/two/tables/translation.md")
    finally:
        copy.config |= {"run": "tiny", "foundations": one}
    lines = [line for line in (result.stdout + result.stderr).splitlines() if "python scripts/tabulate_" in line]
    assert len(lines) == 2
    for line in lines:
        assert '--foundations \'[["zeta", "ZETA"], ["alpha", "ALPHA"]]\'' in line
        assert "en-de/zeta.json results/two/scores/translation/en-de/alpha.json" in line


def test_a_failing_rule_says_why_and_leaves_nothing(copy: Copy) -> None:
    copy.config["run"] = "broken"
    copy.config["translation"]["items"]["test"] = 999  # type: ignore[index]
    try:
        result = copy.run(check=False)
    finally:
        copy.config["run"] = "tiny"
        copy.config["translation"]["items"]["test"] = 3  # type: ignore[index]
    assert result.returncode != 0
    assert "error: translation.items.test: 999 texts wanted" in result.stdout + result.stderr
    assert not list((copy.folder / "results/broken/data/translation").rglob("*.jsonl"))


def test_an_altered_download_stops_the_run(copy: Copy) -> None:
    catalogue = copy.config["translation"]["catalogues"][0]  # type: ignore[index]
    good, catalogue["sha256"] = catalogue["sha256"], "0" * 64
    try:
        result = copy.run("resources/catalogues/one.whl", check=False)
    finally:
        catalogue["sha256"] = good
    assert result.returncode != 0 and "truncated or was altered" in result.stdout + result.stderr
