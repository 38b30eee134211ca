"""From texts to the items of every subset: the last step of preparing a task's data."""

from dataclasses import replace
from pathlib import Path

import pytest

import tiny
from prefixyarn.data.splits import Parallel, Splits, write_splits
from prefixyarn.errors import InputError
from prefixyarn.records import Item, read_records
from prefixyarn.tasks.tagging.prepare import from_silver, items_by_split
from prefixyarn.tasks.tagging.treebanks import Tagged
from prefixyarn.tasks.translation.prepare import PARAGRAPH_SENTENCES, items_by_subset, paragraphs


def sentences(seed: int, n: int) -> list[Parallel]:
    made = []
    for english, german, chinese in tiny.parallel(seed=seed, n=n):
        texts = {"en": english, "de": german, "zh": chinese}
        made.append(Parallel("package", texts, texts))
    return made


def test_translation_has_fewer_items_in_other_directions() -> None:
    splits = Splits(sentences(1, 9), sentences(2, 4), sentences(3, 4), sentences(4, 2), 0)
    made = items_by_subset(splits, ["en-de"], ["de-zh"], {"trial": 2, "other": 3})
    sizes = {subset: {name: len(own) for name, own in by_split.items()} for subset, by_split in made.items()}
    assert sizes == {
        "en-de": {"train": 9, "dev": 4, "trial": 2, "test": 4, "out_of_domain": 2},
        "de-zh": {"train": 9, "dev": 4, "trial": 2, "test": 3, "out_of_domain": 0},
    }
    assert [i.id for i in made["de-zh"]["test"]] == [i.id for i in made["en-de"]["test"][:3]]
    assert made["en-de"]["trial"] == made["en-de"]["dev"][:2]


def test_paragraphs_are_joined_as_the_language_joins() -> None:
    splits = Splits(sentences(1, 9), [], [], [], 0)
    found = paragraphs(splits, ["en", "zh"])
    assert found["text"]["en"] == " ".join(s.sources["en"] for s in splits.train)
    assert found["text"]["zh"] == "".join(s.sources["zh"] for s in splits.train)
    assert found["english"] == {code: found["text"]["en"] for code in ("en", "zh")}
    with pytest.raises(InputError, match="no training sentence is left in 'ru'"):
        paragraphs(splits, ["en", "ru"])


def test_paragraphs_are_of_the_sentences_that_most_languages_have() -> None:
    every = sentences(1, PARAGRAPH_SENTENCES + 8)
    some = [replace(s, sources={c: t for c, t in s.sources.items() if c != "zh"}) for s in every[:8]]
    found = paragraphs(Splits([*some, *every[8:]], [], [], [], 0), ["de", "zh"])
    assert found["text"]["de"] == " ".join(s.sources["de"] for s in every[8:])
    assert found["english"]["de"] == found["english"]["zh"] == " ".join(s.english for s in every[8:])


def tagged(name: str, n: int) -> list[Tagged]:
    return [
        Tagged(f"{name}-{i}", (f"{name}{i * 7919}", "is", "there", "."), ("NOUN", "AUX", "ADV", "PUNCT"))
        for i in range(n)
    ]


def test_tagging_items_name_the_tags_and_repeat_nothing_that_is_held_out() -> None:
    test = tagged("test", 2)
    splits = {"train": [*tagged("train", 3), test[0]], "dev": tagged("dev", 3), "test": test}
    made = items_by_split(
        (splits, "a note"), "de", {"train": 9, "dev": 2, "trial": 1, "test": 2, "max_words": 9}, "words"
    )
    assert [i.id for i in made["train"]] == ["train-0", "train-1", "train-2"]
    assert made["test"][0].target == "test0 (noun) is (auxiliary) there (adverb) . (punctuation)"
    assert made["trial"] == made["dev"][:1] and len(made["dev"]) == 2 and made["out_of_domain"] == []
    sizes = {"train": 9, "dev": 4, "trial": 1, "test": 2, "max_words": 9}
    with pytest.raises(InputError, match=r"tagging\.items\.dev: 4 wanted, but de has 2 sentences of 4 to 9 words"):
        items_by_split((splits, "a note"), "de", sizes, "words")


def test_silver_tags_are_given_to_one_side_of_a_direction(tmp_path: Path) -> None:
    items = {
        name: [Item(name, "A file.", "Die Datei ist neu."), Item("short", "Yes.", "Ja.")]
        for name in ("train", "dev", "test")
    }
    write_splits(tmp_path, {"en-de": items})
    assert read_records(tmp_path / "en-de/dev.jsonl", Item) == items["dev"]
    found, note = from_silver(tmp_path / "en-de", "target", "de", {"max_words": 25})
    assert [s.words for s in found["dev"]] == [("Die", "Datei", "ist", "neu", ".")], "too short ones are left out"
    assert note.startswith("silver tags by HanTa ")
