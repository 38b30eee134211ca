import random
from dataclasses import asdict

import numpy as np
import pytest
import torch

import tiny
from prefixyarn.analysis.agreement import Read, compare, steps
from prefixyarn.analysis.quality import KINDS, LEVELS, corrupt, corrupt_system, replaced, threshold
from prefixyarn.analysis.steps import TEACHER_FORCED
from prefixyarn.data.words import words
from prefixyarn.decode.batch import Request
from prefixyarn.languages import Direction
from prefixyarn.metrics.continuation import Cutter
from prefixyarn.metrics.ngrams import CHRF
from prefixyarn.metrics.shares import Mean
from prefixyarn.metrics.units import NONE, SFT
from prefixyarn.models.foundation import Foundation
from prefixyarn.priors import RandomWords
from prefixyarn.records import Item, Output, System
from prefixyarn.tables.agreement import agreement_markdown, agreement_rows
from prefixyarn.tables.quality import Answered, Scorer, propagation_rows, quality_rows, units_rows

tok = tiny.tokenizer()


def test_divergences_by_hand() -> None:
    sft = torch.tensor([[0.5, 0.25, 0.25], [0.2, 0.7, 0.1]]).log()
    foundation = torch.tensor([[0.25, 0.5, 0.25], [0.3, 0.5, 0.2]]).log()
    found = compare(foundation, sft)
    assert found["agree"].tolist() == [False, True]
    assert found["rank"].tolist() == [2, 1], "of tokens as likely as the SFT model's, none is before it"
    kl = 0.5 * np.log(2) + 0.25 * np.log(0.5)
    assert float(found["kl"][0]) == pytest.approx(kl, abs=1e-6)
    p, q = np.array([0.5, 0.25, 0.25]), np.array([0.25, 0.5, 0.25])
    m = (p + q) / 2
    js = ((p * np.log(p / m)).sum() + (q * np.log(q / m)).sum()) / 2
    assert float(found["js"][0]) == pytest.approx(js, abs=1e-6)
    assert float(found["entropy_sft"][0]) == pytest.approx(1.5 * np.log(2), abs=1e-6)
    same = compare(sft, sft)
    assert same["agree"].all() and float(same["kl"].abs().max()) < 1e-6 and float(same["js"].abs().max()) < 1e-6


class Twice:
    """An SFT model that is a second model."""

    def __init__(self, model: torch.nn.Module) -> None:
        self.model = model

    def on(self):  # type: ignore[no-untyped-def]
        from contextlib import nullcontext

        return nullcontext(self.model)


def test_steps_are_positions_after_the_given_tokens() -> None:
    one, two = tiny.gemma(len(tok), seed=1), tiny.gemma(len(tok), seed=2)
    reads = [Read("a", TEACHER_FORCED, Request((2, 50, 60), (70, 80, 90))), Read("b", 1, Request((2, 50), (70, 80)))]
    found = steps(reads, Foundation("tiny", one, tok), Twice(two))  # type: ignore[arg-type]
    assert [(s.item, s.k, s.t) for s in found] == [("a", -1, 0), ("a", -1, 1), ("a", -1, 2), ("b", 1, 1)]
    with torch.inference_mode():
        ours = one(torch.tensor([[2, 50, 60, 70]])).logits[0, -1].log_softmax(-1)
        theirs = two(torch.tensor([[2, 50, 60, 70]])).logits[0, -1].log_softmax(-1)
    best = int(theirs.argmax())
    assert found[1].rank == int((ours > ours[best]).sum()) + 1 and found[1].agree == (int(ours.argmax()) == best)
    itself = steps(reads, Foundation("tiny", one, tok), Twice(one))  # type: ignore[arg-type]
    assert all(s.agree and s.rank == 1 and abs(s.kl) < 1e-5 for s in itself)


REFERENCE = "Die Datei wurde, wie gewünscht, nicht gespeichert."


def test_replaced_words_grow_with_the_level() -> None:
    def at(level: int) -> str:
        return replaced(REFERENCE, "de", 4, level, lambda place, word: f"X{place}", random.Random(1))

    assert at(0) == "Die Datei wurde, wie"
    before: set[str] = set()
    for level in LEVELS:
        new = {word for word in at(level).replace(",", "").split() if word.startswith("X")}
        assert before <= new and len(new) == round(4 * level / 100)
        before = new
    assert at(100) == "X0 X1 X2, X3", "what stands between the words is kept"


