"""Words: segmentation, function words and capitals, by language."""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Iterable, Sequence
from typing import Any

import stop_words
import stopwordsiso

from prefixyarn.data.text_lines import lookup_form
from prefixyarn.errors import InputError
from prefixyarn.languages import language
from prefixyarn.records import Item

# Letters with inner apostrophes or hyphens, Catalan's l·l and Hebrew's sign of abbreviation; combining marks belong to
# their letter (Arabic, Hebrew, Yoruba, whatever is decomposed), and what is not seen to the word that it stands in:
# soft hyphen, word joiner, the joiners of Persian.
_LETTER = (
    r"[^\W\d_][\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc"
    r"\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u200c\u200d\u00ad\u2060]*"
)
_BETWEEN = r"(?:['\u2019\u02bc\u05be\u05f3\u05f4-]|(?<=[lL])\u00b7(?=[lL])|(?<=[\u05d0-\u05ea])\"(?=[\u05d0-\u05ea]))"
_WORD = re.compile(rf"(?:{_LETTER})+(?:{_BETWEEN}(?:{_LETTER})+)*")


@functools.cache
def _elision(elided: str) -> re.Pattern[str]:
    """Return what an elided word at the start of another looks like: l'utilisateur -> l' utilisateur."""
    return re.compile(rf"^({elided})['’](?=\w)", re.IGNORECASE)


@functools.cache
def _jieba() -> Any:
    import jieba

    jieba.setLogLevel(logging.WARNING)  # it reports loading its dictionary as if that were news
    return jieba


def segment(text: str) -> Iterable[str]:
    """Return the words of a Chinese text, and what stands between them, as jieba divides it."""
    found: Iterable[str] = _jieba().cut(text)
    return found


def words(text: str, code: str) -> list[str]:
    """Return the words of a text in their order, punctuation and numbers left out, case kept.

    Chinese is segmented by jieba; French elided articles are words of their own.
    """
    own = language(code)
    if own.segmenter:
        return [w for w in segment(text) if _WORD.fullmatch(w)]
    found = _WORD.findall(text)
    if not own.elided:
        return found
    split: list[str] = []
    for word in found:
        elided = _elision(own.elided).match(word)
        split += [elided.group(), word[elided.end() :]] if elided else [word]
    return split


# Other signs for an apostrophe and a hyphen. They divide words where words are counted, in answers and references.
_WITHIN = str.maketrans({**dict.fromkeys("\u2018\u00b4\uff07", "'"), **dict.fromkeys("\u2010\u2011", "-")})


def looked_up_words(text: str, code: str) -> list[str]:
    """Return the words of a text that a dictionary is asked for: whole, whatever apostrophes and hyphens they have."""
    return words(text.translate(_WITHIN), code)


@functools.cache
def function_words(code: str) -> frozenset[str]:
    """Return the function words of a language, lower-cased: the stop lists of two packages together.

    stopwords-iso has all but Norwegian, but in Ukrainian not even the commonest conjunction; stop-words has most.
    """
    listed = set(stopwordsiso.stopwords(code))
    if code in stop_words.LANGUAGE_MAPPING:
        listed.update(stop_words.get_stop_words(code))
    return frozenset(lookup_form(w) for w in listed)


def is_function_word(word: str, code: str) -> bool:
    """Tell whether a word is a function word; an elided French article (``l'``) is one."""
    lower = lookup_form(word).replace("’", "'")  # the stop lists have don't, texts also don’t
    return lower in function_words(code) or (bool(language(code).elided) and lower.endswith("'"))


def cased_like_start(text: str, source: str, target_code: str) -> str:
    """Return a text with its first letter capital where the answer would start with a capital.

    That is where the source starts with one, in a target script that has capitals. Source scripts without
    capitals (Chinese, Arabic) start a sentence, and so a capital, always.
    """
    first = source[:1]
    if not text or not language(target_code).cased or first.islower():
        return text
    return text[0].upper() + text[1:]


# A word with its tag, as answers of the tagging task have them: house (noun).
TAGGED = re.compile(r"(\S+) \(([^()\s]+)\)")


def cut(text: str, code: str, k: int, unit: str) -> str:
    """Return the text up to and including its k-th word, or tagged word (``tag``)."""
    if unit == "word":
        return cut_words(text, code, k)
    ends = [0, *(found.end() for found in TAGGED.finditer(text))]
    return text[: ends[min(k, len(ends) - 1)]]


def cut_words(text: str, code: str, k: int) -> str:
    """Return the text up to and including its k-th word (with what stands before and between)."""
    end = 0
    for word in words(text, code)[:k]:
        end = text.index(word, end) + len(word)
    return text[:end]


def tagged(words: Sequence[str], tags: Sequence[str]) -> str:
    """Return words with their tags, as answers of the tagging task have them."""
    return " ".join(f"{word} ({tag})" for word, tag in zip(words, tags, strict=True))


def tags_of(item: Item) -> list[str]:
    """Return the tags of an item of the tagging task.

    Raises:
        InputError: Its target has other words than its source.
    """
    found = TAGGED.findall(item.target)
    if [word for word, _ in found] != item.source.split():
        raise InputError(f"item {item.id}: {len(item.source.split())} words, but {len(found)} of them with tags")
    return [tag for _, tag in found]
