from __future__ import annotations

import pickle
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save
from safetensors.torch import load_file
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast

import tiny
from prefixyarn.data.words import tagged, tags_of
from prefixyarn.errors import InputError
from prefixyarn.models.refined import first_unit_accuracy, fitting, linear, linear_weights, seq2seq, token_classifier
from prefixyarn.records import Item

CORPUS = [Item(str(n), e, g) for n, (e, g, _) in enumerate(tiny.parallel(1, 120))]
CHINESE = [Item(str(n), e, z) for n, (e, _, z) in enumerate(tiny.parallel(1, 120))]
T5 = {"model_type": "t5", "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4, "dropout_rate": 0.0}


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("Die Datei wurde, ja.", "de", ["Die", " Datei", " wurde", ", ja"]),
        ("«Ja», sagt er", "de", ["«Ja", "», sagt", " er"]),
        ("用户可以", "zh", ["用户", "可以"]),
        ("L'utilisateur", "fr", ["L'", "utilisateur"]),
        ("123", "de", []),
    ],
)
def test_units_join_to_the_text(text: str, code: str, expected: list[str]) -> None:
    assert linear.units(text, code, 4) == expected
    assert text.startswith("".join(expected))


def test_linear_predicts_unseen_sentences(tmp_path: Path) -> None:
    train = {"en-de": CORPUS[20:], "en-zh": CHINESE[20:]}
    parameters = linear.train(train, {}, {"units": 3, "seed": 1}, "", tmp_path, tmp_path)
    assert parameters > 100
    for subset, items, code in (("en-de", CORPUS[:20], "de"), ("en-zh", CHINESE[:20], "zh")):
        texts, whole = linear.predict(tmp_path, subset, items, 8)
        assert not whole and all(len(linear.units(text, code, 9)) <= 3 + (code == "zh") for text in texts)
        assert first_unit_accuracy(texts, items, code) > 0.8
    # The second unit is conditioned on the first: noun after the article of its gender.
    texts, _ = linear.predict(tmp_path, "en-de", CORPUS, 8)
    assert sum(item.target.startswith(text) for item, text in zip(CORPUS, texts, strict=True)) > 90


def test_linear_is_the_same_again(tmp_path: Path) -> None:
    for name in ("one", "two"):
        linear.train({"en-de": CORPUS}, {}, {"units": 2, "seed": 1}, "", tmp_path / name, tmp_path)
    assert (tmp_path / "one/en-de.safetensors").read_bytes() == (tmp_path / "two/en-de.safetensors").read_bytes()


@pytest.mark.parametrize("classes", [2, 5])
def test_weights_predict_what_scikit_learn_does(classes: int, tmp_path: Path) -> None:
    draw = random.Random(classes)
    names = [f"f={n}" for n in range(40)]
    rows = [[*draw.choices(names, k=6), "und", "größe"] for _ in range(300)]
    wanted = [f" {sum(len(name) + int(name[2:]) for name in row[:3]) % classes}" for row in rows]
    own = linear_weights.fit(rows[:200], wanted[:200], seed=1)
    linear_weights.write(tmp_path / "x.safetensors", [own, " Die"])
    (read, constant) = linear_weights.read(tmp_path, "x")
    vectors = CountVectorizer(analyzer=list, binary=True)
    model = LogisticRegression(C=10.0, max_iter=50, tol=1e-3, random_state=1)
    model.fit(vectors.fit_transform(rows[:200]), wanted[:200])
    others = [*rows, [], ["never seen"]]
    expected = model.predict(vectors.transform(others)).tolist()
    assert constant == " Die" and isinstance(read, linear_weights.Weights)
    assert own.predict(others) == read.predict(others) == expected and len({*expected}) == classes


class Bad:
    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("code was run",))