def test_words_of_another_script_stay_apart_in_chinese() -> None:
    rng = random.Random(1)
    assert replaced("请选择团队", "zh", 3, 100, lambda place, word: f"word{place}", rng) == "word0 word1 word2"
    assert replaced("请选择团队", "zh", 3, 100, lambda place, word: "字词", rng) == "字词字词字词"


def test_a_word_is_not_replaced_by_itself() -> None:
    item = Item("1", "The file was not saved.", REFERENCE)
    other = Item("2", "The list is empty.", "Die Liste ist leer.")
    drawn = RandomWords([REFERENCE], "de", lambda word: 1)
    assert words(corrupt(item, other, "other-item", 100, 4, ("en", "de"), drawn, 1), "de")[0] == "Liste"


def test_each_kind_takes_its_words_from_where_it_says() -> None:
    item = Item("1", "The file was not saved, as asked.", REFERENCE)
    other = Item("2", "Please check all names.", "Bitte alle Namen prüfen.")
    drawn = RandomWords(["Der Nutzer und das Haus sind in dem Garten"] * 3, "de", lambda word: 1)
    found = {kind: words(corrupt(item, other, kind, 100, 4, ("en", "de"), drawn, 1), "de") for kind in KINDS}
    assert found["other-item"] == ["Bitte", "alle", "Namen", "prüfen"]
    assert found["wrong-language"] == ["The", "file", "was", "not"]
    assert {w.lower() for w in found["random-content"]} <= {"nutzer", "haus", "garten"}
    assert {w.lower() for w in found["random-function"]} <= {"der", "und", "das", "sind", "in", "dem"}
    assert corrupt(item, other, "random-content", 50, 4, ("en", "de"), drawn, 1) == corrupt(
        item, other, "random-content", 50, 4, ("en", "de"), drawn, 1
    )
    assert corrupt_system("other-item", 0, 4) == System("oracle", "", 4, "word")


def mean(score: float, spread: float = 0.0) -> Mean:
    return Mean(score, np.array([score - spread, score, score + spread]))


def test_thresholds() -> None:
    curve = {0: mean(40), 50: mean(30), 100: mean(20)}
    found = threshold(curve, mean(25))
    assert found.level == 75 and found.low == found.high == 75 and found.found == 1
    assert threshold(curve, mean(10)).level is None and threshold(curve, mean(10)).found == 0
    assert threshold(curve, mean(45)).level == 0
    # On the resample where the baseline is 30 higher it is crossed, on the others not.
    unsure = threshold(curve, mean(15, 20))
    assert unsure.level is None and unsure.found == pytest.approx(1 / 3) and unsure.low == pytest.approx(25)


def test_agreement_is_tabulated_by_position_and_direction() -> None:
    base = {"kl": 1.0, "js": 0.1, "entropy_foundation": 2.0, "entropy_sft": 1.0}
    steps_ = {
        unit: [{**base, "item": i, "k": -1, "t": t, "rank": rank} for i in ("a", "b") for t, rank in enumerate(ranks)]
        for unit, ranks in {"en-de": [1, 1, 3], "en-fr": [2, 1, 60]}.items()
    }
    rows = agreement_rows(steps_, "m", 1000, 1)
    by_group = {row["group"]: row for row in rows}
    assert (
        by_group["all"]["n"] == 12
        and by_group["all"]["top 1"] == 50
        and by_group["all"]["top 5"] == pytest.approx(1000 / 12)
    )
    assert by_group["all"]["top 5 of the rest"] == pytest.approx(200 / 3)
    assert by_group["t from 0"]["top 1"] == 50 and by_group["en-de"]["top 1"] == pytest.approx(200 / 3)
    assert by_group["all"]["top 1 low"] == by_group["all"]["top 1 high"] == 50, "both items are alike"
    assert "SFT model's answer" in agreement_markdown(rows)


ITEMS = [
    Item("a", "The file was not saved today.", "Die Datei wurde heute nicht gespeichert."),
    Item("b", "Please check all names.", "Bitte alle Namen prüfen."),
]


def output(item: Item, system: System, given: str, added: str) -> Output:
    ids = [1] * len(given.split())
    return Output(item.id, **asdict(system), prior_ids=ids, new_ids=[2], raw="", text=given + added, continuation=added,
                  stop="eos", new_tokens=1)  # fmt: skip


