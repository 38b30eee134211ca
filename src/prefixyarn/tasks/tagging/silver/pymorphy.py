"""Russian and Ukrainian: pymorphy3, whose tags are those of OpenCorpora."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from prefixyarn.tasks.tagging.silver.form import NUMBER, by_form


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


_OPENCORPORA = {
    "ADJF": "ADJ",
    "ADJS": "ADJ",
    "ADVB": "ADV",
    "COMP": "ADV",
    "CONJ": "SCONJ",
    "GRND": "VERB",
    "INFN": "VERB",
    "INTJ": "INTJ",
    "LATN": "X",
    "NOUN": "NOUN",
    "NPRO": "PRON",
    "NUMB": "NUM",
    "NUMR": "NUM",
    "PNCT": "PUNCT",
    "PRCL": "PART",
    "PRED": "VERB",
    "PREP": "ADP",
    "PRTF": "VERB",
    "PRTS": "VERB",
    "ROMN": "NUM",
    "VERB": "VERB",
}
_NAMES = _listed("Name Surn Patr Geox Orgn Trad")
_COORDINATING = _listed("и а но или либо да ни однако зато і й та або чи але проте зате однак ані також")
_BE = _listed("быть бути бувати")
_CONDITIONAL = _listed("бы б би")
_POSSESSIVES = _listed("его её ее их його її їх")  # or personal pronouns in the genitive
_RELATIVES = _listed("который сам")  # pronouns, though they inflect like adjectives
_DEMONSTRATIVES = _listed("этот тот весь")  # determiners beside a noun, else pronouns
_RUSSIAN_ADJECTIVES = _listed("другой иной остальной прочий самый")
_UKRAINIAN_PRONOUNS = _listed(
    "я ти він вона воно ми ви вони себе хто що ніхто ніщо дехто дещо хтось щось абихто абищо хто-небудь що-небудь "
    "будь-хто будь-що хтозна-хто це те все усе"
)
_MONTHS = (
    "январ феврал март апрел ма[яйюе] июн июл август сентябр октябр ноябр декабр "
    "січн лют(?:ий|ого|ому) берез квітн травн червн липн серпн вересн жовтн листопад грудн"
)
_ORDINAL_BEFORE = re.compile(  # after 12, XX or 1990, these make it the twelfth, twentieth, 1990th
    rf"(?:{'|'.join(_MONTHS.split())})\w*|год(?:у|а|ом|е|ы|ов|ам|ах)?|гг?\.?|век\w*|рок(?:у|и|ом|ів|ах)|рік|р\.?|"
    r"столітт\w+|ст\.?",
    re.IGNORECASE,
)
_YEAR = re.compile(r"1[0-9]{3}|20[0-9]{2}")
_ROMAN = re.compile(r"[IVX]+")
_UKRAINIAN_PREDICATIVES = _listed("можна треба")
# The Ukrainian dictionary knows no frequencies: function words are commoner than what looks like them.
_UKRAINIAN_WEIGHTS = {"ADP": 9, "CCONJ": 8, "SCONJ": 7, "PRON": 6, "DET": 6, "AUX": 6, "PART": 5, "NUM": 4, "ADV": 3}


@dataclass(frozen=True)
class _Reading:
    """One analysis of a word: its UPOS tag, lemma, weight, and case and number for agreement."""

    upos: str
    lemma: str
    weight: float
    form: tuple[str | None, str | None]


@functools.cache
def _morphology(code: str) -> Any:
    import pymorphy3

    return pymorphy3.MorphAnalyzer(lang=code)


@functools.lru_cache(maxsize=100_000)
def _readings(word: str, code: str) -> tuple[_Reading, ...]:
    if code == "uk" and word.lower() in _UKRAINIAN_PREDICATIVES:
        return (_Reading("ADV", word.lower(), 1.0, (None, None)),)
    analyzer, found = _morphology(code), []
    bare = re.sub("[’ʼ]", "'", word)
    if len(bare) > 1 and bare.endswith(".") and not analyzer.word_is_known(bare):
        bare = bare[:-1]
    for parse in analyzer.parse(bare):
        own, grammemes = str(parse.tag).replace(" ", ",").split(",")[0], parse.tag.grammemes
        upos = _refined(own, parse.normal_form, parse, code)
        weight = parse.score
        name = upos == "NOUN" and bool(_NAMES & grammemes)
        if name and word[0].isupper():
            upos = "PROPN"
        if code == "uk":
            weight *= _UKRAINIAN_WEIGHTS.get(upos, 2)
            weight *= 0.1 if "voct" in grammemes or "Abbr" in grammemes or (name and upos != "PROPN") else 1
        found.append(_Reading(upos, parse.normal_form, weight, (parse.tag.case, parse.tag.number)))
    return tuple(found)


def _refined(own: str, lemma: str, parse: Any, code: str) -> str:
    """Return the UPOS tag of an OpenCorpora part of speech, by lemma where UD makes finer or other classes."""
    if own == "UNKN" and code == "uk" and len(parse.word) > 1:
        return "ADV"  # the Ukrainian dictionary lacks the part of speech of some: вже, ще, теж
    upos = _OPENCORPORA.get(own, "X")
    grammemes = parse.tag.grammemes
    if upos == "VERB" and lemma in _BE and parse.word != "есть":
        return "AUX"
    if lemma in _CONDITIONAL and upos == "PART":
        return "AUX"
    if upos == "SCONJ" and (lemma in _COORDINATING or "coord" in grammemes):
        return "CCONJ"
    if code == "ru" and "Apro" in grammemes and upos == "ADJ":
        if lemma in _RUSSIAN_ADJECTIVES:
            return "ADJ"
        return "NUM" if lemma == "один" else "PRON" if lemma in _RELATIVES else "DET"
    if code == "uk" and own == "NPRO" and lemma not in _UKRAINIAN_PRONOUNS:
        return "DET" if parse.tag.case else "ADV"
    return upos


def tag(words: Sequence[str], code: str) -> list[str]:
    """Tag Russian or Ukrainian: the likeliest reading of each word alone, then what its neighbours tell."""
    readings = [_readings(word, code) for word in words]
    tags = [_likeliest(own, code) for own in readings]
    start = True
    for i, word in enumerate(words):
        before, after = words[i - 1].lower() if i else "", words[i + 1] if i + 1 < len(words) else ""
        nominal = i + 1 < len(words) and tags[i + 1] in ("NOUN", "ADJ", "PROPN", "NUM")
        lower = word.lower()
        if NUMBER.fullmatch(word) or _ROMAN.fullmatch(word):
            ordinal = _YEAR.fullmatch(word) or _ROMAN.fullmatch(word) or _ORDINAL_BEFORE.fullmatch(after)
            tags[i] = "ADJ" if ordinal else "NUM"
        elif re.fullmatch(r"\d+-[^\W\d_]+", word):
            tags[i] = "ADJ"  # 3-й, 14-річні
        elif re.search("[A-Za-z]", word):
            tags[i] = "X"
        elif lower in _POSSESSIVES:
            tags[i] = "DET" if nominal else "PRON"
        elif code == "ru" and tags[i] in ("DET", "PRON", "PART") and _is_demonstrative(readings[i]):
            if _agrees(readings, tags, i):
                tags[i] = "DET"
            else:
                tags[i] = "PART" if lower == "это" and before in ("-", "--", "—", "–") else "PRON"
        elif lower == "как":
            tags[i] = "ADP" if nominal else "SCONJ" if before == "," else "ADV"
        elif lower == "также":
            tags[i] = "CCONJ" if before == "а" else "PART"
        elif word[0].isupper() and tags[i] in ("NOUN", "X") and not start:
            tags[i] = "PROPN"
        start = start and by_form(word) is not None
    return tags


def _likeliest(readings: Iterable[_Reading], code: str) -> str:
    """Return the tag with the most weight: over all readings in Russian, of its best one in Ukrainian."""
    weights: dict[str, float] = {}
    for one in readings:
        so_far = weights.get(one.upos, 0.0)
        weights[one.upos] = so_far + one.weight if code == "ru" else max(so_far, one.weight)
    return max(weights, key=lambda upos: weights[upos]) if weights else "X"


def _is_demonstrative(readings: Iterable[_Reading]) -> bool:
    return any(one.lemma in _DEMONSTRATIVES for one in readings)


def _agrees(readings: Sequence[tuple[_Reading, ...]], tags: Sequence[str], i: int) -> bool:
    """Tell whether the next noun, past adjectives and particles, may agree with word i in case and number."""
    forms = {one.form for one in readings[i] if one.lemma in _DEMONSTRATIVES}
    for j in range(i + 1, min(i + 5, len(tags))):
        if tags[j] in ("NOUN", "PROPN"):
            return any(one.form in forms for one in readings[j])
        if tags[j] not in ("ADJ", "DET", "NUM", "PART", "VERB") or not any(
            one.form in forms or tags[j] in ("PART", "NUM") for one in readings[j]
        ):
            return False
    return False
