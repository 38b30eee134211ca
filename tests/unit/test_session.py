from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from transformers import PreTrainedTokenizerFast

import tiny
from prefixyarn.code_inputs import code_inputs
from prefixyarn.decode import backend
from prefixyarn.decode.backend import Answer, Backend, Request
from prefixyarn.decode.builtin import Builtin
from prefixyarn.decode.constraint import Constraint
from prefixyarn.decode.engine import Limits
from prefixyarn.decode.questions import Question, behind_examples, of_sft, under_templates, with_priors
from prefixyarn.decode.session import Session
from prefixyarn.decode.stops import Stops
from prefixyarn.examples import candidates
from prefixyarn.models.foundation import Foundation
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, Prior
from prefixyarn.tasks.task import FREE, Task, task_of

ROOT = Path(__file__).resolve().parents[2]
PROMPT = Prompt("labels", "{source_language}: {source}\n{target_language}:")
FREE_TEXT = task_of("translation")
tok = tiny.tokenizer()


def questions(subset: str) -> list[Question]:
    # Subsets share the ids of their items, and here the sources, too.
    items = [Item(str(n), f"the house {n}", f"{subset} {n}") for n in range(3)]
    return [Question(item, PROMPT, Prior.none(item.id)) for item in items]


def test_subsets_side_by_side_answer_as_each_alone() -> None:
    session = Session(Builtin(Foundation("tiny", tiny.gemma(len(tok)), tok), "base", Limits(4000)), 12)
    subsets = {subset: questions(subset) for subset in ("en-de", "en-fr", "de-fr")}
    together = session.answer(subsets, FREE_TEXT)
    assert [*together] == [*subsets]
    for subset, own in subsets.items():
        assert together[subset] == session.answer({subset: own}, FREE_TEXT)[subset]
        assert [output.item for output in together[subset]] == ["0", "1", "2"]
    assert together["en-de"] != together["en-fr"], "prompts name the languages"


class Dummy:
    """A back end without a model: each model says a word of its own. It remembers what it was asked."""

    tokenizer: PreTrainedTokenizerFast = tok
    settings: Mapping[str, Any] = {"dummy": 1}
    tokens: int = len(tok)

    def __init__(self) -> None:
        self.asked: list[tuple[str, Request]] = []

    def identity(self, model: str) -> str:
        return f"weights of {model}"

    def stops(self, max_answer_tokens: int) -> Stops:
        return Stops(tok, frozenset(), frozenset(), max_answer_tokens)

    def answers(
        self,
        model: str,
        requests: Sequence[Request],
        stops: Stops,
        done: Callable[[int], None],
        known: Callable[[Request], Answer | None],
        found: Callable[[Request, Answer], None],
    ) -> list[Answer]:
        said = tok(" Die Datei" if model == "foundation" else " Der Nutzer", add_special_tokens=False).input_ids
        answers = []
        for request in requests:
            if not (answer := known(request)):
                self.asked.append((model, request))
                answer = Answer(tuple(said[: stops.max_answer_tokens]), "eos")
                found(request, answer)
            answers.append(answer)
            done(1)
        return answers

    def likelihoods(
        self, model: str, requests: Sequence[Request], done: Callable[[int], None]
    ) -> dict[Request, list[float]]:
        return {request: [-float(token) for token in request.prior] for request in requests}

    def first_tokens(self, prompts: Sequence[Any], n: int) -> dict[Any, list[int]]:
        return {prompt: list(range(n)) for prompt in prompts}


