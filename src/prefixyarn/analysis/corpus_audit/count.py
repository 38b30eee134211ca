"""Counting texts: repetition, documents that hold two languages, words beside their translations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from prefixyarn.data.corpus.prose import MIN_WORDS, is_in
from prefixyarn.data.lexicon import Lexicon
from prefixyarn.data.words import is_function_word, words

RUN = 8  # tokens in a row that stand for the first time, or again
WINDOW = 25  # words before and after a word among which its translation is looked for
_SENTENCE = re.compile(r"[^.!?…\n]+[.!?…]?")
Translations = Mapping[str, frozenset[str]]


def unique_share(documents: Sequence[np.ndarray]) -> float:
    """Return which share of runs of `RUN` tokens, within documents, are different ones; 1 without any."""
    own = [ids for ids in documents if len(ids) >= RUN]
    if not own:
        return 1.0
    runs = np.concatenate([np.lib.stride_tricks.sliding_window_view(ids, RUN) for ids in own])
    keys = np.ascontiguousarray(runs).view(np.dtype((np.void, runs.dtype.itemsize * RUN)))
    return len(np.unique(keys)) / len(keys)


def holds_two_languages(text: str, codes: Sequence[str]) -> bool:
    """Return whether sentences of at least two of the languages stand in a text; those of few words do not count."""
    found: set[str] = set()
    for sentence in _SENTENCE.findall(text):
        if len(sentence.split()) >= MIN_WORDS:
            found |= {code for code in codes if is_in(sentence, code, codes)}
            if len(found) > 1:
                return True
    return False


def content_pairs(lexicon: Lexicon, code: str) -> Translations:
    """Return the translations of English content words that are content words, too, and other words."""
    found = {}
    for word, entries in lexicon.items():
        if not is_function_word(word, "en") and not is_function_word(word, code):
            others = {text.lower() for text, _ in entries} - {word}
            if own := frozenset(other for other in others if not is_function_word(other, code)):
                found[word] = own
    return found


def meetings(text: str, code: str, translations: Translations) -> int:
    """Return how many English words of a text have a translation at most `WINDOW` words before or after them."""
    own = [word.lower() for word in words(text, code)]
    return sum(
        not translations[word].isdisjoint(own[max(0, n - WINDOW) : n + WINDOW + 1])
        for n, word in enumerate(own)
        if word in translations
    )


def all_meetings(texts: Iterable[str], translations: Mapping[str, Translations]) -> int:
    """Return the `meetings` of several texts and of all languages."""
    return sum(meetings(text, code, own) for text in texts for code, own in translations.items())
