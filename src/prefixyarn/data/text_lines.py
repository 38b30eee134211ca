"""Lines of text that others wrote: dictionaries, sentences, treebanks, summaries, descriptions.

docs/data.md has a table of what is done to them.
"""

from __future__ import annotations

import logging
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from html import unescape

from prefixyarn.errors import InputError
from prefixyarn.records import decoded

BYTE_ORDER_MARK = "\ufeff"  # at the start of a file, or left inside one where files were put together
# What nobody sees and no entry of a dictionary should differ by: controls, soft hyphen, zero-width space, word joiner,
# and the marks of direction. The joiners U+200C and U+200D stay: they are part of how a word is written.
_CONTROLS = [*range(9), *range(0xE, 0x1C), 0x7F]  # the others are white space
_DIRECTIONS = [0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_UNSEEN = dict.fromkeys([*_CONTROLS, *_DIRECTIONS, 0xAD, 0x200B, 0x2060, 0xFEFF])
_UNSEEN_KINDS = ("Zs", "Zl", "Zp", "Cc", "Cf", "Cs")  # Unicode's categories: spaces, controls, formats, half pairs
# Letters and marks that are drawn as nothing: fillers of Korean, an empty braille cell, selectors of variants.
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0]")
# One sign of those that a dictionary and a text write differently: apostrophes, hyphens, Hebrew's signs of
# abbreviation; the dotless i, which is a capital's lower case where somebody lowered it; Greek letters without accents,
# as capitals are; Persian and Arabic, Turkish and Romanian keyboards; nothing for the line that stretches Arabic.
_ONE_SIGN = (
    str.maketrans("\u2018\u2019\u02bb\u02bc\u00b4\uff07\u05f3\u2010\u2011\u05be\u05f4", "'''''''---\"")
    | str.maketrans("ıёЁάέήίόύώΐΰیکşţ", "iеЕαεηιουωϊϋيكșț")
    | str.maketrans("", "", "ـ")
)
# Marks that one writer puts and another leaves out: Hebrew points, Arabic vowels, the dot that a Turkish capital keeps
# in lower case, the stress of Cyrillic.
_OPTIONAL = re.compile(
    "[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7"
    "\u06e8\u06ea-\u06ed]|(?<=i)\u0307|(?<=[\u0400-\u04ff])[\u0300\u0301]"
)
_ESCAPE = re.compile(r"&(?:#[0-9]+|#x[0-9A-Fa-f]+|[A-Za-z]+);")
QUOTES = '"“”„«»‹›「」『』'
_AROUND = QUOTES + ",;:.!?…()[]،؛؟。，、；：！？ "  # what a word may be cut out of a text or a table with


# How files of other kinds begin, in lower case; what they are, and what to do.
_PAIRS = "Save its texts, or two columns with a tab between, in UTF-8, and give that"
_TABLE = "Save it as CSV or text in UTF-8, and give that"
_OTHER_KINDS = {
    b"pk\x03\x04": ("a spreadsheet or another packed file (.xlsx, .ods, .docx, .zip)", _TABLE),
    b"\xd0\xcf\x11\xe0": ("an old spreadsheet or document (.xls, .doc)", _TABLE),
    b"\x1f\x8b": ("packed with gzip (.gz)", "Unpack it: gunzip"),
    b"bzh91ay&sy": ("packed with bzip2 (.bz2)", "Unpack it: bunzip2"),
    b"\xfd7zxz\x00": ("packed with xz (.xz)", "Unpack it: unxz"),
    b"%pdf-": ("a PDF", "Save its text in UTF-8, and give that"),
    b"<?xml": ("XML (.tmx, .xliff, .tbx)", _PAIRS),
    b"<tmx": ("XML (.tmx)", _PAIRS),
    b"<!doctype html": ("a web page (HTML)", "Is it an error that was downloaded? Get the file again"),
}


def visible(text: str) -> bool:
    """Tell whether anything of a text can be seen: not only spaces, controls, and what has no width."""
    return any(unicodedata.category(c) not in _UNSEEN_KINDS for c in _BLANK.sub("", text))