def test_another_back_end_answers_through_a_session(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened: list[tuple[Any, ...]] = []
    dummies: list[Dummy] = []

    def dummy(*arguments: Any) -> Backend:
        opened.append(arguments)
        dummies.append(Dummy())
        return dummies[-1]

    monkeypatch.setitem(backend.BACKENDS, "dummy", dummy)
    item, path = Item("1", "The file", ""), tmp_path / "journal.jsonl"
    tag = Prior("1", "language-tag", "code", 0, "", "foundation", "zero-shot", "[de]", [70, 71], "tag", False)
    priors = [Prior.none("1", "sft"), Prior.none("1"), tag]
    asked = {"en-de": [Question(item, PROMPT, prior) for prior in priors], "en-fr": []}
    finished: list[int] = []
    with Session.open(
        "folder", "name", "float32", 20, 3000, "sft/manifest.json", path, "dummy", {"graphs": False}
    ) as session:
        outputs = session.answer(asked, FREE_TEXT, finished.append)
        assert session.likeliest([(2, 5), (2, 6)], [[(9,), (4, 3), (8,)], [(5,), (5,)]]) == [1, 0]
    assert opened == [("folder", "name", "float32", 3000, "sft/manifest.json", {"graphs": False})]
    # The foundation answers first; outputs come in the order of the questions.
    assert [model for model, _ in dummies[0].asked] == ["foundation", "foundation", "sft"] and sum(finished) == 3
    assert [output.text for output in outputs["en-de"]] == ["Der Nutzer", "Die Datei", "Die Datei"]
    assert [output.system for output in outputs["en-de"]] == [prior.system for prior in priors]
    assert outputs["en-fr"] == []
    # A language tag belongs to the prompt.
    requests = [request for _, request in dummies[0].asked]
    assert requests[1] == Request(requests[0].prompt + (70, 71)) and outputs["en-de"][2].prior_ids == [70, 71]
    # What is in the journal is not decoded again, unless the settings are others.
    for limit, number in ((20, 0), (19, 3)):
        with Session.open("folder", "name", "float32", limit, 3000, None, path, backend="dummy") as session:
            assert session.answer(asked, FREE_TEXT) == outputs
        assert len(dummies[-1].asked) == number


def test_answers_are_constrained_but_those_in_free_text() -> None:
    own, item = Constraint(((5,),), ((6,),)), Item("1", "The file", "")
    dummy, free = Dummy(), Prior("1", "none", FREE, 0, "", "foundation", "zero-shot", "", [], "", False)
    asked = {"de": [Question(item, PROMPT, prior) for prior in (Prior.none("1"), free)]}
    Session(dummy, 20).answer(asked, Task(constraint=lambda item, tokenizer: own))
    assert [request.constraint for _, request in dummy.asked] == [own, None]


ITEMS = {"en-de": [Item("1", "a", "A"), Item("2", "b", "B")], "en-fr": [Item("1", "c", "C")]}


def told(asked: Mapping[str, Sequence[Question]]) -> dict[str, list[tuple[str, str, str]]]:
    return {subset: [(q.item.source, q.prompt.name, q.prior.prompt) for q in own] for subset, own in asked.items()}


def test_each_item_is_asked_under_each_template() -> None:
    asked = under_templates(ITEMS, [PROMPT, Prompt("bare", "{source}")])
    assert told(asked) == {
        "en-de": [("a", "labels", "labels"), ("b", "labels", "labels"), ("a", "bare", "bare"), ("b", "bare", "bare")],
        "en-fr": [("c", "labels", "labels"), ("c", "bare", "bare")],
    }
    assert {(q.prior.kind, q.prior.model) for own in asked.values() for q in own} == {("none", "foundation")}


def test_each_item_is_asked_behind_each_set_of_examples() -> None:
    train = {subset: [Item(str(n), f"{subset} {n}", "x") for n in range(3)] for subset in ITEMS}
    asked = behind_examples(ITEMS, PROMPT, candidates([1, 2], 1), train, seed=1)
    names = ["few-shot-1 draw-1", "few-shot-2 draw-1"]
    assert told(asked)["en-de"] == [(source, name, name) for name in names for source in "ab"]
    assert [len(q.prompt.shots) for q in asked["en-fr"]] == [1, 2]
    assert all(source.startswith("en-fr") for q in asked["en-fr"] for source, _ in q.prompt.shots)


def test_priors_are_asked_under_their_systems_prompt() -> None:
    few = Prompt("few-shot-1 draw-1", PROMPT.text, (("x", "y"),))
    prompts = {"en-de": {"zero-shot": PROMPT, "few-shot-1": few}}
    priors = [Prior.none("2"), Prior.none("1", "sft"), Prior.none("1", prompt="few-shot-1")]
    asked = with_priors(ITEMS, {"en-de": priors}, prompts)
    assert [(q.item.source, q.prompt.name) for q in asked["en-de"]] == [
        ("b", "labels"),
        ("a", "labels"),
        ("a", few.name),
    ]
    assert [q.prior for q in asked["en-de"]] == priors and [*asked] == ["en-de"]


def test_the_sft_model_is_asked_each_item() -> None:
    asked = of_sft(ITEMS, PROMPT, "of run large")
    assert {(q.prior.kind, q.prior.variant, q.prior.model) for own in asked.values() for q in own} == {
        ("none", "of run large", "sft")
    }
    assert [q.item.source for q in asked["en-de"]] == ["a", "b"]


def test_changes_of_training_or_of_priors_decode_nothing_again() -> None:
    found = code_inputs("scripts/decode.py", [f"tasks.{task}.task" for task in ("translation", "tagging")], str(ROOT))
    assert "src/prefixyarn/decode/engine.py" in found and "src/prefixyarn/models/sft/adapter.py" in found
    assert "src/prefixyarn/models/sft/train.py" not in found
    assert not [path for path in found if path.startswith(("src/prefixyarn/priors/", "src/prefixyarn/models/refined/"))]


def test_jobs_without_a_neural_model_import_no_torch() -> None:
    modules = ["decode.questions", "decode.backend", "decode.stops", "tasks.tagging.task", "models.refined.linear"]
    modules += ["models.refined.linear_tagger", "priors.random_words", "priors.registry", "job_files"]
    program = "import importlib, json, sys\n"
    program += f"for name in {modules!r}: importlib.import_module('prefixyarn.' + name)\n"
    program += "from prefixyarn.models.refined import load_kind\n"
    program += "load_kind('linear'), load_kind('linear-tagger')\n"
    program += "print(json.dumps([name for name in ('torch', 'transformers', 'peft') if name in sys.modules]))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(result.stdout) == []
