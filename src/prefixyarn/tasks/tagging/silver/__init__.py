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
from collections.abc import Callable, Sequence

from prefixyarn.errors import InputError
from prefixyarn.languages import LANGUAGES
from prefixyarn.tasks.tagging.silver import chinese, french, hanta, pymorphy, ripple
from prefixyarn.tasks.tagging.silver.form import by_form
from prefixyarn.tasks.tagging.silver.tokens import tokenized

# From the words of a sentence and the language's code to a UPOS tag each, by the name that `prefixyarn.languages` uses.
# A tagger's packages are imported when it first tags.
TAGGERS: dict[str, Callable[[Sequence[str], str], list[str]]] = {
    "hanta": hanta.tag,
    "pymorphy": pymorphy.tag,
    "ripple": ripple.tag,
    "ripple-chinese": chinese.tag,
    "ripple-french": french.tag,
}


def tagged_codes() -> list[str]:
    """Return the codes of the languages that have a tagger."""
    return [code for code, own in LANGUAGES.items() if own.silver]


def tag(words: Sequence[str], code: str) -> list[str]:
    """Return one UPOS tag for each word of a sentence.

    Raises:
        InputError: No tagger for the language, or its packages are not installed.
    """
    tagged = _tagger(code)(words, code)
    return [by_form(word) or upos for word, upos in zip(words, tagged, strict=True)]


def tokenize(sentence: str, code: str) -> list[str]:
    """Split a sentence into words and punctuation marks; see `prefixyarn.tasks.tagging.silver.tokens`.

    Raises:
        InputError: No tagger for the language, or its packages are not installed.
    """
    _tagger(code)
    return tokenized(sentence, code)


def versions() -> dict[str, str]:
    """Return the versions of the packages that the taggers need, as far as they are installed."""
    names = sorted({name for own in LANGUAGES.values() for name in own.silver_packages}, key=str.lower)
    return {name: version for name in names if (version := _version(name))}


@functools.cache
def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _tagger(code: str) -> Callable[[Sequence[str], str], list[str]]:
    if code not in tagged_codes():
        raise InputError(
            f"tagging.languages: no silver tagger for {code!r}: there are some for {', '.join(tagged_codes())}. Take "
            "the language out, or set tagging.source to gold treebanks."
        )
    own = LANGUAGES[code]
    missing = [package for package in own.silver_packages if not _version(package)]
    if missing:
        raise InputError(
            f"tagging.languages: the silver tagger for {code!r} needs packages that are not installed. Install them "
            f"(pip install {' '.join(missing)}), or take the language out."
        )
    return TAGGERS[own.silver]
