"""Silver tags: part-of-speech taggers that come as packages with their data inside, mapped to the 17 UPOS tags.

Gold treebanks need a download; these taggers do not. What each says in its own tag set is mapped to what Universal
Dependencies (UD) 2 says, by its guidelines, language by language (universaldependencies.org). Where those leave room
(are participles verbs, and years ordinals?), the published statistics of the treebank that measures the language
decide. benchmarks/silver_taggers.py measures the agreement with gold tags: 85 % or more, or a language is left out.

Words are surface words: what UD calls a multiword token (German *im*, French *du*, Portuguese *na*) stays one word and
has the tag of its first part, ADP.

French, Portuguese and Chinese rules were learned from training parts of the same treebanks (of UD 1.3) whose dev parts
measure them; the German, Russian and Ukrainian taggers have never seen theirs.
"""

from __future__ import annotations

import functools
import importlib.metadata
import logging
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from prefixyarn.errors import InputError


@dataclass(frozen=True)
class Tagger:
    """How one language is tagged.

    Attributes:
        name: What to call the tagger in a table.
        packages: The packages that it needs, as the package index names them.
        tag: From the words of one sentence to their UPOS tags.
    """

    name: str
    packages: tuple[str, ...]
    tag: Callable[[Sequence[str]], list[str]]


def tag(words: Sequence[str], code: str) -> list[str]:
    """Return one UPOS tag for each word of a sentence.

    Raises:
        InputError: No tagger for the language, or its packages are not installed.
    """
    tagged = _tagger(code).tag(words)
    return [_by_form(word) or upos for word, upos in zip(words, tagged, strict=True)]


def versions() -> dict[str, str]:
    """Return the versions of the packages that the taggers need, as far as they are installed."""
    names = sorted({name for tagger in TAGGERS.values() for name in tagger.packages}, key=str.lower)
    return {name: version for name in names if (version := _version(name))}


@functools.cache
def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _tagger(code: str) -> Tagger:
    if code not in TAGGERS:
        raise InputError(
            f"tagging.languages: no silver tagger for {code!r}: there are some for {', '.join(TAGGERS)}. Take the "
            "language out, or set tagging.source to gold treebanks."
        )
    missing = [package for package in TAGGERS[code].packages if not _version(package)]
    if missing:
        raise InputError(
            f"tagging.languages: the silver tagger for {code!r} needs packages that are not installed. Install them "
            f"(pip install {' '.join(missing)}), or take the language out."
        )
    return TAGGERS[code]


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


# ---- Words -----------------------------------------------------------------------------------------------------------

_FIXED = {  # one word each, whatever is in them
    "de": _listed("bzw. ca. Dr. etc. evtl. ggf. inkl. max. min. Nr. Prof. sog. St. usw. u.a. vgl. z.B. d.h."),
    "fr": _listed("etc. M. MM. Mr. Dr. St. av. ap. J.-C. p.ex. c'est-à-dire aujourd'hui"),
    "pt": _listed("etc. Dr. Dra. Sr. Sra. Prof. a.C. d.C. p.ex. ex."),
    "ru": _listed("г. гг. тыс. млн. млрд. др. т.д. т.п. т.е. напр. см. руб. чел."),
}
_CLITICS = {  # pronouns after the verb's hyphen are words of their own, with the hyphen: a-t-il -> a -t -il
    "fr": r"(?:il|elle|on|ils|elles|je|tu|nous|vous|ce|moi|toi|le|la|les|lui|leur|y|en)",
    "pt": r"(?:se|me|te|nos|vos|lhe|lhes|o|a|os|as|lo|la|los|las|no|na|nas)",
}
_NO_CLITIC = _listed("rendez-vous vis-à-vis peut-être week-end au-delà")


