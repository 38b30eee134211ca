"""French: rippletagger's rules, and contractions, which the rules know taken apart."""

from __future__ import annotations

from collections.abc import Sequence

from prefixyarn.tasks.tagging.silver.ripple import by_rules

_PARTICLES = frozenset(("-ci", "-là", "-t"))
_CONTRACTIONS = {
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


def tag(words: Sequence[str], code: str) -> list[str]:
    """Tag French: contractions are taken apart, as the rules were learned, and have their first part's tag."""
    parts: list[str] = []
    places = []
    for word, before in zip(words, ["", *_rippled(words, code)], strict=False):
        places.append(len(parts))
        lower = word.lower()
        # du pain, des fichiers: articles. They follow verbs and begin phrases; contractions mostly follow nouns.
        article = before not in ("NOUN", "PROPN", "ADJ", "NUM", "ADV", "PRON", "X")
        if (lower == "des" and article) or (lower == "du" and article and before != "VERB"):
            parts.append(word)
        else:
            parts += _CONTRACTIONS.get(lower, (word,))
    tags = _rippled(parts, code)
    return [tags[place] for place in places]


def _rippled(words: Sequence[str], code: str) -> list[str]:
    """Tag French without contractions."""
    tags = by_rules(words, [word.replace("’", "'") for word in words], [None] * len(words), code)
    for i, word in enumerate(words):
        if word.lower() in _PARTICLES:
            tags[i] = "PART"
        elif tags[i] == "PART":
            tags[i] = "ADV"  # negation
    return tags
