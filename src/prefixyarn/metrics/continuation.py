"""Answers without their first units: what a model adds, when what it was handed is taken away.

A prior that is part of the reference scores by itself. So every system, with a prior or without, is also scored
without the first k units of its answer against the reference without its first k units.
"""

from __future__ import annotations

from tokenizers import Tokenizer

from prefixyarn.data.words import cut
from prefixyarn.languages import Direction, language
from prefixyarn.records import Output


class PrefixStripper:
    """Takes the first k units off answers and references of one direction."""

    def __init__(self, tokenizer: Tokenizer, direction: Direction) -> None:
        """Take the foundation's tokenizer; no model and no ``transformers`` is needed."""
        self._tokenizer = tokenizer
        self._code = direction.target
        self._join = language(direction.target).join

    def of_text(self, text: str, k: int, unit: str) -> str:
        """Return a text without its first k words or tagged words, or the tokens that it has as an answer."""
        if unit != "token":
            return text[len(cut(text, self._code, k, unit)) :].strip()
        return self._without(k, self._tokenizer.encode(self._join + text, add_special_tokens=False).ids)

    def of_output(self, output: Output, k: int, unit: str) -> str:
        """Return an answer without its first k units; tokens are those that were given and chosen.

        A language tag is no part of the answer.
        """
        ids = [*([] if output.kind == "language-tag" else output.prior_ids), *output.new_ids]
        if unit != "token" or not ids:
            return self.of_text(output.text, k, unit)
        return self._without(k, ids)

    def _without(self, k: int, ids: list[int]) -> str:
        """Return the text without its first k tokens; line breaks and spaces before it are no tokens of it."""
        while ids and not self._decode(ids[:1]):
            ids = ids[1:]
        return self._decode(ids[k:])

    def _decode(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids, skip_special_tokens=True)).strip()
