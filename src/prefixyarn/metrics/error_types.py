"""What goes wrong in outputs: wrong language, nothing, a copy of the source, loops, no end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from prefixyarn.data.splits import NEAR_DUPLICATE, similarities
from prefixyarn.records import Item, Output

ERROR_TYPES = ("off_target", "empty", "copied", "repeated", "truncated")

# Languages that a model may slip into beside the configured ones: the likeliest by closeness or by amount of
# text. Without Spanish on the list, Spanish outputs count as Portuguese.
NEIGHBOURS = ("en", "es", "it", "nl", "pl", "bg", "be", "ja", "ko", "fa", "tr")

# Two or more characters, four times in a row.
_LOOP = re.compile(r"(.{2,}?)\1{3,}", re.DOTALL)


class LanguageDetector:
    """Language identification by lingua, among the configured languages and their neighbours.

    Why lingua: on 400 catalogue references per language it errs in 0.0 to 0.2 % (py3langid 0.0 to 1.2 %,
    fastText lid.176 0.0 to 8.0 %), and on their last third in 2.5 to 11.5 % (fastText 3.5 to 44.5 %); both
    matter, as continuations are short. docs/method.md has the table.
    """

    def __init__(self, codes: Sequence[str]) -> None:
        """Take the configured language codes."""
        self.codes = sorted({*codes, *NEIGHBOURS})

    @cached_property
    def _detector(self):  # type: ignore[no-untyped-def]  # lingua's classes are made in Rust
        from lingua import IsoCode639_1, LanguageDetectorBuilder

        isos = [getattr(IsoCode639_1, code.upper()) for code in self.codes]
        return LanguageDetectorBuilder.from_iso_codes_639_1(*isos).build()

    def detect(self, text: str) -> str | None:
        """Return the language code of a text; None if it has no letters or cannot be told."""
        found = self._detector.detect_language_of(text)
        return found.iso_code_639_1.name.lower() if found else None

    def error(self, texts: Sequence[str], code: str) -> float:
        """Return the share of texts, known to be in a language, that are detected as another (0 to 1)."""
        return sum(self.detect(text) != code for text in texts) / len(texts) if texts else 0.0


def error_types(item: Item, output: Output, target: str, detector: LanguageDetector) -> dict[str, bool | None]:
    """Tell what is wrong with an output.

    Returns:
        off_target: The continuation (prior excluded) is detected as another language than the target; None
            where the continuation has no letters, as then there is nothing to detect.
        empty: The whole answer is empty.
        copied: The answer repeats the source: their 5-gram similarity is that of near-duplicates.
        repeated: A string of two or more characters stands four times in a row.
        truncated: The length limit ended it.
    """
    letters = any(c.isalpha() for c in output.continuation)
    same = output.text.casefold() == item.source.casefold()
    return {
        "off_target": detector.detect(output.continuation) != target if letters else None,
        "empty": not output.text,
        "copied": same or bool(similarities([output.text], [item.source])[0, 0] >= NEAR_DUPLICATE),
        "repeated": bool(_LOOP.search(output.text)),
        "truncated": output.stop == "length",
    }