def decomposed(texts: Sequence[str]) -> bool:
    """Tell whether texts have letters and their marks apart (NFD) more than together (NFC), and not in a few alone."""
    apart = sum(len(unicodedata.normalize("NFC", text)) < len(text) for text in texts)
    together = sum(len(unicodedata.normalize("NFD", text)) > len(text) for text in texts)
    return apart > max(together, len(texts) // 10)


def text_lines(stream: Iterable[bytes], name: str | os.PathLike[str]) -> Iterator[tuple[int, str]]:
    """Yield each line's number and text, without its end.

    LF, CR LF and CR end a line. Other separators of Unicode (U+2028, U+2029, NEL, VT, FF) are part of it. Byte order
    marks are taken out, wherever they stand.

    Args:
        stream: Bytes, divided at LF: an open file.
        name: What to call it in errors.

    Raises:
        InputError: A line is not UTF-8 (file and line are named), or the first one begins a file of another kind.
    """
    number = 0
    for raw in stream:
        if not number:
            _check_plain(raw, name)
        for line in raw.removesuffix(b"\n").removesuffix(b"\r").split(b"\r"):
            number += 1
            yield number, decoded(line, name, number).replace(BYTE_ORDER_MARK, "")


def _check_plain(first: bytes, name: str | os.PathLike[str]) -> None:
    """Check by its first bytes that a file is plain text.

    Raises:
        InputError: It is of another kind; it says which, and what to save it as.
    """
    begins = first.removeprefix(BYTE_ORDER_MARK.encode()).lstrip()[:16].lower()
    for magic, (kind, remedy) in _OTHER_KINDS.items():
        if begins.startswith(magic):
            raise InputError(f"{os.fspath(name)}: {kind}, not plain text. {remedy}")


def read_lines(path: str | os.PathLike[str]) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file; see `text_lines`."""
    with open(path, "rb") as stream:
        yield from text_lines(stream, path)


def read_sentences(path: str | os.PathLike[str]) -> list[str]:
    """Return the sentences of a file that has one a line, without space around them.

    Raises:
        InputError: A line is empty or not UTF-8, or there is none; file and line are named. Or all have columns.
    """
    found: list[str] = []
    for number, line in read_lines(path):
        if not visible(line):
            raise InputError(f"{path}, line {number}: empty; a sentence is expected. Get the file again.")
        found.append(line.strip())
    if not found:
        raise InputError(f"{path}: no sentences in it. Get the file again.")
    if all("\t" in line for line in found):
        raise InputError(
            f"{path}: each line has columns ({found[0][:60]!r}), and a sentence a line is expected. Keep the column of "
            "sentences alone, as 'cut -f' does."
        )
    note_escapes(found, path)
    return found


def note_escapes(texts: Sequence[str], name: object) -> None:
    """Say in a log line how many texts have signs written as HTML and Moses do (``&quot;``), which stay as they are."""
    if found := [own for text in texts if (own := _ESCAPE.search(text)) and unescape(own[0]) != own[0]]:
        logging.warning(
            "%s: %d of %d texts have escaped signs such as %s, which are read as they stand: unescape the texts "
            "(Moses's deescape-special-chars.perl, or Python's html.unescape)",
            name, len(found), len(texts), found[0][0],
        )  # fmt: skip


def plain_word(word: str) -> str:
    """Return a dictionary's word as it is kept: composed (NFC), nothing unseen in it, plain single spaces."""
    return " ".join(unicodedata.normalize("NFC", word.translate(_UNSEEN)).split())


def lookup_form(word: str) -> str:
    """Return a word as dictionaries and word lists are asked for it: plain, see `plain_word`, and in lower case."""
    return unicodedata.normalize("NFC", plain_word(word).lower())


def loose_form(word: str) -> str:
    """Return what is left of a word's `lookup_form` where writers agree: what is asked for where that is not found.

    Compatible letters are one (ligatures, full width, presentation forms: NFKC), so are the signs of `_ONE_SIGN` and
    cases (ß is ss); optional marks and punctuation around the word are gone, but not the apostrophe that ends an
    elided one (l').
    """
    text = unicodedata.normalize("NFC", word.translate(_UNSEEN)).translate(_ONE_SIGN)
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).translate(_ONE_SIGN)
    text = _OPTIONAL.sub("", text).strip(_AROUND)
    return " ".join((text.strip("'" + _AROUND) if text.startswith("'") else text).split())
