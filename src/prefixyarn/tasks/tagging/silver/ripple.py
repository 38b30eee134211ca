"""rippletagger's rule files, each learned from a treebank of UD 1.3; Portuguese as they are.

French and Portuguese rules were learned from training parts of the treebanks whose dev parts measure them.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files

from prefixyarn.languages import language

_NEWER = {"CONJ": "CCONJ", "_": "ADP"}  # UD 1 to UD 2; a contraction had no tag
# UD 1 had copulas as verbs, UD 2 has them as auxiliaries.
_COPULAS = {
    "fr": (
        "être suis es est sommes êtes sont étais était étions étiez étaient fus fut fûmes fûtes furent serai seras "
        "sera serons serez seront serais serait serions seriez seraient sois soit soyons soyez soient fusse fusses "
        "fût fussions fussiez fussent étant été"
    ),
    "pt": (
        "ser sou és é somos sois são era eras éramos eram fui foste foi fomos foram fora serei serás será seremos "
        "serão seria serias seríamos seriam seja sejas sejamos sejam fosse fosses fôssemos fossem for fores formos "
        "forem sendo sido estar estou estás está estamos estão estava estavas estávamos estavam estive esteve "
        "estivemos estiveram estarei estará estaremos estarão estaria estariam esteja estejam estivesse estivessem "
        "estiver estiverem estando estado"
    ),
    "zh": "是 为",
}


def tag(words: Sequence[str], code: str) -> list[str]:
    """Tag a language whose words the rules know as they are written; a verb's hyphenated pronoun is a pronoun."""
    tags = by_rules(words, words, [None] * len(words), code)
    return ["PRON" if word[0] == "-" and word[-1].isalpha() else own for word, own in zip(words, tags, strict=True)]


def by_rules(words: Sequence[str], spelt: Sequence[str], guesses: Sequence[str | None], code: str) -> list[str]:
    """Return the tags of a sentence by the language's rules, brought up to UD 2.

    Args:
        words: The words.
        spelt: The same as the rules' treebank spells them.
        guesses: Their tags where the rules' lexicon lacks a word, as far as they are known.
        code: Language code.
    """
    tags = [_NEWER.get(own, own) for own in _ripple(language(code).silver_model).tag(spelt, guesses)]
    copulas = _COPULAS.get(code, "").split()
    return ["AUX" if own == "VERB" and word.lower() in copulas else own for word, own in zip(words, tags, strict=True)]


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
