"""How a sentence is divided into words before it is tagged."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from prefixyarn.data.words import segment
from prefixyarn.languages import language


@dataclass(frozen=True)
class _Writing:
    """What a language writes in its own way.

    Attributes:
        fixed: One word each, whatever is in them.
        elided: What stands before an apostrophe as a word of its own, as a regular expression.
        clitics: Pronouns after the verb's hyphen, which are words of their own, with the hyphen: a-t-il -> a -t -il.
        whole: Words that only look as if they had a clitic.
        ordinals: Whether a number with a full stop is an ordinal: 12. Mai.
    """

    fixed: str = ""
    elided: str = ""
    clitics: str = ""
    whole: str = ""
    ordinals: bool = False


_WRITING = {
    "de": _Writing(
        fixed="bzw. ca. Dr. etc. evtl. ggf. inkl. max. min. Nr. Prof. sog. St. usw. u.a. vgl. z.B. d.h.", ordinals=True
    ),
    "fr": _Writing(
        fixed="etc. M. MM. Mr. Dr. St. av. ap. J.-C. p.ex. c'est-à-dire aujourd'hui",
        elided="[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu",
        clitics="il|elle|on|ils|elles|je|tu|nous|vous|ce|moi|toi|le|la|les|lui|leur|y|en",
        whole="rendez-vous vis-à-vis peut-être week-end au-delà",
    ),
    "pt": _Writing(
        fixed="etc. Dr. Dra. Sr. Sra. Prof. a.C. d.C. p.ex. ex.",
        clitics="se|me|te|nos|vos|lhe|lhes|o|a|os|as|lo|la|los|las|no|na|nas",
    ),
    "ru": _Writing(fixed="г. гг. тыс. млн. млрд. др. т.д. т.п. т.е. напр. см. руб. чел."),
}


@functools.cache
def _token(code: str) -> re.Pattern[str]:
    """Return what one word or punctuation mark looks like: the first alternative that fits."""
    own = _WRITING.get(code, _Writing())
    letters = r"[^\W\d_](?:[^\W_]|[\u0300-\u036f])*"
    fixed = sorted(own.fixed.split(), key=len, reverse=True)
    kinds = [
        r"(?:https?://|www\.)[^\s<>\"»”]*[^\s<>\"»”.,;:!?)]",
        r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
        *(rf"(?<!\w)(?i:{re.escape(word)})" + (r"(?!\w)" if word[-1].isalnum() else "") for word in fixed),
        *([rf"(?<!\w)(?i:{own.elided})['’](?=\w)"] if own.elided else []),
        *([r"\d{1,2}\.(?=\s+[^\W\d_])"] if own.ordinals else []),
        r"\d+(?:[.,:]\d+)*(?:-?[^\W\d_]+\d*)*",
        r"(?<!\w)[^\W\d_a-zß-ÿа-яёґєії]\.(?=\s*[^\W\d_])",  # initials: J. Smith
        rf"{letters}(?:['’ʼ-]{letters})*",
        r"\.{2,}|-{2,}|''|``",
        r"\S",
    ]
    return re.compile("|".join(kinds))


def tokenized(sentence: str, code: str) -> list[str]:
    """Split a sentence into words and punctuation marks, nearly as UD does; nothing but white space is lost.

    Contractions (*im*, *du*, *na*) stay whole. French elided words and verbs' hyphenated pronouns are split off.
    Chinese is segmented by jieba, whose words are often longer than the treebank's.
    """
    if language(code).segmenter:
        return [word for word in segment(sentence) if not word.isspace()]
    tokens: list[str] = []
    for word in _token(code).findall(sentence):
        tokens += _split_clitic(word, _WRITING.get(code, _Writing()))
    return tokens


def _split_clitic(word: str, own: _Writing) -> list[str]:
    if own.clitics and word.lower() not in own.whole.split():
        found = re.fullmatch(rf"(\w+?)(-t)?(-(?:{own.clitics}))", word, re.IGNORECASE)
        if found:
            return [part for part in found.groups() if part]
    return [word]
