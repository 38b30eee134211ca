"""Lines of text that others wrote: dictionaries, sentences, treebanks, summaries, descriptions.

docs/data.md has a table of what is done to them.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Iterator

from prefixyarn.errors import InputError
from prefixyarn.records import decoded

BYTE_ORDER_MARK = "\ufeff"  # at the start of a file, or left inside one where files were put together
# What nobody sees and no entry of a dictionary should differ by: soft hyphen, zero-width space, word joiner, and the
# marks of direction. The joiners U+200C and U+200D stay: they are part of how a word is written.
_UNSEEN = dict.fromkeys(
    [0xAD, 0x200B, 0x2060, 0xFEFF, 0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)


def text_lines(stream: Iterable[bytes], name: str | os.PathLike[str]) -> Iterator[tuple[int, str]]:
    """Yield each line's number and text, without its end.

    LF, CR LF and CR end a line. Other separators of Unicode (U+2028, U+2029, NEL, VT, FF) are part of it. Byte order
    marks are taken out, wherever they stand.

    Args:
        stream: Bytes, divided at LF: an open file.
        name: What to call it in errors.

    Raises:
        InputError: A line is not UTF-8; file and line are named.
    """
    number = 0
    for raw in stream:
        for line in raw.removesuffix(b"\n").removesuffix(b"\r").split(b"\r"):
            number += 1
            yield number, decoded(line, name, number).replace(BYTE_ORDER_MARK, "")


def read_lines(path: str | os.PathLike[str]) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file; see `text_lines`."""
    with open(path, "rb") as stream:
        yield from text_lines(stream, path)


def read_sentences(path: str | os.PathLike[str]) -> list[str]:
    """Return the sentences of a file that has one a line, without space around them.

    Raises:
        InputError: A line is empty or not UTF-8, or there is none; file and line are named.
    """
    found = []
    for number, line in read_lines(path):
        if not line.strip():
            raise InputError(f"{path}, line {number}: empty; a sentence is expected. Get the file again.")
        found.append(line.strip())
    if not found:
        raise InputError(f"{path}: no sentences in it. Get the file again.")
    return found


def plain_word(word: str) -> str:
    """Return a dictionary's word as it is kept: composed (NFC), nothing unseen in it, plain single spaces."""
    return " ".join(unicodedata.normalize("NFC", word.translate(_UNSEEN)).split())


def lookup_form(word: str) -> str:
    """Return a word as dictionaries and word lists are asked for it: plain, see `plain_word`, and in lower case."""
    return unicodedata.normalize("NFC", plain_word(word).lower())
