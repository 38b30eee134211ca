from dataclasses import asdict

import numpy as np
import pytest

import tiny
from prefixyarn.analysis.answered import Answered, Scorer
from prefixyarn.analysis.prior_length.table import length_rows
from prefixyarn.analysis.prior_quality.propagation import propagation_rows
from prefixyarn.analysis.prior_quality.sft_priors import sft_prior_rows
from prefixyarn.analysis.prior_quality.table import quality_markdown, quality_rows
from prefixyarn.analysis.prior_quality.threshold import Threshold, threshold
from prefixyarn.languages import Direction
from prefixyarn.metrics.bootstrap import interval
from prefixyarn.metrics.continuation import PrefixStripper
from prefixyarn.metrics.ngrams import CHRF
from prefixyarn.metrics.shares import Mean, p_value
from prefixyarn.priors.corrupt import CORRUPTIONS, levels_of
from prefixyarn.records import Item, Output, System
from prefixyarn.systems import NONE, SFT, corrupt_system

tok = tiny.tokenizer()


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
    for corruption in CORRUPTIONS:
        for level in levels_of(2):
            given = "Die Katze" if level < 100 else "Eine Katze"
            add(corrupt_system(corruption, level, 2), [(given, " wurde heute gefressen."), ("Ein Tier", " frisst.")])
    add(System("pseudo", "first", 2, "token"), [("Datei", " wurde nicht"), ("Bitte al", "le Namen.")])
    for subset in ("token", "word"):
        texts = [("Die Datei", " wurde nicht gespeichert."), ("Bitte alle", " Namen prüfen.")]
        add(System("sft", "", 2, subset), texts)
    direction = Direction("en", "de")
    return Answered(direction, ITEMS, outputs, PrefixStripper(tok.backend_tokenizer, direction))


def chrf(texts: list[str], references: list[str]) -> float:
    return CHRF.corpus(texts, references, "de")


def test_quality_is_that_of_what_follows_the_prior() -> None:
    scorer = Scorer([answered()], 1000, 1)
    quality = quality_rows(scorer, "m", [2])
    rows = {(row.corruption, row.level): row for row in quality}
    rest = ["wurde heute nicht gespeichert.", "Namen prüfen."]
    assert len(rows) == len(CORRUPTIONS) * (1 + len(levels_of(2)))
    good, bad = rows["other-item", 0], rows["other-item", 100]
    assert good.rest.score == pytest.approx(chrf(["wurde nicht gespeichert.", "Namen prüfen."], rest))
    assert bad.rest.score == pytest.approx(chrf(["wurde heute gefressen.", "frisst."], rest))
    assert bad.score.score == pytest.approx(
        chrf(["Eine Katze wurde heute gefressen.", "Ein Tier frisst."], [i.target for i in ITEMS])
    )
    assert good.rest_none == pytest.approx(chrf(["was not saved today.", "."], rest))
    assert good.rest_sft == pytest.approx(chrf(["wurde nicht gespeichert.", "Namen prüfen."], rest))
    assert good.worse_than_none is None and good.below_none.level is None
    assert bad.below_sft == Threshold(
        bad.worse_than_sft, bad.worse_than_sft_low, bad.worse_than_sft_high, bad.worse_than_sft_found
    )
    assert good.covered == 0 and scorer.covered(4) == 0.5
    assert {row.level for row in quality} == {0, 50, 100}, "of two words one can be replaced, or both"
    lengths, made = length_rows(scorer, "m", [2]), [answered()]
    told = (sft_prior_rows(made, "m", 1000, 1), propagation_rows(made, "m", 1000, 1))
    text = quality_markdown(quality, lengths, *told)
    assert "- 0 % of references have no more than 2 words." in text and "| 2 words | other-item" in text


def test_harm_is_the_paired_difference_from_none() -> None:
    scorer = Scorer([answered()], 1000, 1)
    for row in quality_rows(scorer, "m", [2]):
        own, none = scorer.mean(corrupt_system(row.corruption, row.level, 2), 2, "word"), scorer.mean(NONE, 2, "word")
        assert row.harm.score == pytest.approx(row.rest.score - row.rest_none)
        assert row.harm == interval(own.score - none.score, own.resampled - none.resampled)
        assert row.harm.low <= row.harm.score <= row.harm.high
        assert row.p_none == p_value(own, none), "one test a row, not corrected"


def test_units_end_where_priors_end() -> None:
    rows = length_rows(Scorer([answered()], 1000, 1), "m", [1, 2])
    # Half of the pseudo priors have two tokens.
    assert [(row.system.kind, row.system.k, row.system.unit) for row in rows] == [
        ("none", 0, ""),
        ("oracle", 2, "word"),
        ("pseudo", 2, "token"),
        ("sft", 2, "token"),
        ("sft", 2, "word"),
    ]
    own = answered()
    short = System("pseudo", "first", 2, "token")
    own.outputs[short]["b"] = output(ITEMS[1], short, "Bitte", " alle.")  # type: ignore[index]
    assert "pseudo" not in [row.system.kind for row in length_rows(Scorer([own], 1000, 1), "m", [1, 2])]
    assert [row.system.k for row in length_rows(Scorer([own], 1000, 1), "m", [1])] == [0]


def test_propagation_knows_right_words_from_wrong_ones() -> None:
    rows = {(row.kind, row.right): row for row in propagation_rows([answered()], "m", 1000, 1)}
    # "Datei" is not where the reference has it; of "Bitte al" the second word has begun.
    assert rows["pseudo", "none"].n == 1 and rows["pseudo", "all"].n == 1
    assert rows["sft", "all"].n == 2 and ("sft", "none") not in rows
    assert rows["oracle", "all"].rest == pytest.approx(
        np.mean([chrf(["wurde nicht gespeichert."], ["wurde heute nicht gespeichert."]), 100])
    )
    assert rows["oracle", "all"].within.score > 0 > rows["pseudo", "none"].within.score
