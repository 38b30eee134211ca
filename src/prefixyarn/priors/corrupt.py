"""Priors made worse on purpose (paper section 5.1, and its open question of how good a prior must be).

``corrupt-<kind>-NN`` is an item's oracle prior of k words, NN % of which are replaced by others. The same items at
every level, and what is replaced at one level is replaced at all higher ones: item effects cancel.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from prefixyarn.data.words import words
from prefixyarn.priors.matched_words import RandomWords
from prefixyarn.priors.material import Material, PriorText
from prefixyarn.records import Item, System

CORRUPTIONS = {
    "other-item": "by words of another item's reference",
    "wrong-language": "by words of the source",
    "random-content": "by random content words",
    "random-function": "by random function words",
}
LEVELS = (25, 50, 75, 100)  # % of the words; 0 % is `oracle`


def levels_of(k: int) -> tuple[int, ...]:
    """Return the levels at which k words are made worse, each with another number of them: of equals the highest.

    One word can only be kept or replaced (100 %), of two words one can be (50 %); of four or more all levels differ.
    """
    last = {_number(k, level): level for level in LEVELS}
    return tuple(level for number, level in last.items() if number)


def _number(words: int, level: int) -> int:
    """Return how many of so many words a level replaces; Python rounds halves to the even number."""
    return round(words * level / 100)


def maker(corruption: str, level: int) -> Callable[[Material, Item, System], PriorText]:
    """Return the function that makes an item's first k words worse in one way, at one level."""

    def make(material: Material, item: Item, system: System) -> PriorText:
        codes, other = (material.direction.source, material.direction.target), material.others[item.id]
        text = corrupt(item, other, corruption, level, system.k, codes, material.inner_words, material.seed)
        return PriorText(text, "reference, made worse")

    return make


def replaced(text: str, code: str, k: int, level: int, new_word: Callable[[int, str], str], rng: random.Random) -> str:
    """Return a text's first k words with a share of them replaced; what stands between them is kept.

    Args:
        text: The text.
        code: Its language.
        k: How many words.
        level: How many of them to replace, in percent, rounded to whole words.
        new_word: Takes a word's place, from 0, and the word; returns another.
        rng: Source of the order in which words are replaced: for the same seed, a level's include the lower ones'.
    """
    found = words(text, code)[:k]
    order = list(range(len(found)))
    rng.shuffle(order)
    chosen = set(order[: _number(len(found), level)])
    made, end = "", 0
    for place, word in enumerate(found):
        start = text.index(word, end)
        between, new = text[end:start], new_word(place, word) if place in chosen else word
        # In Chinese nothing stands between two words; of another script's, something must.
        if not between and made and _joins(made[-1], new[:1]):
            between = " "
        made += between + new
        end = start + len(word)
    return made


def _joins(last: str, first: str) -> bool:
    """Tell whether two characters would make one word of two: letters, neither of which is Chinese."""
    return all(c.isalnum() and not "\u3400" <= c <= "\u9fff" for c in (last, first))


def corrupt(
    item: Item, other: Item, kind: str, level: int, k: int, codes: tuple[str, str], drawn: RandomWords, seed: int
) -> str:
    """Return an item's corrupt prior.

    Args:
        item: The item.
        other: Another item, whose reference gives words of the right language.
        kind: One of `CORRUPTIONS`. ``wrong-language`` takes words of the item's source.
        level: Percentage of words replaced.
        k: Number of words.
        codes: Source and target language.
        drawn: Random words of the target language.
        seed: Seed of places and words.
    """
    source, target = codes
    stock = {"other-item": words(other.target, target), "wrong-language": words(item.source, source)}.get(kind, [])

    def new_word(place: int, word: str) -> str:
        if kind in ("other-item", "wrong-language"):
            turned = [stock[(place + n) % len(stock)] for n in range(len(stock))]
            return next((new for new in turned if new.lower() != word.lower()), word)
        rng = random.Random(f"{seed} {item.id} {target} {kind} {k} {place}")
        return drawn.draw(word, kind == "random-function", rng) or word

    return replaced(item.target, target, k, level, new_word, random.Random(f"{seed} {item.id} places {k}"))
