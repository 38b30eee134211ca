import numpy as np
import pytest

import tiny
from prefixyarn.data.catalogues import Sentence
from prefixyarn.data.splits import NEAR_DUPLICATE, Splits, check_unseen, items, similarities, split_sentences
from prefixyarn.errors import InputError
from prefixyarn.languages import Direction
from prefixyarn.records import Item

SIZES = {"dev": 5, "test": 8, "out_of_domain": 4}
CODES = ["en", "de", "zh"]


def sentences() -> list[Sentence]:
    made = [
        Sentence("held" if n % 4 == 0 else "one", {"en": e, "de": g, "zh": z})
        for n, (e, g, z) in enumerate(tiny.parallel(1, 300))
    ]
    # Some lack a language; one stands in both packages.
    made[10] = Sentence("one", {c: t for c, t in made[10].texts.items() if c != "zh"})
    return [*made, Sentence("one", made[0].texts)]


def grams(text: str) -> set[str]:
    return {text.lower()[i : i + 5] for i in range(len(text) - 4)}


def test_similarity_is_jaccard_of_character_5_grams() -> None:
    left, right = (
        ["The file was saved.", "abc", "Completely other words"],
        ["the file was deleted.", "The file was saved."],
    )
    found = similarities(left, right)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            union = grams(a) | grams(b)
            assert found[i, j] == pytest.approx(len(grams(a) & grams(b)) / len(union))
    assert similarities([], ["x"]).shape == (0, 1)
    assert similarities(["abc"], ["abc"])[0, 0] == 0


def test_splits_are_disjoint_and_free_of_near_duplicates() -> None:
    splits = split_sentences(sentences(), CODES, ["en", "de"], "held", SIZES, seed=1)
    held_out = [*splits.dev, *splits.test, *splits.out_of_domain]
    assert [len(splits.dev), len(splits.test), len(splits.out_of_domain)] == [5, 8, 4]
    assert splits.dropped > 0 and splits.train
    for code in ("en", "de"):  # checked by sets of n-grams, independently of the implementation
        ours = [s.texts[code] for s in held_out]
        for n, text in enumerate(ours):
            for other in [*ours[:n], *(s.texts[code] for s in splits.train)]:
                assert len(grams(text) & grams(other)) / len(grams(text) | grams(other)) < NEAR_DUPLICATE
    assert all(set(CODES) <= set(s.texts) for s in held_out)


def test_held_out_package_is_never_trained_on() -> None:
    splits = split_sentences(sentences(), CODES, ["en"], "held", SIZES, seed=1)
    held = {s.english for s in sentences() if s.package == "held"}
    assert not held & {s.english for s in [*splits.train, *splits.dev, *splits.test]}
    assert all(s.package == "held" for s in splits.out_of_domain)


def test_a_shared_translation_keeps_a_sentence_out_of_training() -> None:
    made = sentences()
    before = split_sentences(made, CODES, ["en"], "held", SIZES, seed=1)
    # A training sentence gets the German of a test sentence; its English stays, and so does the draw.
    victim = before.train[0]
    twin = Sentence(victim.package, {**victim.texts, "de": before.test[0].texts["de"]})
    after = split_sentences([twin if s == victim else s for s in made], CODES, ["en"], "held", SIZES, seed=1)
    assert after.test == before.test
    assert twin not in after.train and len(after.train) == len(before.train) - 1


def test_check_catches_leaks() -> None:
    a, b = (
        Sentence("x", {"en": "The first sentence here."}),
        Sentence("x", {"en": "Nothing in common, surely?"}),
    )
    Splits([a], [b], [], [], 0).check(["en"])
    with pytest.raises(AssertionError, match="share a text"):
        Splits([a], [a], [], [], 0).check(["en"])
    near = Sentence("x", {"en": "The first sentence here!"})
    with pytest.raises(AssertionError, match="near-duplicate"):
        Splits([near], [], [a], [], 0).check(["en"])


@pytest.mark.parametrize("source", ["The first sentence here.", "The first sentence here!"])
def test_what_is_held_out_is_not_trained_on(source: str) -> None:
    train = [Item("a", "Something else altogether.", "x"), Item("b", "The first sentence here.", "y")]
    check_unseen(train, [Item("c", "Nothing in common, surely?", "y")])
    with pytest.raises(InputError, match="training split holds 'The first sentence here.', which is, or nearly is"):
        check_unseen(train, [Item("c", source, "z")])


def test_draw_is_seeded() -> None:
    one, same, other = (split_sentences(sentences(), CODES, ["en"], "held", SIZES, seed) for seed in (1, 1, 2))
    assert one == same and one.test != other.test


def test_too_few_sentences_is_an_error() -> None:
    with pytest.raises(InputError, match=r"translation\.items\.test: 999 sentences wanted in all of en, de, zh"):
        split_sentences(sentences(), CODES, ["en"], "held", {**SIZES, "test": 999}, seed=1)


def test_any_pair_goes_through_the_shared_english_sentence() -> None:
    some = sentences()[:5]
    german_chinese, english_german = items(some, Direction("de", "zh")), items(some, Direction("en", "de"))
    assert [(i.source, i.target) for i in german_chinese] == [(s.texts["de"], s.texts["zh"]) for s in some]
    assert [i.id for i in german_chinese] == [i.id for i in english_german]  # the same sentence, the same id
    assert len(np.unique([i.id for i in english_german])) == 5
    assert len(items([sentences()[10]], Direction("en", "zh"))) == 0