@functools.cache
def _token(code: str) -> re.Pattern[str]:
    """Return what one word or punctuation mark looks like: the first alternative that fits."""
    letters = r"[^\W\d_](?:[^\W_]|[\u0300-\u036f])*"
    fixed = sorted(_FIXED.get(code, ()), key=len, reverse=True)
    kinds = [
        r"(?:https?://|www\.)[^\s<>\"»”]*[^\s<>\"»”.,;:!?)]",
        r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
        *(rf"(?<!\w)(?i:{re.escape(word)})" + (r"(?!\w)" if word[-1].isalnum() else "") for word in fixed),
        *([r"(?<!\w)(?i:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu)['’](?=\w)"] if code == "fr" else []),
        *([r"\d{1,2}\.(?=\s+[^\W\d_])"] if code == "de" else []),  # ordinals: 12. Mai
        r"\d+(?:[.,:]\d+)*(?:-?[^\W\d_]+\d*)*",
        r"(?<!\w)[^\W\d_a-zß-ÿа-яёґєії]\.(?=\s*[^\W\d_])",  # initials: J. Smith
        rf"{letters}(?:['’ʼ-]{letters})*",
        r"\.{2,}|-{2,}|''|``",
        r"\S",
    ]
    return re.compile("|".join(kinds))


def tokenize(sentence: str, code: str) -> list[str]:
    """Split a sentence into words and punctuation marks, nearly as UD does; nothing but white space is lost.

    Contractions (*im*, *du*, *na*) stay whole. French elided words and verbs' hyphenated pronouns are split off.
    Chinese is segmented by jieba, whose words are often longer than the treebank's.

    Raises:
        InputError: No tagger for the language, or its packages are not installed.
    """
    _tagger(code)
    if code == "zh":
        return [word for word in _jieba().cut(sentence) if not word.isspace()]
    tokens: list[str] = []
    for word in _token(code).findall(sentence):
        tokens += _split_clitic(word, code)
    return tokens


def _split_clitic(word: str, code: str) -> list[str]:
    if code in _CLITICS and word.lower() not in _NO_CLITIC:
        found = re.fullmatch(rf"(\w+?)(-t)?(-{_CLITICS[code]})", word, re.IGNORECASE)
        if found:
            return [part for part in found.groups() if part]
    return [word]


# ---- What the form alone tells ---------------------------------------------------------------------------------------

_SYMBOLS = frozenset("%‰&@#§°")  # punctuation to Unicode, symbols to UD
_MARKS = frozenset("`´^¨¯~|")  # the other way round
_NUMBER = re.compile(r"[+−-]?\d+(?:[.,:]\d+)*")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|[\w.+-]+@[\w-]+\.\S+")


def _by_form(word: str) -> str | None:
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


# ---- German: HanTa, whose tags are those of STTS ---------------------------------------------------------------------

# Determiners but articles and possessives are pronouns in UD_German-GSD (dieses Feld); the guidelines are newer.
_STTS = {
    "ADJ(A)": "ADJ",
    "ADV": "ADV",
    "APPO": "ADP",
    "APPR": "ADP",
    "APPRART": "ADP",
    "APZR": "ADP",
    "ART": "DET",
    "CARD": "NUM",
    "FM": "X",
    "ITJ": "INTJ",
    "KOKOM": "ADP",
    "KON": "CCONJ",
    "KOUI": "SCONJ",
    "KOUS": "SCONJ",
    "NE": "PROPN",
    "NN": "NOUN",
    "NNA": "NOUN",
    "NNI": "NOUN",
    "PDAT": "PRON",
    "PDS": "PRON",
    "PIAT": "PRON",
    "PIS": "PRON",
    "PPER": "PRON",
    "PPOSAT": "DET",
    "PPOSS": "PRON",
    "PRELAT": "PRON",
    "PRELS": "PRON",
    "PRF": "PRON",
    "PROAV": "ADV",
    "PTKA": "PART",
    "PTKANT": "INTJ",
    "PTKNEG": "PART",
    "PTKVZ": "ADP",
    "PTKZU": "PART",
    "PWAT": "PRON",
    "PWAV": "ADV",
    "PWS": "PRON",
    "TRUNC": "X",
    "XY": "X",
}


@functools.cache
def _hanta() -> Any:
    from HanTa.HanoverTagger import HanoverTagger

    return HanoverTagger("morphmodel_ger.pgz")


