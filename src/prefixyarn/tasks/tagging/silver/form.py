"""What the form of a word alone tells of its tag, in every language."""

from __future__ import annotations

import re
import unicodedata

_SYMBOLS = frozenset("%‰&@#§°")  # punctuation to Unicode, symbols to UD
_MARKS = frozenset("`´^¨¯~|")  # the other way round
NUMBER = re.compile(r"[+−-]?\d+(?:[.,:]\d+)*")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|[\w.+-]+@[\w-]+\.\S+")


def by_form(word: str) -> str | None:
    """Return PUNCT or SYM for what is no word, else None."""
    if _ADDRESS.fullmatch(word):
        return "SYM"
    kinds = {_kind(char) for char in word}
    if kinds == {"P"}:
        return "PUNCT"
    return "SYM" if kinds and kinds <= {"P", "S"} else None


def _kind(char: str) -> str:
    if char in _SYMBOLS:
        return "S"
    return "P" if char in _MARKS else unicodedata.category(char)[0]
