"""What of a text is kept: whole sentences, in the language that they should be in, and translated."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from prefixyarn.data.corpus.works import Segment
from prefixyarn.data.words import function_words
from prefixyarn.languages import language, share_in_script

MIN_WORDS = 6  # fewer are a label, a heading, a cell of a table
LEAST_LETTERS = 0.8  # share of letters and spaces
LEAST_IN_SCRIPT = 0.6  # share of the letters; names and commands keep theirs
LENGTH_RATIO = 2.5  # of a translation to its English, in characters, and the other way: more is a slipped pair

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\ufeff]")
_PLACEHOLDER = re.compile(
    r"%\(\w+\)[sdf]|%[-+ #0-9.]*[sdifxuc]|%\d+\$[sd]|\$\{?\w+\}?|\{\{?[\w.,: |#/-]*\}?\}|@\w+@|&[a-z0-9.-]+;|"
    r"https?://\S+|<[^>]*>"
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_SENTENCE_END = re.compile(r"[.!?…。！？；][)\]»\"“”’'」』*]*$")


def plain(text: str) -> str:
    """Return a text composed (NFC), with plain single spaces and nothing unseen."""
    return " ".join(unicodedata.normalize("NFC", _UNSEEN.sub("", text)).split())


def is_prose(text: str) -> bool:
    """Tell whether a text is a whole sentence, or several: of words, with an end, and few placeholders."""
    words = len(_WORD.findall(text))
    if words < MIN_WORDS or not _SENTENCE_END.search(text) or len(_PLACEHOLDER.findall(text)) * 5 > words:
        return False
    letters = sum(c.isalpha() or c == " " or unicodedata.combining(c) > 0 for c in text)
    return letters > LEAST_LETTERS * len(text)


def is_in(text: str, code: str, codes: Sequence[str]) -> bool:
    """Tell whether a text is in a language, rather than in another one of ``codes`` with the same script.

    Its letters tell the script; words that only stop lists have tell languages of one script apart.
    """
    if share_in_script(text, code) < LEAST_IN_SCRIPT:
        return False
    script = language(code).script
    alike = [own for own in codes if language(own).script == script]
    if len(alike) == 1:
        return True
    words = [word.lower() for word in _WORD.findall(text)]
    found = {own: sum(map(function_words(own).__contains__, words)) for own in alike}
    return found[code] > 0 and found[code] == max(found.values())


def cleaned(segment: Segment, codes: Sequence[str], dropped: Counter[tuple[str, str]]) -> list[Segment]:
    """Return what is kept of a segment: one, or several where its texts are no translations of one another.

    Args:
        segment: The segment; texts in languages other than ``codes`` are left out.
        codes: Codes of the languages.
        dropped: Characters that are left out, by language and reason, which this adds to.
    """
    kept: Segment = {}
    english = plain(segment.get("en", ""))
    for code in codes:
        text = plain(segment.get(code, ""))
        if not text:
            continue
        reason = (
            "untranslated"
            if code != "en" and text == english
            else "no prose"
            if not is_prose(text)
            else ""
            if is_in(text, code, codes)
            else "another language"
        )
        if reason:
            dropped[code, reason] += len(text)
        else:
            kept[code] = text
    slipped = {
        code: kept.pop(code)
        for code in [*kept]
        if code != "en" and "en" in kept and not 1 / LENGTH_RATIO < len(kept[code]) / len(kept["en"]) < LENGTH_RATIO
    }
    return [own for own in (kept, *({code: text} for code, text in slipped.items())) if own]


def dropped_json(dropped: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Return what was left out as it is written: characters by language, then by reason."""
    found: dict[str, dict[str, int]] = {}
    for (code, reason), count in dropped.items():
        found.setdefault(code, {})[reason] = count
    return found
