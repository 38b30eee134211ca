"""Chinese: rippletagger's rules, learned from traditional characters; of words that they lack jieba's tags.

The rules were learned from the training part of the treebank whose dev part measures them.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from prefixyarn.tasks.tagging.silver.ripple import by_rules

_PARTICLES = frozenset("吗呢吧啊呀嘛")  # at the end of a sentence
# jieba's tags are those of ICTCLAS, by their first letter where that is enough.
_ICTCLAS = {
    "a": "ADJ",
    "b": "ADJ",
    "c": "CCONJ",
    "d": "ADV",
    "e": "INTJ",
    "f": "NOUN",
    "i": "NOUN",
    "j": "NOUN",
    "l": "NOUN",
    "m": "NUM",
    "n": "NOUN",
    "nr": "PROPN",
    "ns": "PROPN",
    "nt": "PROPN",
    "nz": "PROPN",
    "o": "X",
    "p": "ADP",
    "q": "NOUN",
    "r": "PRON",
    "s": "NOUN",
    "t": "NOUN",
    "u": "PART",
    "v": "VERB",
    "vn": "NOUN",
    "y": "PART",
    "z": "ADJ",
    "zg": "NOUN",  # parts of words
}


def tag(words: Sequence[str], code: str) -> list[str]:
    """Tag Chinese; particles at the end of a sentence are ones whatever the rules say."""
    tags = by_rules(words, [_traditional(word) for word in words], [_guess(word) for word in words], code)
    return ["PART" if word in _PARTICLES else own for word, own in zip(words, tags, strict=True)]


@functools.cache
def _opencc() -> Any:
    import opencc

    return opencc.OpenCC("s2tw")


@functools.cache
def _traditional(word: str) -> str:
    """Return a word in traditional characters, as the treebank's lexicon has them."""
    spelt: str = _opencc().convert(word)
    return spelt.replace("臺", "台")


@functools.cache
def _jieba_tags() -> dict[str, str]:
    import jieba.posseg

    tags: dict[str, str] = jieba.posseg.dt.word_tag_tab
    return tags


def _guess(word: str) -> str | None:
    own = _jieba_tags().get(word, "")
    return _ICTCLAS.get(own[:2], _ICTCLAS.get(own[:1]))
