"""Parallel sentences from gettext message catalogues.

A catalogue maps the English messages of a program to their human translations. The compiled files (``.mo``)
of several programs lie in their wheels, one per language, all keyed by the same English message: so a
sentence that several languages have is parallel in all of them.
"""

from __future__ import annotations

import codecs
import logging
import re
import struct
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from prefixyarn.data.splits import Parallel
from prefixyarn.data.text_lines import BYTE_ORDER_MARK, visible
from prefixyarn.data.wheels import members, open_wheel
from prefixyarn.data.which_language import garbled, misread, other_language
from prefixyarn.errors import InputError
from prefixyarn.languages import language, mostly_in_script

MIN_CHARACTERS, MAX_CHARACTERS, MIN_WORDS = 25, 140, 5

# Format placeholders (%s, %(name)s, {name}, {{ x }}, $x), markup, entities, addresses, line breaks, escapes.
_NOT_TEXT = re.compile(r"%|[{}<>\\\n\r\t|$~^_@]|&\w+;|https?:|www\.|\.\w+\.|\w\.(com|org|net|py|xml|csv)\b|``")
_FETCH_AGAIN = "Remove the wheel, so that it is fetched again; if it stays so, take another version of the package."
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
    return _is_sentence(text, english) and mostly_in_script(text, code)


def _is_sentence(text: str, english: str) -> bool:
    """Tell the same of a text in whatever script."""
    if not visible(text) or text == english or _NOT_TEXT.search(text) or len(text) > 3 * len(english):
        return False
    return text.endswith(_SENTENCE_END) and not garbled(text)


class Messages(NamedTuple):
    """What a catalogue holds.

    Attributes:
        language: ISO 639-1 code that its header names; empty where it names none.
        charset: The charset that it was read in.
        pairs: Messages and their translations, those with plural forms left out.
    """

    language: str
    charset: str
    pairs: list[tuple[str, str]]


def read_messages(data: bytes, name: str) -> Messages:
    """Read a compiled gettext catalogue.

    The format is that of GNU gettext's manual, "The Format of GNU MO Files". Of the header, which is the translation of
    the empty message, only language and charset are read: a date or a rule of plurals that makes no sense stops
    nothing. What is UTF-8 is read as such, whatever the header says: text of another charset hardly ever is by chance.

    Args:
        data: The file.
        name: Its name, for errors.

    Raises:
        InputError: It is not a catalogue, or damaged, or not in its charset.
    """
    order = {b"\xde\x12\x04\x95": "<", b"\x95\x04\x12\xde": ">"}.get(data[:4])
    if order is None:
        raise InputError(f"{name}: not a gettext catalogue (its first bytes are others). {_FETCH_AGAIN}")
    header, found = b"", []
    try:
        count, ids, strings = struct.unpack_from(f"{order}3I", data, 8)
        for n in range(count):
            raw = []
            for table in (ids, strings):
                size, start = struct.unpack_from(f"{order}2I", data, table + 8 * n)
                if start + size > len(data):
                    raise ValueError(f"message {n + 1} lies beyond its end")
                raw.append(data[start : start + size])
            if not raw[0]:
                header = raw[1]
            elif b"\0" not in raw[0]:
                found.append(raw)
        charset = _charset(header, b"".join(text for raw in found for text in raw))
        pairs = []
        for raw in found:
            message, translation = (text.decode(charset).replace(BYTE_ORDER_MARK, "") for text in raw)
            (message + translation).encode()  # odd charsets let half a surrogate pair through
            pairs.append((message.rpartition("\x04")[2], translation))
    except (struct.error, ValueError) as error:
        raise InputError(f"{name}: a damaged gettext catalogue ({error}). {_FETCH_AGAIN}") from error
    said = re.search(rb"^Language: *([a-z]{2})\b(?![a-z])", header.replace(b"_", b"-"), re.MULTILINE | re.IGNORECASE)
    return Messages(said[1].decode().lower() if said else "", charset, pairs)


def _charset(header: bytes, texts: bytes) -> str:
    """Return the charset that a header names, or UTF-8 where texts are UTF-8 and not ASCII alone.

    What is called ISO-8859-1 is mostly Windows-1252, which has quotes and dashes where that has controls.
    """
    named = re.search(rb"charset=([\w.:-]+)", header)
    charset = _known_charset(named[1].decode() if named else "utf-8")
    for real in ("utf-8", *(["cp1252"] if codecs.lookup(charset).name == "iso8859-1" else [])):
        with suppress(UnicodeDecodeError):
            texts.decode(real)
            return charset if texts.isascii() else real
    return charset


def _known_charset(name: str) -> str:
    """Return a charset, or UTF-8 for one that nobody knows (the template's CHARSET, which many leave as it is)."""
    try:
        "x".encode(name)
    except (LookupError, UnicodeError):
        return "utf-8"
    return name


def _sentences(data: bytes, name: str, code: str) -> list[tuple[str, str]]:
    """Return a catalogue's usable sentences; none, and a log line, where they are not in the folder's language."""
    said, charset, messages = read_messages(data, name)
    pairs = [(message.strip(), translation.strip()) for message, translation in messages]
    sentences = [
        (english, text) for english, text in pairs if is_source_sentence(english) and _is_sentence(text, english)
    ]
    texts = [text for _, text in sentences]
    wrong = other_language(texts, code, said)
    if charset != "utf-8" and (other := misread(texts, code, charset)):
        wrong = f"it is not in {charset}, as its header says, but rather in {other}"
    if wrong:
        logging.warning("%s: left out, as %s", name, wrong)
        return []
    return [(english, text) for english, text in sentences if mostly_in_script(text, code)]


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
                    for english, text in _sentences(archive.read(name), f"{wheel}, {name}", code):
                        found.setdefault(english, {"en": english}).setdefault(code, text)
    if not found:
        raise InputError(
            f"{wheel}: no sentence of package {package!r} is left after filtering for {', '.join(codes)}. "
            "Take it out of translation.catalogues in the config, or add a language that it has."
        )
    return [Parallel(package, found[english], found[english]) for english in sorted(found)]
