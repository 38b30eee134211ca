"""A model on one's own texts: which prior is given, what it answers, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

import prefixyarn
import tiny
from prefixyarn.decode.builtin import Builtin
from prefixyarn.errors import InputError
from prefixyarn.languages import Direction
from prefixyarn.models.convert import convert
from prefixyarn.models.tokenizer import answer_ids, prompt_ids
from prefixyarn.own_text.model import PROMPTS, Model
from prefixyarn.records import write_json

ROOT = Path(__file__).resolve().parents[2]
TEXTS = ["The house is red.", "Open the file now.", "The user has no name."]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("model")
    convert(tiny.save_model(base / "source"), base / "tiny")
    return base / "tiny"


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return prefixyarn.load(folder)


@pytest.fixture
def dictionary(tmp_path: Path) -> Path:
    (tmp_path / "words").mkdir()
    (tmp_path / "words/en-de.txt").write_text("house Haus\nfile Datei\nuser Nutzer\nopen öffnen\nopen offen\n")
    return tmp_path / "words"


def test_an_answer_does_not_depend_on_the_others(model: Model) -> None:
    together = model.answer(TEXTS, prior="none", max_tokens=12)
    assert together == [model.answer(text, prior="none", max_tokens=12)[0] for text in TEXTS]
    assert [answer.source for answer in together] == TEXTS
    assert all(
        answer.prior == "" and answer.text == answer.continuation and answer.kind == "none" for answer in together
    )


def test_what_is_given_begins_the_answer(folder: Path, model: Model, dictionary: Path) -> None:
    mine = model.answer(TEXTS, prior="text:Das Haus ist", k=1, max_tokens=12)
    assert all(answer.text.startswith("Das Haus ist") and answer.kind == "given" for answer in mine), "given whole"
    each = model.answer(TEXTS, prior=prefixyarn.Text(["Eins", "Zwei", "Drei"]), max_tokens=12)
    made = model.answer(TEXTS, prior=prefixyarn.Text(lambda text: text.split()[1].title()), max_tokens=12)
    assert [answer.text.split()[0][:4] for answer in each] == ["Eins", "Zwei", "Drei"]
    assert [answer.prior.strip() for answer in made] == ["House", "The", "User"]
    known = prefixyarn.load(folder, dictionary=dictionary)
    first = known.answer(TEXTS, prior="first", k=8, max_tokens=12)
    assert [answer.prior.strip() for answer in first] == ["Haus", "Datei", "Nutzer"]
    assert all(len(own.prior_ids) == 1 for own in known.answer(TEXTS, prior="first", k=1, max_tokens=12))


def test_texts_without_a_word_in_the_dictionary_begin_as_the_model_would(folder: Path, dictionary: Path) -> None:
    known = prefixyarn.load(folder, dictionary=dictionary)
    for prior in ("first", "likeliest"):
        answers = known.answer(["The house.", "Nobody came.", "The file."], prior=prior, max_tokens=12)
        assert [answer.kind for answer in answers] == ["pseudo", "own", "pseudo"]
        assert answers[1] == known.answer("Nobody came.", prior="own", max_tokens=12)[0]
    (dictionary / "en-de.txt").write_text("caf\u00e9 Caf\u00e9\n")
    assert known.answer("Cafe\u0301.", prior="first", max_tokens=12)[0].kind == "pseudo", "looked up as all words are"


def test_best_is_the_best_that_the_material_allows(folder: Path, model: Model, dictionary: Path) -> None:
    assert [*model.sources("en-de")] == ["none", "own"] and model.source_of("best", "en-de").name == "own"
    known = prefixyarn.load(folder, dictionary=dictionary)
    assert [*known.sources("en-de")] == ["none", "own", "first", "likeliest"]
    assert known.source_of("best", "en-de").name == "likeliest"
    tags = prefixyarn.load(folder, task="tagging", dictionary=dictionary)
    assert [*tags.sources("en")] == ["none"] and tags.source_of("best", "en").name == "none"


def test_a_dictionary_counts_for_its_own_directions(folder: Path, dictionary: Path) -> None:
    for given in (dictionary, dictionary / "en-de.txt"):
        known = prefixyarn.load(folder, dictionary=given)
        assert known.source_of("best", "en-de").name == "likeliest" and known.source_of("best", "en-fr").name == "own"
        assert {row.prior for row in prefixyarn.compare(known, "The house.", targets=["fr"])} == {"none", "own"}
        with pytest.raises(
            InputError, match="needs a dictionary|no dictionary for en-fr|named for en-de, but en-fr is asked for"
        ):
            known.answer("The house.", target="fr", prior="first")
    (dictionary / "mine.txt").write_text("house casa\n")
    assert prefixyarn.load(folder, dictionary=dictionary / "mine.txt").source_of("best", "en-pt").name == "likeliest"


def test_what_a_folder_has_instead_of_a_dictionary_is_said(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "EN-DE.TXT").write_text("house Haus\n")
    for given in ({"prior": "first"}, {"prior": prefixyarn.Dictionary(tmp_path)}):
        with pytest.raises(InputError, match=r"expected a file en-de\.txt, and found EN-DE\.TXT$"):
            prefixyarn.load(folder, dictionary=tmp_path).answer("The house.", **given)


def test_a_run_gives_its_prompt_and_dictionary(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "results/mine"
    chosen = {"name": "mine", "text": "{source}\n{target_language}:"}
    for task in ("translation", "tagging"):
        (run / f"prompts/{task}").mkdir(parents=True)
        write_json(run / f"prompts/{task}/tiny.json", {"prompt": chosen})
    (run / "lexicon/translation").mkdir(parents=True)
    (run / "lexicon/translation/en-de.tsv").write_text("house\tHaus\t1.0000\n")
    opened = prefixyarn.load(folder, run=run)
    assert opened.prompt.text == chosen["text"]
    assert [*opened.sources("en-de")] == ["none", "own", "first", "likeliest"] and [*opened.sources("en-zh")] == [
        "none",
        "own",
    ]
    with pytest.raises(
        InputError, match="its model tiny is not in .*resources/foundations/tiny/model. Name it with --model"
    ):
        prefixyarn.load(run=run)
    with pytest.raises(InputError, match="no prompt for summarization"):
        prefixyarn.load(folder, run=run, task="summarization")
    with pytest.raises(InputError, match="the SFT model: none is loaded"):
        opened.answer("The house.", model="sft")
    with pytest.raises(InputError, match="needs a run with a refined model"):
        opened.answer("The house.", prior="refined")


def test_tags_are_chosen_for_given_words(folder: Path) -> None:
    tags = prefixyarn.load(folder, task="tagging")
    answer = tags.answer("The house, red.", source="en", prior="text:The (determiner) house (noun)")[0]
    assert answer.source == "The house , red ." and answer.text.startswith("The (determiner) house (noun) , (")
    assert answer.stop == "constraint" and answer.language is None
    rows = prefixyarn.compare(tags, "The house.", source="en", targets=["de", "fr"])
    assert [row.prior for row in rows] == ["none"], "tags have no language"


def test_likelihoods_are_the_models_own(model: Model) -> None:
    scores = model.likelihood(TEXTS[:1], ["Das Haus"])[0]
    prompt, join = model.prompt.fill(TEXTS[0], Direction("en", "de")), model.prompt.join(Direction("en", "de"))
    before, after = prompt_ids(model.tokenizer, prompt), answer_ids(model.tokenizer, prompt, join, "Das Haus")
    with torch.no_grad():
        logits = model.backend.foundation.model(torch.tensor([[*before, *after]])).logits[0].log_softmax(-1)
    expected = [float(logits[len(before) - 1 + n, token]) for n, token in enumerate(after)]
    assert scores == pytest.approx(expected, abs=1e-4)
    assert model.likelihood(TEXTS[0], "Das Haus") == [scores], "one text as it is"
    with pytest.raises(InputError, match="1 answers to 3 texts"):
        model.likelihood(TEXTS, ["Das Haus"])
    with pytest.raises(InputError, match="the SFT model: none is loaded"):
        model.likelihood(TEXTS[0], "Das Haus", model="sft")


def test_steps_tell_what_was_given_and_what_chosen(model: Model) -> None:
    answer = model.answer(TEXTS[0], prior="text:Das", max_tokens=12)[0]
    steps = prefixyarn.look(model, TEXTS[0], prior="text:Das", steps=4)
    given = len(answer.prior_ids)
    assert [step.given for step in steps] == [True] * given + [False] * (len(steps) - given)
    for step in steps:
        assert step.sft is None and len(step.candidates) == 5
        assert [own.probability for own in step.candidates] == sorted(
            (o.probability for o in step.candidates), reverse=True
        )
        if not step.given:
            assert step.rank == 1 and step.token == step.candidates[0].token, "greedy"
            assert step.probability == pytest.approx(step.candidates[0].probability)


def test_all_priors_stand_side_by_side(model: Model) -> None:
    rows = prefixyarn.compare(model, TEXTS[0], targets=["DE", "zh"])
    assert [(row.target, row.prior) for row in rows] == [(to, name) for to in ("de", "zh") for name in ("none", "own")]


def test_a_journal_keeps_answers(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = model.answer(TEXTS, prior="none", journal=tmp_path / "kept", max_tokens=12)

    def refuse(*args: object) -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr("prefixyarn.decode.engine.room_within", refuse)
    assert model.answer(TEXTS, prior="none", journal=tmp_path / "kept", max_tokens=12) == found


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"texts": []}, "no text"),
        ({"texts": " "}, "text 1: empty"),
        ({"texts": "\u200b\u3164"}, "text 1: empty"),
        ({"texts": ["a"], "target": "dee"}, "unknown language code 'dee'.*Did you mean 'de'"),
        ({"texts": ["a"], "target": "en"}, "expected two different languages"),
        ({"texts": ["a"], "prior": "refind"}, "prior 'refind': expected one of best, none"),
        ({"texts": ["a"], "prior": "likeliest"}, "needs a dictionary"),
        ({"texts": ["a"], "prior": "text:" + "Haus " * 9, "max_tokens": 3}, "longer than the limit of 3 tokens"),
        ({"texts": ["a", "b"], "prior": prefixyarn.Text(["x"])}, "1 texts were given for 2 texts"),
        ({"texts": ["a"], "prior": "text: "}, "prior of text 1: expected a text"),
        ({"texts": ["a"], "prior": "none", "journal": __file__}, "test_own_text.py, line 1: is no line of a journal"),
        ({"texts": ["a"], "prior": prefixyarn.Dictionary("/nowhere")}, "/nowhere: no such dictionary"),
        ({"texts": ["a"], "prior": prefixyarn.Refined("/nowhere")}, "/nowhere: no refined model there"),
        ({"texts": ["a", float("nan")]}, r"text 2: expected a text \(str\), got nan \(float\)"),
        ({"texts": ["a", None]}, "text 2: expected a text .*None"),
        ({"texts": ["a", b"b"]}, "text 2: expected a text .*bytes"),
        ({"texts": ["a", "b\ud800"]}, "text 2: not UTF-8"),
        ({"texts": b"a"}, "texts: expected a text or a list of texts, got b'a'"),
        ({"texts": {"first": "a"}}, "texts: expected a text or a list of texts, .*dict"),
        ({"texts": {"a", "b"}}, "texts: expected a text or a list of texts, .*set"),
        ({"texts": None}, "texts: expected a text or a list of texts, got None"),
        ({"texts": 3}, "texts: expected a text or a list of texts, got 3"),
        ({"texts": "a", "max_tokens": 0}, "max_tokens: expected a whole number of at least 1, got 0"),
        ({"texts": "a", "max_tokens": "4"}, "max_tokens: expected a whole number .*'4'"),
        ({"texts": "a", "max_tokens": 4.0}, "max_tokens: expected a whole number .*4.0"),
        ({"texts": "a", "max_tokens": True}, "max_tokens: expected a whole number .*True"),
        ({"texts": "a", "k": 0}, "k: expected a whole number of at least 1, got 0"),
        ({"texts": "a", "k": -1}, "k: expected a whole number .*-1"),
        ({"texts": "a", "k": "2"}, "k: expected a whole number .*'2'"),
        ({"texts": "a", "target": ["de"]}, r"language: expected one code, such as 'de', got \['de'\]"),
        ({"texts": "a", "source": None}, "language: expected one code, such as 'de', got None"),
        ({"texts": "a", "prior": prefixyarn.Own}, r"prior: .* got a class\. Make one: Own"),
        ({"texts": "a", "prior": None}, "prior: expected a name or a source of priors, got NoneType"),
        ({"texts": "a", "prior": ["Das"]}, "prior: expected a name or a source of priors, got list"),
        ({"texts": "a", "prior": "text:\ud800"}, "prior: not UTF-8"),
        ({"texts": "a", "prior": prefixyarn.Text("\ud800")}, "prior of text 1: not UTF-8"),
        ({"texts": "a", "model": "tuned"}, "model 'tuned': expected one of foundation, sft"),
        ({"texts": "a", "journal": 3}, "journal: expected a text or a path, got 3"),
    ],
)
def test_what_cannot_be_answered_is_said(model: Model, asked: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        model.answer(asked.pop("texts"), **asked)


def test_what_else_cannot_be_is_said(model: Model) -> None:
    cases: list[tuple[Callable[[], object], str]] = [
        (lambda: model.likelihood(["a"], [None]), "answer 1: expected a text"),  # type: ignore[list-item]
        (lambda: model.likelihood(["a\ud800"], ["b"]), "text 1: not UTF-8"),
        (lambda: model.check([None]), "text 1: expected a text"),  # type: ignore[list-item]
        (lambda: prefixyarn.compare(model, ["a"], targets="de"), "text 1: expected a text"),  # type: ignore[arg-type]
        (lambda: prefixyarn.compare(model, "a", targets=[]), "targets: expected one or more codes"),
        (lambda: prefixyarn.compare(model, "a", targets="de,fr"), "unknown language code 'de,fr'"),
        (lambda: prefixyarn.look(model, "a", steps=0), "steps: expected a whole number"),
        (lambda: prefixyarn.look(model, "a", candidates=-1), "candidates: expected a whole number"),
        (lambda: prefixyarn.Dictionary({"town": "Stadt"}), "Dictionary: expected a list .*'Stadt'"),  # type: ignore[dict-item]
        (lambda: prefixyarn.Dictionary({"town": ["Stadt"]}), "Dictionary: expected a list"),  # type: ignore[list-item]
        (lambda: prefixyarn.Dictionary(None), "Dictionary: empty"),  # type: ignore[arg-type]
        (lambda: prefixyarn.Dictionary({}, "last"), "the variant 'last' is none"),
    ]
    for call, message in cases:
        with pytest.raises(InputError, match=message):
            call()


def test_one_target_may_be_given_as_it_is(model: Model) -> None:
    assert [row.target for row in prefixyarn.compare(model, TEXTS[0], targets="de")] == ["de", "de"]


def test_threads_take_turns(model: Model) -> None:
    alone = [model.answer(text, prior="own", max_tokens=8) for text in TEXTS]
    with ThreadPoolExecutor(4) as pool:
        again = [*pool.map(lambda text: model.answer(text, prior="own", max_tokens=8), TEXTS * 2)]
        scored = [*pool.map(lambda text: model.likelihood(text, "Das Haus."), TEXTS * 2)]
    assert again == alone * 2 and scored[: len(TEXTS)] == scored[len(TEXTS) :]


def test_all_public_names_come_with_a_star() -> None:
    there: dict[str, object] = {}
    exec("from prefixyarn import *", there)
    assert {*prefixyarn.__all__} <= {*there} and there["Own"] is prefixyarn.Own


def test_a_text_must_fit_into_the_model(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model.backend.foundation.model.config, "max_position_embeddings", 64)
    assert model.answer("The house.", prior="none", max_tokens=8)
    with pytest.raises(InputError, match="text 2: .* tokens with prompt and answer, but the model reads 64 at most"):
        model.answer(["The house.", "a " * 60], max_tokens=8)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"model": "/nowhere/x"}, "/nowhere/x: no such folder"),
        ({"model": ""}, "model: empty"),
        ({"model": __file__}, r"test_own_text\.py: a file\. Give the folder that holds a model"),
        ({"task": "translating"}, "task 'translating': expected one of translation, summarization, tagging"),
        ({"run": "nowhere"}, "results/nowhere: no such run"),
        ({"prompt": "no place"}, "the placeholder {source} is missing"),
        ({"prompt": 3}, r"prompt: expected a text, got 3 \(int\)"),
        ({"model": object}, "model: expected a text or a path, got <class 'object'>"),
        ({"dictionary": {"town": "Stadt"}}, "dictionary: expected a text or a path, got {'town': 'Stadt'}"),
        ({"task": ["tagging"]}, "task: expected a text"),
    ],
)
def test_what_cannot_be_opened_is_said(folder: Path, asked: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        prefixyarn.load(asked.pop("model", folder), **asked)


def test_a_folder_is_converted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    source = tiny.save_model(tmp_path / "mine")
    first = prefixyarn.load(source)
    manifest = next((tmp_path / "cache").rglob("manifest.json"))
    made = manifest.stat().st_mtime_ns
    assert first.name == "mine" and prefixyarn.load(source).name == "mine" and manifest.stat().st_mtime_ns == made
    tiny.save_model(source, seed=1)
    again = prefixyarn.load(source)
    assert isinstance(again.backend, Builtin) and again.backend.identity("foundation") != first.backend.identity(
        "foundation"
    )


def test_the_templates_are_those_that_the_default_run_chose() -> None:
    from prefixyarn.tables.prompts import PromptRow
    from prefixyarn.tables.rows import read_rows

    for task, prompt in PROMPTS.items():
        rows = read_rows(ROOT / f"results/default/tables/prompts_{task}.csv", PromptRow)
        assert {row.prompt for row in rows if row.chosen} == {prompt.name}, task


@pytest.mark.parametrize("task", ["translation", "tagging"])
def test_an_empty_text_gets_an_empty_answer(folder: Path, task: str) -> None:
    model = prefixyarn.load(folder, task=task)
    counted: list[int] = []
    texts = ["", "The house.", " \u200b", "The file.", "\u3164"]
    answers = model.answer(texts, prior="none", max_tokens=12, done=counted.append)
    assert [answer.text == "" for answer in answers] == [True, False, True, False, True] and sum(counted) == 5
    assert [answer.stop for answer in answers][::2] == ["empty"] * 3 and answers[0].language is None
    assert answers[1::2] == model.answer(texts[1::2], prior="none", max_tokens=12)
    assert [*model.check(texts)] == [2, 4]
    assert [answer.text for answer in model.answer(["", " "])] == ["", ""]
    with pytest.raises(InputError, match="no text: each of them is empty"):
        model.check(["", " "])
    with pytest.raises(InputError, match="text 2: empty"):
        model.likelihood(["a", "\u200b"], ["b", "c"])


def test_a_table_that_a_spreadsheet_wrote_is_no_runs_dictionary(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "words.tsv").write_text('"house"\t"Haus"\nfile\tDatei\n')
    known = prefixyarn.load(folder, dictionary=tmp_path / "words.tsv")
    assert known.answer("The house\u200b.", prior="first", k=8, max_tokens=12)[0].prior.strip() == "Haus"
    (tmp_path / "words.tsv").write_text("house\tHaus\t0.5000\nhouse\tHeim\t0.5000\n")
    assert known.answer("The house.", prior="first", k=8, max_tokens=12)[0].prior.strip() == "Haus"
