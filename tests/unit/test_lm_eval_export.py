import html
import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
import yaml
from tokenizers import decoders
from transformers import PreTrainedTokenizerFast

import tiny
from prefixyarn import lm_eval
from prefixyarn.decode.builtin import Builtin
from prefixyarn.decode.engine import Limits
from prefixyarn.decode.questions import with_priors
from prefixyarn.decode.session import Session
from prefixyarn.errors import InputError
from prefixyarn.languages import Direction
from prefixyarn.lm_eval import Export, export
from prefixyarn.lm_eval.material import document
from prefixyarn.metrics.rouge import ROUGE_L
from prefixyarn.metrics.subsets import DomainScores, MetricScore, SubsetScores, SystemScores, write_scores
from prefixyarn.models.foundation import Foundation
from prefixyarn.models.tokenizer import answer_ids, prompt_ids
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, Prior, System, write_by_subset, write_json, write_records
from prefixyarn.tasks.task import task_of

tok = tiny.tokenizer()
MODEL = tiny.gemma(len(tok), seed=3)
PROMPT = Prompt("labels", "{source_language}: {source}\n{target_language}:")
LIMIT = 12
SUBSETS = {"en-de": 1, "en-zh": 2}
CONFIG = {
    "run": "tiny",
    "languages": ["en", "de"],
    "tasks": ["translation", "tagging"],
    "foundations": [{"name": "tiny", "dtype": "float32"}],
    "translation": {"directions": [*SUBSETS], "other_directions": [], "max_answer_tokens": LIMIT},
    "summarization": {"directions": [], "source": {"kind": "debian"}},
    "tagging": {"languages": ["de"], "source": {"kind": "treebanks"}},
}


