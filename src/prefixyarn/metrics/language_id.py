"""Language identification: whether an answer is in the target language."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

# Languages that a model may slip into beside the configured ones: the likeliest by closeness or by amount of
# text. Without Spanish on the list, Spanish outputs count as Portuguese.
NEIGHBOURS = ("en", "es", "it", "nl", "pl", "bg", "be", "ja", "ko", "fa", "tr")


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


def off_target(text: str, code: str, detector: LanguageDetector) -> bool | None:
    """Return whether a text is detected as another language than a code's; None without letters: nothing to detect."""
    return detector.detect(text) != code if any(c.isalpha() for c in text) else None
