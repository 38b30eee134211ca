import random

import pytest

from prefixyarn.data.words import words
from prefixyarn.priors.corrupt import CORRUPTIONS, LEVELS, corrupt, levels_of, replaced
from prefixyarn.priors.matched_words import RandomWords
from prefixyarn.records import Item, System
from prefixyarn.systems import corrupt_system

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


@pytest.mark.parametrize(
    ("k", "levels"),
    [(1, (100,)), (2, (50, 100)), (3, (25, 75, 100)), *((k, LEVELS) for k in range(4, 13))],
)
def test_each_level_replaces_another_number_of_words(k: int, levels: tuple[int, ...]) -> None:
    assert levels_of(k) == levels
    text = " ".join("abcdefghijklm"[:k])
    made = [replaced(text, "de", k, level, lambda place, word: "X", random.Random(1)) for level in levels]
    numbers = [one.count("X") for one in made]
    assert numbers == sorted({*numbers}) and numbers[0] > 0 and numbers[-1] == k


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
    found = {kind: words(corrupt(item, other, kind, 100, 4, ("en", "de"), drawn, 1), "de") for kind in CORRUPTIONS}
    assert found["other-item"] == ["Bitte", "alle", "Namen", "prüfen"]
    assert found["wrong-language"] == ["The", "file", "was", "not"]
    assert {w.lower() for w in found["random-content"]} <= {"nutzer", "haus", "garten"}
    assert {w.lower() for w in found["random-function"]} <= {"der", "und", "das", "sind", "in", "dem"}
    assert corrupt(item, other, "random-content", 50, 4, ("en", "de"), drawn, 1) == corrupt(
        item, other, "random-content", 50, 4, ("en", "de"), drawn, 1
    )
    assert corrupt_system("other-item", 0, 4) == System("oracle", "", 4, "word")
