"""Refined models: small task models whose first units serve as priors (paper section 3).

Each kind is a module with the same two functions: ``train`` learns all directions (or languages) and writes a
folder, ``predict`` returns the start of each item's answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from prefixyarn.data.words import words
from prefixyarn.models.refined import linear, seq2seq, token_classifier
from prefixyarn.records import Item

KINDS = {"linear": linear, "seq2seq": seq2seq, "token-classifier": token_classifier}


def first_word_accuracy(texts: Sequence[str], items: Sequence[Item], code: str) -> float:
    """Return the share of items (0 to 1) whose predicted text begins with the first word of the target."""
    pairs = [(words(text, code)[:1], words(item.target, code)[:1]) for text, item in zip(texts, items, strict=True)]
    return sum(found == wanted for found, wanted in pairs) / len(pairs)