def priors_of(item: Item, subset: str) -> list[Prior]:
    direction = Direction.parse(subset)
    prompt, join = PROMPT.fill(item.source, direction), PROMPT.join(direction)
    ids = answer_ids(tok, prompt, join, item.target)
    # As many tokens as letters: no text encodes to them.
    spelt = [i for letter in tok.decode(ids[:4]) for i in tok(letter, add_special_tokens=False).input_ids]

    def prior(kind: str, variant: str, given: Sequence[int], k: int = 2, prompt: str = "zero-shot") -> Prior:
        unit = "token" if k else ""
        return Prior(item.id, kind, variant, k, unit, "foundation", prompt, "", list(given), "", False)

    return [
        Prior.none(item.id),
        Prior.none(item.id, "sft"),
        prior("own", "", spelt),
        prior("pseudo", "first", ids[:1]),
        prior("pseudo", "likeliest", ids[:2]),
        prior("oracle", "", ids[:1], k=1),
        prior("oracle", "", ids[:2]),
        prior("oracle", "", ids[:4], k=4),
        prior("oracle", "", ids[:2], prompt="few-shot-2"),
        prior("shuffled", "", ids[:2]),
        prior("language-tag", "code", ids[:2], k=0),
    ]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkout with a run that a random model answered."""
    root = tmp_path_factory.mktemp("checkout")
    run = root / "results/tiny"
    tok.save_pretrained(root / "resources/foundations/tiny/model")
    items, priors = {}, {}
    for subset, column in SUBSETS.items():
        texts = tiny.parallel(5, 4)
        items[subset] = [Item(f"i{n}", own[0], own[column]) for n, own in enumerate(texts)]
        priors[subset] = [prior for item in items[subset] for prior in priors_of(item, subset)]
        write_records(run / f"data/translation/{subset}/test.jsonl", items[subset])
    write_by_subset(run / "priors/translation/tiny.jsonl", priors)
    write_json(run / "prompts/translation/tiny.json", {"prompt": {"name": PROMPT.name, "text": PROMPT.text}})
    prompts = {subset: {"zero-shot": PROMPT, "few-shot-2": PROMPT} for subset in SUBSETS}
    asked = with_priors(items, {s: [p for p in own if p.model != "sft"] for s, own in priors.items()}, prompts)
    session = Session(Builtin(Foundation("tiny", MODEL, tok), "base", Limits(4000)), LIMIT)
    for subset, outputs in session.answer(asked, task_of("translation")).items():
        write_records(run / f"decode/translation/{subset}/tiny.jsonl", outputs)
    ids, chrf = [item.id for item in items["en-de"]], MetricScore(12.345, 12.0, 13.0, [[1]] * 4)
    test, elsewhere = DomainScores(4, 0, 3, 0, {}, {}, {"chrf": chrf}), DomainScores(0, 0, 0, None, {}, {}, {})
    none = SystemScores(System("none"), test, elsewhere, [])
    scores = SubsetScores(0.0, {"test": ids, "out_of_domain": []}, {}, [none], 0.0)
    write_scores(run / "scores/translation/tiny.json", {"en-de": scores})
    config = html.escape(yaml.safe_dump(CONFIG))
    (run / "report.html").write_text(f"<summary>Configuration</summary><pre>{config}</pre>")
    return root


@pytest.fixture
def run(checkout: Path, tmp_path: Path) -> Path:
    """Return the run in a checkout of its own, to break."""
    shutil.copytree(checkout, tmp_path / "own")
    return tmp_path / "own/results/tiny"


@pytest.fixture(scope="module")
def exported(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Export, Path]:
    folder = tmp_path_factory.mktemp("exports") / "tiny"
    return export(checkout / "results/tiny", folder), folder


def documents(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]


@pytest.fixture
def harness_code(exported: tuple[Export, Path], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the file that the harness imports, with just as much of the harness as it needs."""

    class ConfigurableTask:
        def __init__(self, config: dict[str, Any]) -> None:
            self.config = config

        def construct_requests(self, doc: dict[str, Any], ctx: str, **kwargs: Any) -> SimpleNamespace:
            return SimpleNamespace(arguments=(ctx, {"max_gen_toks": 64, "until": []}))

        def process_results(self, doc: dict[str, Any], results: list[str]) -> dict[str, Any]:
            return {"chrf++": [doc["reference"], results[0]]}

    parts: dict[str, dict[str, Any]] = {
        "datasets": {"Dataset": SimpleNamespace(from_list=list)},
        "lm_eval": {},
        "lm_eval.api": {},
        "lm_eval.api.metrics": {"mean": lambda values: sum(values) / len(values)},
        "lm_eval.api.task": {"ConfigurableTask": ConfigurableTask},
    }
    for name, has in parts.items():
        module = ModuleType(name)
        vars(module).update(has)
        monkeypatch.setitem(sys.modules, name, module)
    spec = importlib.util.spec_from_file_location("exported_code", exported[1] / "prior_task.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_headlines_systems_are_exported_in_every_direction(exported: tuple[Export, Path]) -> None:
    done, folder = exported
    labels = ["none", "own", "pseudo-first", "pseudo-likeliest", "oracle"]
    assert [own.name for own in done.tasks] == [
        f"prefixyarn_tiny_translation_{s}_{own}" for s in SUBSETS for own in labels
    ]
    group = yaml.safe_load((folder / "prefixyarn_tiny.yaml").read_text())
    assert group == {"group": "prefixyarn_tiny", "task": [own.name for own in done.tasks]}
    assert sorted(os.listdir(folder)) == sorted(
        ["README.md", "prior_task.py", "prefixyarn_tiny.yaml"]
        + [f"{own.name}.{ending}" for own in done.tasks for ending in ("yaml", "jsonl")]
    )
    assert [own.scores for own in done.tasks] == [
        {"chrf++": 12.345},
        *[{"chrf++": None}] * 4,
        *[{"chrf": None}] * 5,
    ]
    [tagging, *lacking] = done.left_out
    assert tagging.startswith("tagging: ") and [line.split(":")[0] for line in lacking] == [
        "translation with the prior refined",
        "translation with the prior sft",
    ]
    assert {doc["k"] for doc in documents(folder, done.tasks[4].name)} == {2}, "the headline's k"


def test_prompt_and_prior_encode_to_the_ids_that_were_decoded_from_or_the_item_says_so(
    exported: tuple[Export, Path],
) -> None:
    done, folder = exported
    same, other = 0, 0
    for task in done.tasks:
        found = documents(folder, task.name)
        assert len(found) == 4
        for doc in found:
            ids = [*prompt_ids(tok, doc["prompt"]), *doc["prior_ids"]]
            equal = tok(doc["prompt"] + doc["prior"]).input_ids == ids
            assert equal == (doc["differs"] != "ids")
            assert doc["max_gen_toks"] == LIMIT - len(doc["prior_ids"])
            same, other = same + equal, other + (not equal)
        assert sum(task.differs.values()) == sum(bool(doc["differs"]) for doc in found)
        assert bool(task.differs) == (task.of[1:] == ("en-de", "own")), "each Chinese letter is a token"
    assert same >= 32 and other
    assert all(doc["prior"].startswith(" ") for doc in documents(folder, "prefixyarn_tiny_translation_en-de_oracle"))


def test_what_a_model_goes_on_with_becomes_the_runs_answer(
    exported: tuple[Export, Path], harness_code: ModuleType
) -> None:
    done, folder = exported
    cut = 0
    for task in done.tasks:
        for doc in documents(folder, task.name):
            if doc["differs"]:
                continue
            ids = tok(doc["prompt"] + doc["prior"], return_tensors="pt").input_ids
            with torch.inference_mode():
                out = MODEL.generate(ids, max_new_tokens=doc["max_gen_toks"], do_sample=False)
            added = tok.decode(out[0, ids.shape[1] :], skip_special_tokens=True)
            [[answer]] = harness_code.answers([[added]], [doc])
            assert answer == doc["answer"], task.name
            cut += len(answer) < len((doc["prior"] + added).strip())
    assert cut, "some go on after their first line"


def test_the_code_sets_each_items_limit_and_compares_with_the_run(
    exported: tuple[Export, Path], harness_code: ModuleType
) -> None:
    task = harness_code.PriorTask({"class": harness_code.PriorTask, "task": "name"})
    assert task.config == {"task": "name"}, "the harness's configuration knows no class"
    doc = {"max_gen_toks": 10, "answer": "ja", "reference": "nein", "prior": " j"}
    assert task.construct_requests(doc, "text").arguments == ("text", {"max_gen_toks": 10, "until": []})
    assert task.process_results(doc, ["ja"]) == {"chrf++": ["nein", "ja"], "as_in_run": 1.0}
    assert task.process_results(doc, ["Ja"])["as_in_run"] == 0.0
    texts = ["\n\n a b \nc", "a\u2028b\nc", "", "\n"]
    assert harness_code.answers([[own] for own in texts], [{"prior": ""}] * 4) == [["a b"], ["a\u2028b"], [""], [""]]
    name = exported[0].tasks[0].name
    task.download({"file": f"{name}.jsonl"})
    assert task.dataset == {"test": documents(exported[1], name)}
    for answer, reference in (
        ("Die Datei ist da", "die Datei, da!"),
        ("文件已保存 now", "文件保存"),
        ("حفظ الملف", "الملف"),
        ("", "a"),
    ):
        score = ROUGE_L.items([answer], [reference], "de").statistics[0][0]
        assert harness_code.rouge_l([reference], [answer]) == pytest.approx(100 * score)


def test_a_tasks_file_names_only_what_is_there(exported: tuple[Export, Path], harness_code: ModuleType) -> None:
    done, folder = exported

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!function", lambda loader, node: getattr(harness_code, node.value.split(".")[1]))
    for task in done.tasks:
        own = yaml.load((folder / f"{task.name}.yaml").read_text(), Loader)
        assert own["task"] == task.name and own["dataset_kwargs"] == {"file": f"{task.name}.jsonl"}
        assert {own[key] for key in ("doc_to_text", "doc_to_target", "gen_prefix")} <= {
            *documents(folder, task.name)[0]
        }
        assert own["target_delimiter"] == "" and own["generation_kwargs"]["until"] == []
        assert own["metric_list"] == [{"metric": m, "aggregation": m, "higher_is_better": True} for m in task.scores]
        assert own["class"] is harness_code.PriorTask
    summaries = yaml.load(lm_eval._yaml(replace(done.tasks[0], scores={"chrf": 1.0, "rouge_l": None}), 9), Loader)
    assert summaries["generation_kwargs"]["max_gen_toks"] == 9
    assert [own["metric"] for own in summaries["metric_list"]] == ["chrf", harness_code.rouge_l]
    assert [own["aggregation"] for own in summaries["metric_list"]] == ["chrf", "mean"]


def test_a_tokenizer_that_drops_a_texts_first_space(checkout: Path) -> None:
    made = PreTrainedTokenizerFast(tokenizer_object=tiny.tokenizer().backend_tokenizer, bos_token="<bos>")
    made.backend_tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    ids = made(" Die Datei wurde gespeichert.", add_special_tokens=False).input_ids
    starts = [n for n, i in enumerate(ids) if made.convert_ids_to_tokens(i).startswith("▁")]
    prior = Prior("1", "oracle", "", 2, "token", "foundation", "zero-shot", "", ids[: starts[1]], "", False)
    item = Item("1", "The file was saved.", "")
    output = SimpleNamespace(new_ids=ids[starts[1] :], text="Die Datei wurde gespeichert.")
    doc = document(item, prior, output, "English: The file was saved.\nGerman:", made, made, 30)  # type: ignore[arg-type]
    assert doc["prior"] == " Die" and doc["differs"] == "join"
    inside, output.new_ids = replace(prior, ids=ids[: starts[1] + 1]), ids[starts[1] + 1 :]  # within a word
    doc = document(item, inside, output, "English: The file was saved.\nGerman:", made, made, 30)  # type: ignore[arg-type]
    assert doc["prior"] == " Die Date" and doc["differs"] == ""


def test_what_is_asked_for_is_exported(checkout: Path, tmp_path: Path) -> None:
    done = export(checkout / "results/tiny", tmp_path / "a/b", ["pseudo", "shuffled", "none"], ["en-zh"])
    assert [own.of[1:] for own in done.tasks] == [
        ("en-zh", own) for own in ("pseudo-first", "pseudo-likeliest", "shuffled", "none")
    ]
    assert [own.of[2] for own in export(checkout / "results/tiny", tmp_path / "c", ["pseudo-first"]).tasks] == [
        "pseudo-first",
        "pseudo-first",
    ]


def test_the_readme_says_how_to_run_it_and_what_may_differ(exported: tuple[Export, Path]) -> None:
    done, folder = exported
    text = (folder / "README.md").read_text()
    assert f"--include_path {folder}" in text and "--tasks prefixyarn_tiny " in text and "dtype=float32" in text
    assert "resources/foundations/tiny/model" in text and "lm_eval[hf]==0.4.13" in text
    assert "| en-de | chrf++ | 12.35 | – | – | – | – |" in text and "- tagging: " in text
    number = sum(own.differs["ids"] for own in done.tasks)
    assert f'- {number} items have `"differs": "ids"`' in text and "`prefixyarn_tiny_translation_en-de_own` (" in text


REFUSED = {
    "no run": (lambda run: shutil.rmtree(run), {}, "no such folder; expected that of a finished run"),
    "no report": (lambda run: (run / "report.html").unlink(), {}, r"report\.html: not there"),
    "an odd report": (lambda run: (run / "report.html").write_text("<p>"), {}, "says no configuration"),
    "no priors": (lambda run: shutil.rmtree(run / "priors"), {}, r"priors/translation/tiny\.jsonl: not there"),
    "no answers": (lambda run: shutil.rmtree(run / "decode"), {}, r"decode/translation/en-de/tiny\.jsonl: not there"),
    "an item more": (
        lambda run: write_records(run / "data/translation/en-de/test.jsonl", [Item("new", "a", "b")]),
        {},
        "no prior none, or no answer behind it, for the item new",
    ),
    "no model": (lambda run: shutil.rmtree(run.parents[1] / "resources"), {}, "name that of tiny, whose tokenizer"),
    "another prior": (lambda run: None, {"systems": ["refind"]}, "prior 'refind': the run has none, own, pseudo-first"),
    "a language tag": (lambda run: None, {"systems": ["language-tag"]}, "prior 'language-tag': the run has"),
    "another direction": (lambda run: None, {"subsets": ["en-xx"]}, "direction 'en-xx': the run has en-de, en-zh"),
    "several foundations": (
        lambda run: (run / "report.html").write_text(
            "<summary>Configuration</summary><pre>foundations: [{name: a}, {name: b}]</pre>"
        ),
        {},
        "several foundations; name one of a, b",
    ),
    "another foundation": (lambda run: None, {"foundation": "huge"}, "foundation 'huge': the run has tiny"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_refused_in_one_line_and_nothing_written(run: Path, tmp_path: Path, name: str) -> None:
    spoil, asked, message = REFUSED[name]
    spoil(run)
    with pytest.raises(InputError, match=message) as refused:
        export(run, tmp_path / "out", **asked)  # type: ignore[arg-type]
    assert "\n" not in str(refused.value) and sorted(os.listdir(tmp_path)) == ["own"]


def test_a_folder_in_use_is_kept(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, folder = checkout / "results/tiny", tmp_path / "out"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    for force in (False, True):
        with pytest.raises(InputError, match="has more than an earlier export"):
            export(run, folder, force=force)
    with pytest.raises(InputError, match="is a file"):
        export(run, folder / "mine.txt")
    assert (folder / "mine.txt").read_text() == "mine"
    (folder / "mine.txt").unlink()
    export(run, folder)
    with pytest.raises(InputError, match="has an earlier export; .* --force"):
        export(run, folder)
    before = sorted(os.listdir(folder))

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(InputError, match="No space left on device"):
        patch.setattr(lm_eval.os, "replace", full)
        export(run, tmp_path / "new", ["none"])
    assert os.listdir(tmp_path) == ["out"] and sorted(os.listdir(folder)) == before
    export(run, folder, ["none"], force=True)
    assert len(os.listdir(folder)) == 3 + 2 * len(SUBSETS)