def _german(words: Sequence[str]) -> list[str]:
    """Tag German: by STTS tag, but verbs and predicates by the other words of their clause."""
    analyses = _hanta().tag_sent(list(words), taglevel=1)
    lemmas, stts = [a[1].lower() for a in analyses], [a[2] for a in analyses]
    tags = []
    for i, own in enumerate(stts):
        clause = _clause(stts, i)
        if own[:2] in ("VA", "VM", "VV"):
            tags.append(_german_verb(lemmas[i], own, [stts[j] for j in clause if j != i]))
        elif own == "ADJ(D)":  # er ist schnell (ADJ), er läuft schnell (ADV)
            tags.append("ADJ" if any(lemmas[j] in ("sein", "werden", "bleiben") for j in clause) else "ADV")
        else:
            tags.append(_STTS.get(own, "PUNCT" if own.startswith("$") else "X"))
    return tags


def _german_verb(lemma: str, own: str, others: list[str]) -> str:
    """Return AUX for *sein*, modals, and *haben* and *werden* beside the verb that they help; else VERB."""
    participle = any(tag.endswith("(PP)") for tag in others)
    infinitive = any(tag.endswith("(INF)") for tag in others)
    if lemma == "sein" or (own.startswith("VM") and lemma != "lassen"):
        return "AUX"
    helps = (lemma == "haben" and participle) or (lemma == "werden" and (participle or infinitive))
    return "AUX" if helps and own.startswith("VA") else "VERB"


def _clause(stts: list[str], i: int) -> range:
    """Return the positions around one between punctuation marks: nearly its clause."""
    start = max((j + 1 for j in range(i) if stts[j].startswith("$")), default=0)
    end = min((j for j in range(i, len(stts)) if stts[j].startswith("$")), default=len(stts))
    return range(start, end)


# ---- Russian and Ukrainian: pymorphy3, whose tags are those of OpenCorpora -------------------------------------------

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


def _slavic(words: Sequence[str], code: str) -> list[str]:
    """Tag Russian or Ukrainian: the likeliest reading of each word alone, then what its neighbours tell."""
    readings = [_readings(word, code) for word in words]
    tags = [_likeliest(own, code) for own in readings]
    start = True
    for i, word in enumerate(words):
        before, after = words[i - 1].lower() if i else "", words[i + 1] if i + 1 < len(words) else ""
        nominal = i + 1 < len(words) and tags[i + 1] in ("NOUN", "ADJ", "PROPN", "NUM")
        lower = word.lower()
        if _NUMBER.fullmatch(word) or _ROMAN.fullmatch(word):
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
        start = start and _by_form(word) is not None
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


# ---- French, Portuguese and Chinese: rippletagger's rule files -------------------------------------------------------


@dataclass(frozen=True)
class _Rule:
    """A ripple-down rule: if all conditions hold, the tag, unless one of the exceptions knows better."""

    conditions: tuple[tuple[str, str], ...]
    tag: str
    exceptions: list[_Rule] = field(default_factory=list)


@dataclass(frozen=True)
class _Ripple:
    """A lexicon, and rules that correct its tags by context.

    rippletagger's own code is Python 2. Its data are read here as data; no code of it is run.
    """

    lexicon: dict[str, str]
    rules: list[_Rule]

    def tag(self, words: Sequence[str], guesses: Sequence[str | None]) -> list[str]:
        """Return the tags of a sentence; a guess counts where the lexicon lacks the word."""
        words = ["''" if word in ("“", "”", '"') else word for word in words]
        first = [self._first(word, guess) for word, guess in zip(words, guesses, strict=True)]
        return [_correct(self.rules, _context(words, first, i), first[i]) for i in range(len(words))]

    def _first(self, word: str, guess: str | None) -> str:
        """Return a word's commonest tag; of an unknown word the guess, else that of its ending."""
        for known in (word, word.lower()):
            if known in self.lexicon:
                return self.lexicon[known]
        if guess:
            return guess
        if re.search("[0-9]", word):
            return self.lexicon["TAG4UNKN-NUM"]
        for size in (5, 4, 3, 2):
            ending = ".*" + word[-size:]
            if len(word) >= max(4, size + 1) and ending in self.lexicon:
                return self.lexicon[ending]
        return self.lexicon["TAG4UNKN-CAPITAL" if word[0].isupper() else "TAG4UNKN-WORD"]


