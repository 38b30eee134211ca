"""Parallel sentences from gettext message catalogues.

A catalogue maps the English messages of a program to their human translations. The compiled files (``.mo``)
of several programs lie in their wheels, one per language, all keyed by the same English message: so a
sentence that several languages have is parallel in all of them.
"""

from __future__ import annotations

import io
import re
from pathlib import Path

from babel.messages.mofile import read_mo

from prefixyarn.data.splits import Parallel
from prefixyarn.data.wheels import members, open_wheel
from prefixyarn.errors import InputError
from prefixyarn.languages import language, mostly_in_script

MIN_CHARACTERS, MAX_CHARACTERS, MIN_WORDS = 25, 140, 5

# Format placeholders (%s, %(name)s, {name}, {{ x }}, $x), markup, entities, addresses, line breaks, escapes.
_NOT_TEXT = re.compile(r"%|[{}<>\\\n\r\t|$~^_@]|&\w+;|https?:|www\.|\.\w+\.|\w\.(com|org|net|py|xml|csv)\b|``")
_SENTENCE_END = (".", "?", "!", "。", "？", "！", "؟", "۔", "…")


def is_source_sentence(text: str) -> bool:
    """Tell whether an English message is plain text of a whole sentence, sometimes two.

    25 to 140 characters, at least five words, ends in ``.``, ``?`` or ``!``, begins with a capital letter,
    and holds no placeholder, markup, address or line break.
    """
    return (
        MIN_CHARACTERS <= len(text) <= MAX_CHARACTERS
        and len(text.split()) >= MIN_WORDS
        and text[-1] in ".?!"
        and text[0].isupper()
        and not _NOT_TEXT.search(text)
    )


def is_translation(text: str, english: str, code: str) -> bool:
    """Tell whether a translated message can serve as reference for an English one.

    Plain text that ends as a sentence, differs from the English, is at most three times as long, and has more
    than half of its letters in the language's script (names and abbreviations keep theirs).
    """
    if not text or text == english or _NOT_TEXT.search(text) or len(text) > 3 * len(english):
        return False
    return text.endswith(_SENTENCE_END) and mostly_in_script(text, code)


def read_catalogue(wheel: str | Path, package: str, codes: list[str]) -> list[Parallel]:
    """Read the sentences of one package that have at least one usable translation.

    Args:
        wheel: The package's wheel.
        package: Its name.
        codes: Language codes to read, English among them or not.

    Returns:
        Sentences sorted by their English text.

    Raises:
        InputError: Not a wheel, a damaged catalogue, or nothing left after filtering.
    """
    found: dict[str, dict[str, str]] = {}
    with open_wheel(wheel) as archive:
        for code in sorted(set(codes) - {"en"}):
            for locale in language(code).gettext:
                for name in members(archive, rf"(.*/)?locale/{locale}/LC_MESSAGES/[^/]+\.mo"):
                    try:
                        catalogue = read_mo(io.BytesIO(archive.read(name)))
                    except Exception as error:  # Babel lets struct, Unicode and lookup errors through
                        raise InputError(f"{wheel}, {name}: not a gettext catalogue ({error})") from error
                    for message in catalogue:
                        # Plural messages have tuples here; their singular alone is no whole message.
                        if not isinstance(message.id, str) or not isinstance(message.string, str):
                            continue
                        english, text = message.id.strip(), message.string.strip()
                        if is_source_sentence(english) and is_translation(text, english, code):
                            found.setdefault(english, {"en": english}).setdefault(code, text)
    if not found:
        raise InputError(
            f"{wheel}: no sentence of package {package!r} is left after filtering for {', '.join(codes)}. "
            "Take it out of translation.catalogues in the config, or add a language that it has."
        )
    return [Parallel(package, found[english], found[english]) for english in sorted(found)]
