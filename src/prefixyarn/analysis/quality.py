"""Priors made worse on purpose (paper section 5.1, and its open question of how good a prior must be).

``corrupt-<kind>-NN`` is an item's oracle prior of k words, NN % of which are replaced by others. The same items at
every level, and what is replaced at one level is replaced at all higher ones: item effects cancel.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from prefixyarn.data.words import words
from prefixyarn.metrics.bootstrap import Interval, interval
from prefixyarn.metrics.shares import Mean
from prefixyarn.priors import RandomWords
from prefixyarn.records import Item, System

KINDS = ("other-item", "wrong-language", "random-content", "random-function")
LEVELS = (25, 50, 75, 100)  # % of the words; 0 % is `oracle`


def corrupt_system(kind: str, level: int, k: int) -> System:
    """Return the system of a corrupt prior; at level 0 it is `oracle`."""
    return System(f"corrupt-{kind}-{level}" if level else "oracle", "", k, "word")


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
    chosen = set(order[: round(len(found) * level / 100)])
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
        kind: One of `KINDS`. ``wrong-language`` takes words of the item's source.
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


@dataclass(frozen=True)
class Threshold:
    """The level from which on a corrupt prior is worse than a baseline.

    Attributes:
        level: In percent of the words; None if there is none up to 100 %.
        low: 2.5th percentile over resamples in which there is one.
        high: 97.5th percentile.
        found: Share of the resamples in which there is one.
    """

    level: float | None
    low: float | None
    high: float | None
    found: float


def threshold(curve: Mapping[int, Mean], baseline: Mean) -> Threshold:
    """Return the level at which a curve falls below a baseline, between levels by linear interpolation.

    Args:
        curve: By level the mean score.
        baseline: The score to fall below.
    """
    levels = sorted(curve)
    level = _crossing(levels, [curve[n].score - baseline.score for n in levels])
    gaps = np.array([curve[n].resampled - baseline.resampled for n in levels])
    crossings = [c for column in gaps.T if (c := _crossing(levels, list(column))) is not None]
    found = len(crossings) / gaps.shape[1]
    if not crossings:
        return Threshold(level, None, None, found)
    ends: Interval = interval(0.0, np.array(crossings))
    return Threshold(level, ends.low, ends.high, found)


def _crossing(levels: Sequence[int], gaps: Sequence[float]) -> float | None:
    """Return where the gap first is below 0; None if it nowhere is."""
    for n, gap in enumerate(gaps):
        if gap < 0:
            if n == 0:
                return float(levels[0])
            before = gaps[n - 1]
            return levels[n - 1] + (levels[n] - levels[n - 1]) * before / (before - gap)
    return None