def _context(words: Sequence[str], tags: Sequence[str], i: int) -> dict[str, str]:
    """Return what rules may ask about a word: itself, two words and tags each side, its endings."""
    context = {"word": words[i], "tag": tags[i]}
    for name, step in (("prev", -1), ("next", 1)):
        for distance in (1, 2):
            j = i + step * distance
            inside = 0 <= j < len(words)
            context[f"{name}Word{distance}"] = words[j] if inside else ""
            context[f"{name}Tag{distance}"] = tags[j] if inside else ""
    for size, least in ((2, 4), (3, 4), (4, 5)):
        context[f"suffixL{size}"] = words[i][-size:] if len(words[i]) >= least else ""
    return context


def _correct(rules: Sequence[_Rule], context: dict[str, str], upos: str) -> str:
    for rule in rules:
        if all(context[key] == value for key, value in rule.conditions):
            return _correct(rule.exceptions, context, rule.tag)
    return upos


@functools.cache
def _ripple(folder: str) -> _Ripple:
    """Read the rule files of one treebank."""
    data = files("rippletagger") / "data" / folder
    lines = (data / "train.UniPOS.DICT").read_text(encoding="utf-8").splitlines()
    lexicon = {word: upos for word, upos in map(str.split, lines)}
    path: list[list[_Rule]] = [[]]  # the rules of each depth that a line may be among
    for line in (data / "train.UniPOS.RDR").read_text(encoding="utf-8").splitlines()[1:]:
        found = re.fullmatch(r"(\t+)(object\..*) : object\.conclusion = \"(.*)\"", line)
        if found:
            conditions = re.findall(r'object\.(\w+) == "(.*?)"(?= and |$)', found[2])
            rule, depth = _Rule(tuple(conditions), found[3]), len(found[1])
            path[depth - 1].append(rule)
            path[depth:] = [rule.exceptions]
    return _Ripple(lexicon, path[0])


_NEWER = {"CONJ": "CCONJ", "_": "ADP"}  # UD 1 to UD 2; a contraction had no tag
# UD 1 had copulas as verbs, UD 2 has them as auxiliaries.
_COPULAS = {
    "fr": _listed(
        "être suis es est sommes êtes sont étais était étions étiez étaient fus fut fûmes fûtes furent serai seras "
        "sera serons serez seront serais serait serions seriez seraient sois soit soyons soyez soient fusse fusses "
        "fût fussions fussiez fussent étant été"
    ),
    "pt": _listed(
        "ser sou és é somos sois são era eras éramos eram fui foste foi fomos foram fora serei serás será seremos "
        "serão seria serias seríamos seriam seja sejas sejamos sejam fosse fosses fôssemos fossem for fores formos "
        "forem sendo sido estar estou estás está estamos estão estava estavas estávamos estavam estive esteve "
        "estivemos estiveram estarei estará estaremos estarão estaria estariam esteja estejam estivesse estivessem "
        "estiver estiverem estando estado"
    ),
    "zh": _listed("是 为"),
}
_FRENCH_PARTICLES = _listed("-ci -là -t")
_FRENCH_CONTRACTIONS = {
    "au": ("à", "le"),
    "aux": ("à", "les"),
    "auquel": ("à", "lequel"),
    "auxquels": ("à", "lesquels"),
    "auxquelles": ("à", "lesquelles"),
    "du": ("de", "le"),
    "des": ("de", "les"),
    "duquel": ("de", "lequel"),
    "desquels": ("de", "lesquels"),
    "desquelles": ("de", "lesquelles"),
}
_CHINESE_PARTICLES = _listed("吗 呢 吧 啊 呀 嘛")  # at the end of a sentence
_TREEBANKS = {"fr": "UD_French", "pt": "UD_Portuguese-BR", "zh": "UD_Chinese"}