def test_a_file_of_weights_runs_no_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for data in (pickle.dumps(Bad()), b"", b"x" * 100, save({"coefficients 0": np.zeros(2)})):
        (tmp_path / "en-de.safetensors").write_bytes(data)
        with pytest.raises(InputError, match=r"en-de\.safetensors: damaged or not a refined model"):
            linear.predict(tmp_path, "en-de", CORPUS[:2], 8)
    assert "code was run" not in capsys.readouterr().out
    with pytest.raises(InputError, match="trained on en-de, not on en-fr"):
        linear.predict(tmp_path, "en-fr", CORPUS[:2], 8)


def test_linear_with_one_opening(tmp_path: Path) -> None:
    same = [Item(i.id, i.source, "Ja") for i in CORPUS]
    linear.train({"en-de": same}, {}, {"units": 2, "seed": 1}, "", tmp_path, tmp_path)
    assert linear.predict(tmp_path, "en-de", CORPUS[:2], 8) == (["Ja", "Ja"], False)


def test_linear_needs_some_sentences(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="5 training items in en-de are too few, at least 20"):
        linear.train({"en-de": CORPUS[:5]}, {}, {"units": 2, "seed": 1}, "", tmp_path, tmp_path)


SEQ2SEQ = {"seed": 1, "steps": 80, "batch": 8, "rate": 0.01, "max_tokens": 60, "source": {"kind": "new", "config": T5}}


def test_seq2seq_from_scratch_learns(tmp_path: Path) -> None:
    few = CORPUS[:8]
    parameters = seq2seq.train({"en-de": few}, {"en-de": few}, SEQ2SEQ, "", tmp_path / "model", tmp_path / "state")
    assert parameters > 1000 and not (tmp_path / "state").exists()
    texts, whole = seq2seq.predict(tmp_path / "model", "en-de", few, 3)
    assert whole and len(texts) == 8
    assert first_unit_accuracy(texts, few, "de") >= 0.75
    with pytest.raises(InputError, match="trained on en-de, not on en-fr"):
        seq2seq.predict(tmp_path / "model", "en-fr", few, 8)


def test_seq2seq_goes_on_after_a_kill_and_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = SEQ2SEQ | {"steps": 8}
    arguments = {"en-de": CORPUS[:16]}, {"en-de": CORPUS[:4]}, config, ""
    seq2seq.train(*arguments, tmp_path / "whole", tmp_path / "state")

    class Killed(Exception):
        pass

    def kill(self: object, *args: object, **kwargs: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(
            fitting.Trainer, "_load_best_model", kill
        )  # after the last checkpoint, before the model is written
        with pytest.raises(Killed):
            seq2seq.train(*arguments, tmp_path / "killed", tmp_path / "state")
    assert not (tmp_path / "killed").exists() and any((tmp_path / "state").rglob("checkpoint-8"))
    monkeypatch.setattr(fitting.Trainer, "training_step", kill)  # no step is left to be made
    seq2seq.train(*arguments, tmp_path / "killed", tmp_path / "state")
    whole, again = (tmp_path / name / "model.safetensors" for name in ("whole", "killed"))
    assert whole.read_bytes() == again.read_bytes()


def test_seq2seq_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="2 training items are fewer than one batch of 8"):
        seq2seq.train({"en-de": CORPUS[:2]}, {"en-de": CORPUS[:2]}, SEQ2SEQ, "", tmp_path / "model", tmp_path / "state")
    with pytest.raises(InputError, match=r"the loss is nan at step \d+, rate .* Lower the rate"):
        seq2seq.train(
            {"en-de": CORPUS[:8]},
            {"en-de": CORPUS[:8]},
            SEQ2SEQ | {"rate": 1e30, "steps": 8},
            "",
            tmp_path / "m",
            tmp_path / "s",
        )