def answered() -> Answered:
    """Two items; what follows a prior of two words gets worse with its level."""
    outputs: dict[System, dict[str, Output]] = {}

    def add(system: System, texts: list[tuple[str, str]]) -> None:
        outputs[system] = {i.id: output(i, system, *text) for i, text in zip(ITEMS, texts, strict=True)}

    add(NONE, [("", "The file was not saved today."), ("", "Bitte prüfen.")])
    add(SFT, [("", "Die Datei wurde nicht gespeichert."), ("", "Bitte alle Namen prüfen.")])
    add(System("oracle", "", 2, "word"), [("Die Datei", " wurde nicht gespeichert."), ("Bitte alle", " Namen prüfen.")])
    for kind in KINDS:
        for level in LEVELS:
            given = "Die Katze" if level < 100 else "Eine Katze"
            add(corrupt_system(kind, level, 2), [(given, " wurde heute gefressen."), ("Ein Tier", " frisst.")])
    add(System("pseudo", "first", 2, "token"), [("Datei", " wurde nicht"), ("Bitte al", "le Namen.")])
    for unit in ("token", "word"):
        texts = [("Die Datei", " wurde nicht gespeichert."), ("Bitte alle", " Namen prüfen.")]
        add(System("sft", "", 2, unit), texts)
    direction = Direction("en", "de")
    return Answered(direction, ITEMS, outputs, Cutter(tok.backend_tokenizer, direction))


def chrf(texts: list[str], references: list[str]) -> float:
    return CHRF.corpus(texts, references, "de")


def test_quality_is_that_of_what_follows_the_prior() -> None:
    scorer = Scorer([answered()], 1000, 1)
    rows = {(row["kind"], row["level"]): row for row in quality_rows(scorer, "m", [2])}
    rest = ["wurde heute nicht gespeichert.", "Namen prüfen."]
    assert len(rows) == len(KINDS) * (1 + len(LEVELS))
    good, bad = rows["other-item", 0], rows["other-item", 100]
    assert good["rest"] == pytest.approx(chrf(["wurde nicht gespeichert.", "Namen prüfen."], rest))
    assert bad["rest"] == pytest.approx(chrf(["wurde heute gefressen.", "frisst."], rest))
    assert bad["mean"] == pytest.approx(
        chrf(["Eine Katze wurde heute gefressen.", "Ein Tier frisst."], [i.target for i in ITEMS])
    )
    assert good["rest none"] == pytest.approx(chrf(["was not saved today.", "."], rest))
    assert good["rest sft"] == pytest.approx(chrf(["wurde nicht gespeichert.", "Namen prüfen."], rest))
    assert good["worse than none"] is None and good["covered"] == 0 and scorer.covered(4) == 0.5
    assert good["p none uncorrected"] == rows["random-content", 0]["p none uncorrected"] <= good["p none"]


def test_units_end_where_priors_end() -> None:
    rows = units_rows(Scorer([answered()], 1000, 1), "m", [1, 2])
    found = [(row["kind"], row["k"], row["k_unit"]) for row in rows]
    # Half of the pseudo priors have two tokens.
    assert found == [
        ("none", 0, ""),
        ("oracle", 2, "word"),
        ("pseudo", 2, "token"),
        ("sft", 2, "token"),
        ("sft", 2, "word"),
    ]
    own = answered()
    short = System("pseudo", "first", 2, "token")
    own.outputs[short]["b"] = output(ITEMS[1], short, "Bitte", " alle.")  # type: ignore[index]
    assert "pseudo" not in [row["kind"] for row in units_rows(Scorer([own], 1000, 1), "m", [1, 2])]


def test_propagation_knows_right_words_from_wrong_ones() -> None:
    rows = {(row["kind"], row["right"]): row for row in propagation_rows([answered()], "m", 1000, 1)}
    # "Datei" is not where the reference has it; of "Bitte al" the second word has begun.
    assert rows["pseudo", "none"]["n"] == 1 and rows["pseudo", "all"]["n"] == 1
    assert rows["sft", "all"]["n"] == 2 and ("sft", "none") not in rows
    assert rows["oracle", "all"]["rest"] == pytest.approx(
        np.mean([chrf(["wurde nicht gespeichert."], ["wurde heute nicht gespeichert."]), 100])
    )
    assert rows["oracle", "all"]["within"] > 0 > rows["pseudo", "none"]["within"]
