import numpy as np
import pytest

import tiny
from prefixyarn.data.splits import NEAR_DUPLICATE, Parallel, Splits, check_unseen, items, similarities, split
from prefixyarn.errors import InputError
from prefixyarn.languages import Direction
from prefixyarn.records import Item

SIZES = {"dev": 5, "test": 8, "out_of_domain": 4}
CODES = ["en", "de", "zh"]
FROM_ENGLISH = [Direction("en", "de"), Direction("en", "zh")]
BOTH_WAYS = [*FROM_ENGLISH, Direction("de", "zh")]


def sentence(package: str, texts: dict[str, str]) -> Parallel:
    return Parallel(package, texts, texts)


def sentences() -> list[Parallel]:
    made = [
        sentence("held" if n % 4 == 0 else "one", {"en": e, "de": g, "zh": z})
        for n, (e, g, z) in enumerate(tiny.parallel(1, 300))
    ]
    # Some lack a language; one stands in both packages.
    made[10] = sentence("one", {c: t for c, t in made[10].sources.items() if c != "zh"})
    return [*made, sentence("one", made[0].sources)]


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
    splits = split(sentences(), BOTH_WAYS, "held", SIZES, seed=1, task="translation")
    held_out = [*splits.dev, *splits.test, *splits.out_of_domain]
    assert [len(splits.dev), len(splits.test), len(splits.out_of_domain)] == [5, 8, 4]
    assert splits.dropped > 0 and splits.train
    for code in ("en", "de"):  # checked by sets of n-grams, independently of the implementation
        ours = [s.sources[code] for s in held_out]
        for n, text in enumerate(ours):
            for other in [*ours[:n], *(s.sources[code] for s in splits.train)]:
                assert len(grams(text) & grams(other)) / len(grams(text) | grams(other)) < NEAR_DUPLICATE
    assert all(set(CODES) <= set(s.sources) for s in held_out)


def test_held_out_package_is_never_trained_on() -> None:
    splits = split(sentences(), FROM_ENGLISH, "held", SIZES, seed=1, task="translation")
    held = {s.english for s in sentences() if s.package == "held"}
    assert not held & {s.english for s in [*splits.train, *splits.dev, *splits.test]}
    assert all(s.package == "held" for s in splits.out_of_domain)


def test_a_shared_translation_keeps_a_sentence_out_of_training() -> None:
    made = sentences()
    before = split(made, FROM_ENGLISH, "held", SIZES, seed=1, task="translation")
    # A training sentence gets the German of a test sentence; its English stays, and so does the draw.
    victim = before.train[0]
    twin = sentence(victim.package, {**victim.sources, "de": before.test[0].sources["de"]})
    after = split([twin if s == victim else s for s in made], FROM_ENGLISH, "held", SIZES, seed=1, task="translation")
    assert after.test == before.test
    assert twin not in after.train and len(after.train) == len(before.train) - 1


def test_check_catches_leaks() -> None:
    a, b = (
        sentence("x", {"en": "The first sentence here."}),
        sentence("x", {"en": "Nothing in common, surely?"}),
    )
    Splits([a], [b], [], [], 0).check(["en"])
    with pytest.raises(AssertionError, match="share a text"):
        Splits([a], [a], [], [], 0).check(["en"])
    near = sentence("x", {"en": "The first sentence here!"})
    with pytest.raises(AssertionError, match="near-duplicate"):
        Splits([near], [], [a], [], 0).check(["en"])


def test_a_family_stays_in_one_split() -> None:
    made = [
        Parallel(f"p{n}", {"en": e}, {"de": g}, family=f"family {n % 40}")
        for n, (e, g, _) in enumerate(tiny.parallel(1, 300))
    ]
    splits = split(
        made, FROM_ENGLISH[:1], "", {"dev": 5, "test": 8, "out_of_domain": 0, "train": 50}, 1, "summarization"
    )
    families = [{s.family for s in own} for own in (splits.train, splits.dev, splits.test)]
    assert not families[0] & families[1] and not families[0] & families[2] and not families[1] & families[2]
    assert len(families[2]) == 8, "held-out texts, too, are of different families"
    assert 0 < len(splits.train) <= 50 and not splits.out_of_domain
    with pytest.raises(AssertionError, match="share a family"):
        Splits([made[0]], [], [made[40]], [], 0).check(["en"])


@pytest.mark.parametrize("source", ["The first sentence here.", "The first sentence here!"])
def test_what_is_held_out_is_not_trained_on(source: str) -> None:
    train = [Item("a", "Something else altogether.", "x"), Item("b", "The first sentence here.", "y")]
    check_unseen(train, [Item("c", "Nothing in common, surely?", "y")])
    with pytest.raises(InputError, match="training split holds 'The first sentence here.', which is, or nearly is"):
        check_unseen(train, [Item("c", source, "z")])


def test_draw_is_seeded() -> None:
    one, same, other = (split(sentences(), FROM_ENGLISH, "held", SIZES, seed, task="translation") for seed in (1, 1, 2))
    assert one == same and one.test != other.test


def test_too_few_sentences_is_an_error() -> None:
    with pytest.raises(InputError, match=r"translation\.items\.test: 999 texts wanted in all of de, en, zh"):
        split(sentences(), FROM_ENGLISH, "held", {**SIZES, "test": 999}, seed=1, task="translation")


def test_any_pair_goes_through_the_shared_english_sentence() -> None:
    some = sentences()[:5]
    german_chinese, english_german = items(some, Direction("de", "zh")), items(some, Direction("en", "de"))
    assert [(i.source, i.target) for i in german_chinese] == [(s.sources["de"], s.sources["zh"]) for s in some]
    assert [i.id for i in german_chinese] == [i.id for i in english_german]  # the same sentence, the same id
    assert len(np.unique([i.id for i in english_german])) == 5
    assert len(items([sentences()[10]], Direction("en", "zh"))) == 0