def test_seq2seq_tells_an_nllb_tokenizer_its_languages(tmp_path: Path) -> None:
    class Marking:
        src_lang = tgt_lang = ""

        def get_vocab(self) -> dict[str, int]:
            return {"eng_Latn": 1, "deu_Latn": 2}

    made: Any = Marking()
    assert seq2seq._inputs(made, ["A file."], seq2seq.Direction("en", "de")) == ["A file."]
    assert (made.src_lang, made.tgt_lang) == ("eng_Latn", "deu_Latn")
    with pytest.raises(InputError, match=r"does not know Yoruba \(yor_Latn\)"):
        seq2seq._inputs(made, ["A file."], seq2seq.Direction("en", "yo"))
    plain: Any = object()
    assert seq2seq._inputs(plain, ["A file."], seq2seq.Direction("en", "de")) == [
        "translate English to German: A file."
    ]


def test_token_classifier_learns_tags(tmp_path: Path) -> None:
    tok = tiny.tokenizer()
    own = PreTrainedTokenizerFast(tokenizer_object=tok.backend_tokenizer, pad_token="<pad>", unk_token="<unk>")
    own.save_pretrained(tmp_path / "encoder")
    small = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    BertForTokenClassification(BertConfig(vocab_size=len(own), **small)).save_pretrained(tmp_path / "encoder")
    tags = {"Die": "DET", "Der": "DET", "Das": "DET"}
    items = [
        Item(i.id, i.target, tagged(i.target.split(), [tags.get(w, "X") for w in i.target.split()])) for i in CORPUS
    ]
    config = {"seed": 1, "steps": 80, "batch": 8, "rate": 0.01, "max_tokens": 60}
    token_classifier.train(
        {"de": items[20:]}, {"de": items[:8]}, config, str(tmp_path / "encoder"), tmp_path / "model", tmp_path / "state"
    )
    texts, whole = token_classifier.predict(tmp_path / "model", "de", items[:20], 7)
    assert whole and [tags_of(Item("", i.source, t)) for t, i in zip(texts, items, strict=False)]
    assert sum(t == i.target for t, i in zip(texts, items[:20], strict=True)) > 15
    with pytest.raises(InputError, match="trained on de, not on fr"):
        token_classifier.predict(tmp_path / "model", "fr", items[:1], 8)
    with pytest.raises(InputError, match="item a: 2 words, but 1 of them with tags"):
        token_classifier.train(
            {"de": [Item("a", "zwei Worte", "zwei (X)")]},
            {},
            config,
            str(tmp_path / "encoder"),
            tmp_path / "m",
            tmp_path / "s",
        )


def test_first_unit_accuracy() -> None:
    items = [Item("a", "", "Die Datei"), Item("b", "", "Eine Seite"), Item("c", "", "«Ja»")]
    assert first_unit_accuracy(["Die Seite", "Die Seite", "Ja doch"], items, "de") == pytest.approx(2 / 3)


@pytest.mark.parametrize(("refined", "make"), [(seq2seq, "mt5"), (token_classifier, "xlmr")])
def test_only_safe_weights_are_read_and_no_code_is_run(refined: Any, make: str, tmp_path: Path) -> None:
    tiny.published(tmp_path)
    items = [Item(i.id, i.target, tagged(i.target.split(), ["X"] * len(i.target.split()))) for i in CORPUS[:8]]
    config = {"seed": 1, "steps": 1, "batch": 2, "rate": 1e-3, "max_tokens": 20, "source": {"kind": "local"}}
    subset = "en-de" if refined is seq2seq else "de"

    def train(folder: Path) -> None:
        refined.train({subset: items}, {subset: items}, config, str(folder), tmp_path / "made", tmp_path / "state")

    whole = tmp_path / make
    train(whole)
    coded = shutil.copytree(whole, tmp_path / "coded")
    tiny.with_code(coded, "config", "AutoConfig", tmp_path / "ran")
    with pytest.raises(InputError, match="coded: no model for .*custom code"):
        train(coded)
    assert not (tmp_path / "ran").exists()
    torch.save(load_file(whole / "model.safetensors"), whole / "pytorch_model.bin")
    (whole / "model.safetensors").unlink()
    with pytest.raises(InputError, match=f"{make}: no model for .*safetensors"):
        train(whole)