def _rippled(words: Sequence[str], code: str) -> list[str]:
    """Tag Portuguese or Chinese, or French without contractions: by rules learned from UD 1.3, brought up to UD 2."""
    spelt = [_traditional(word) if code == "zh" else word.replace("’", "'") for word in words]
    guesses = [_jieba_guess(word) if code == "zh" else None for word in words]
    tags = _ripple(_TREEBANKS[code]).tag(spelt, guesses)
    for i, word in enumerate(words):
        tags[i] = _NEWER.get(tags[i], tags[i])
        if tags[i] == "VERB" and word.lower() in _COPULAS[code]:
            tags[i] = "AUX"
        elif code == "fr" and word.lower() in _FRENCH_PARTICLES:
            tags[i] = "PART"
        elif code == "fr" and tags[i] == "PART":
            tags[i] = "ADV"  # negation
        elif code == "pt" and word[0] == "-" and word[-1].isalpha():
            tags[i] = "PRON"
        elif code == "zh" and word in _CHINESE_PARTICLES:
            tags[i] = "PART"
    return tags


def _french(words: Sequence[str]) -> list[str]:
    """Tag French: contractions are taken apart, as the rules were learned, and have their first part's tag."""
    parts: list[str] = []
    places = []
    for word, before in zip(words, ["", *_rippled(words, "fr")], strict=False):
        places.append(len(parts))
        lower = word.lower()
        # du pain, des fichiers: articles. They follow verbs and begin phrases; contractions mostly follow nouns.
        article = before not in ("NOUN", "PROPN", "ADJ", "NUM", "ADV", "PRON", "X")
        if (lower == "des" and article) or (lower == "du" and article and before != "VERB"):
            parts.append(word)
        else:
            parts += _FRENCH_CONTRACTIONS.get(lower, (word,))
    tags = _rippled(parts, "fr")
    return [tags[place] for place in places]


@functools.cache
def _opencc() -> Any:
    import opencc

    return opencc.OpenCC("s2tw")


@functools.cache
def _traditional(word: str) -> str:
    """Return a word in traditional characters, as the treebank's lexicon has them."""
    spelt: str = _opencc().convert(word)
    return spelt.replace("臺", "台")


# jieba's tags are those of ICTCLAS, by their first letter where that is enough.
_ICTCLAS = {
    "a": "ADJ",
    "b": "ADJ",
    "c": "CCONJ",
    "d": "ADV",
    "e": "INTJ",
    "f": "NOUN",
    "i": "NOUN",
    "j": "NOUN",
    "l": "NOUN",
    "m": "NUM",
    "n": "NOUN",
    "nr": "PROPN",
    "ns": "PROPN",
    "nt": "PROPN",
    "nz": "PROPN",
    "o": "X",
    "p": "ADP",
    "q": "NOUN",
    "r": "PRON",
    "s": "NOUN",
    "t": "NOUN",
    "u": "PART",
    "v": "VERB",
    "vn": "NOUN",
    "y": "PART",
    "z": "ADJ",
    "zg": "NOUN",  # parts of words
}


@functools.cache
def _jieba() -> Any:
    import jieba

    jieba.setLogLevel(logging.WARNING)  # it reports loading its dictionary as if that were news
    return jieba


@functools.cache
def _jieba_tags() -> dict[str, str]:
    import jieba.posseg

    tags: dict[str, str] = jieba.posseg.dt.word_tag_tab
    return tags


def _jieba_guess(word: str) -> str | None:
    own = _jieba_tags().get(word, "")
    return _ICTCLAS.get(own[:2], _ICTCLAS.get(own[:1]))


TAGGERS: dict[str, Tagger] = {
    "de": Tagger("HanTa", ("HanTa",), _german),
    "fr": Tagger("rippletagger", ("rippletagger",), _french),
    "pt": Tagger("rippletagger", ("rippletagger",), functools.partial(_rippled, code="pt")),
    "ru": Tagger("pymorphy3", ("pymorphy3", "pymorphy3-dicts-ru"), functools.partial(_slavic, code="ru")),
    "uk": Tagger("pymorphy3", ("pymorphy3", "pymorphy3-dicts-uk"), functools.partial(_slavic, code="uk")),
    "zh": Tagger(
        "rippletagger, jieba",
        ("rippletagger", "jieba", "opencc-python-reimplemented"),
        functools.partial(_rippled, code="zh"),
    ),
}
