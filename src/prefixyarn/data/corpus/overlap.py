"""Held-out texts within a training text: 13 words in a row that both have (GPT-3, arXiv 2005.14165, appendix C)."""

from __future__ import annotations

import re
from collections.abc import Iterable

WORDS = 13
LEAST = 5  # shorter held-out texts stand in many places; by these many words longer ones are looked for
_WORD = re.compile(r"\w+")


class Overlap:
    """Finds runs of words of held-out texts: `WORDS` of them, or a whole text that has fewer."""

    def __init__(self, held_out: Iterable[str]) -> None:
        """Take in texts; those of fewer than `LEAST` words are not looked for."""
        self._runs: dict[tuple[str, ...], set[tuple[str, ...]]] = {}  # by their first words
        for text in held_out:
            words = _words(text)
            length = min(WORDS, len(words))
            for start in range(len(words) - length + 1 if length >= LEAST else 0):
                run = tuple(words[start : start + length])
                self._runs.setdefault(run[:LEAST], set()).add(run)

    def found(self, text: str) -> bool:
        """Return whether a text holds such a run."""
        words = _words(text)
        for start, begins in enumerate(zip(*(words[n:] for n in range(LEAST)), strict=False)):
            for run in self._runs.get(begins, ()):
                if tuple(words[start : start + len(run)]) == run:
                    return True
        return False


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
