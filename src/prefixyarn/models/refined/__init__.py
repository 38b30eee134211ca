"""Refined models: small task models whose first units serve as priors (paper section 3).

Each kind is a module with the same two functions: ``train`` learns all directions (or languages) and writes a
folder, ``predict`` returns the start of each item's answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from prefixyarn.data.words import TAGGED, cut, words
from prefixyarn.models.refined import linear, linear_tagger, seq2seq, token_classifier
from prefixyarn.records import Item

KINDS = {
    "linear": linear,
    "seq2seq": seq2seq,
    "linear-tagger": linear_tagger,
    "token-classifier": token_classifier,
}


def first_unit_accuracy(texts: Sequence[str], items: Sequence[Item], code: str) -> float:
    """Return the share of items (0 to 1) whose predicted text has the target's first unit.

    A unit is a word, or a tagged word where the target has such.
    """

    def first(text: str) -> list[str]:
        return [cut(text, code, 1, "tag")] if TAGGED.match(text) else words(text, code)[:1]

    pairs = [(first(text), first(item.target)) for text, item in zip(texts, items, strict=True)]
    return sum(found == wanted for found, wanted in pairs) / len(pairs)
