"""Dictionaries in files of two columns, as MUSE has them, or as spreadsheets write and paste them."""

from __future__ import annotations

import csv
import logging
import re
from contextlib import suppress
from itertools import chain
from pathlib import Path

from prefixyarn.data.text_lines import QUOTES, lookup_form, loose_form, plain_word, read_lines, visible
from prefixyarn.data.which_language import garbled, other_words
from prefixyarn.data.words import looked_up_words
from prefixyarn.errors import InputError
from prefixyarn.languages import LANGUAGES, language

_SEPARATOR = re.compile('"?sep=(.)"?', re.IGNORECASE)  # the first line of a spreadsheet's text may name it
_LIST = re.compile("[;,] +|[;、，；] *")  # between the translations that one cell has
_NOTE = re.compile(r"\s*(?:\{[^{}]*\}|\[[^][]*\]|\([^()]*\)|<[^<>]*>)")  # of gender, use, meaning: none of the word
_NO_TRANSLATION = re.compile(r"[-–—?]+|#?[Nn]/[Aa]|#[A-Z0/]+[?!]|#N[AV]")  # what stands for none, in spreadsheets too
_HEADS = {"source", "target", "src", "tgt", "word", "translation", "term", "meaning"}


def read_two_columns(path: str | Path, code: str, target_code: str) -> dict[str, list[tuple[str, float]]]:
    """Read a MUSE or other two-column dictionary.

    Columns are divided by tabs, or by semicolons or commas that every line has, or by spaces; several translations in
    a cell by semicolons or commas. Quotes around a cell, empty columns behind the two, a first line that names the
    separator (``sep=;``) or heads the columns are left out, and so are notes in brackets, as dict.cc has them
    (``Stadt {f}``). Entries that no word of a text will meet, such as phrases, and those without a translation
    (``#N/A``) are counted in a log line.

    Args:
        path: The file.
        code: Language code of its source words.
        target_code: That of their translations.

    Returns:
        The entries by source word, as `lookup_form` has it, and again as `loose_form` has it, where no other has that.

    Raises:
        InputError: A line has not two columns (file and line are named), or nothing in the file can be looked up; most
            translations are numbers; or words are of another language.
    """
    entries: dict[str, list[str]] = {}
    count, lost, untranslated, numbers = 0, [], [], []
    for number, line, columns in _rows(path):
        if len(columns) != 2 or not all(map(visible, columns)):
            raise InputError(
                f"{path}, line {number}: expected 'source target' in two columns divided by a tab or a space, got "
                f"{line.strip()[:60]!r}. Mend or remove the line; of further columns none may be left."
            )
        source, target = columns
        if not count and _heads(source, target, code):
            logging.info("%s, line %d: taken for the heads of the columns: %s, %s", path, number, source, target)
            continue
        count += 1
        if _NO_TRANSLATION.fullmatch(target) and source != target:
            untranslated.append((number, target))
            continue
        if not any(c.isalpha() for c in target):
            numbers.append((number, target))
        if not _can_be_met(source, code):
            lost.append((number, source))
        listed = entries.setdefault(lookup_form(source), [])
        listed += [one for one in dict.fromkeys(_LIST.split(target)) if one not in listed]
    name, example = language(code).name, f"line {lost[0][0]}, {lost[0][1][:60]!r}" if lost else ""
    if not count:
        raise InputError(f"{path}: the dictionary is empty")
    if len(numbers) * 2 > count:
        raise InputError(
            f"{path}, line {numbers[0][0]}: {numbers[0][1]!r} is no translation, nor are most of the others: they have "
            "no letters. Put translations into the second column; a list of frequencies is no dictionary."
        )
    if untranslated:
        logging.info(
            "%s: %d of %d entries have no translation and are left out, the first one in line %d, %r",
            path, len(untranslated), count, *untranslated[0],
        )  # fmt: skip
    if not entries:
        raise InputError(f"{path}: none of its {count} entries has a translation. Get the file again.")
    for wrong in (other_words(entries, code), other_words(chain(*entries.values()), target_code)):
        if wrong:
            raise InputError(f"{path}: for {code}-{target_code}, but {wrong}. Give the dictionary of that direction.")
    count -= len(untranslated)
    if len(lost) == count:
        raise InputError(
            f"{path}: none of its {count} entries can be looked up, for they are no single words as {name} text has "
            f"them: {example}. Put words into the first column."
        )
    if lost:
        logging.info(
            "%s: %d of %d entries can be looked up; the others are no single words as %s text has them, the first one "
            "in %s", path, count - len(lost), count, name, example
        )  # fmt: skip
    for source in list(entries):
        entries.setdefault(loose_form(source), entries[source])
    return {source: [(t, 1 / len(ts)) for t in ts] for source, ts in sorted(entries.items()) if source}


def _rows(path: str | Path) -> list[tuple[int, str, list[str]]]:
    """Return what lines hold: number, line, cells."""
    lines = [(number, line) for number, line in read_lines(path) if visible(line)]
    mark = ""
    if lines and (named := _SEPARATOR.fullmatch(lines[0][1].strip(" "))):
        mark, lines = named[1], lines[1:]
    noted = [number for number, line in lines if _without_notes(line) != line]
    if noted:
        logging.info("%s: notes in brackets are taken off in %d lines, the first one %d", path, len(noted), noted[0])
        lines = [(number, _without_notes(line)) for number, line in lines]
    mark = mark or next((own for own in "\t;,；，" if all(own in line for _, line in lines)), "")
    odd = [(number, garbled(line)) for number, line in lines if not line.isascii()]
    if sum(bad for _, bad in odd) * 2 > len(odd):
        number = next(number for number, bad in odd if bad)
        raise InputError(
            f"{path}, line {number}: was decoded wrongly once, as UTF-8 that is no more. Get the file again."
        )
    return [(number, line, _cells(line, mark)) for number, line in lines]


def _without_notes(line: str) -> str:
    """Return a line without notes in brackets; as it is where nothing else would be left of a column."""
    left = _NOTE.sub("", line)
    return left if len(left.split()) > 1 and not re.search(r"^\s*\t|\t\s*(\t|$)", left) else line


def _cells(line: str, mark: str) -> list[str]:
    """Divide a line at a mark; without one at tabs, or at spaces, and where these make no columns at any white space.

    A no-break space is within a word, unless nothing else divides the two.
    """
    if mark or "\t" in line:
        mark = mark or "\t"
        cells = line.split(mark)
        with suppress(csv.Error):  # too long a cell
            quoted = next(csv.reader([line], delimiter=mark, skipinitialspace=True), [])
            cells = quoted if len(quoted) > 1 else cells  # else a quote is a sign of its own
    else:
        cells = [cell for cell in line.strip().split(" ") if cell]
        cells = cells if len(cells) > 1 else line.split()
    while len(cells) > 2 and not visible(cells[-1]):
        cells.pop()
    return [_bare(plain_word(cell)) for cell in cells]


def _bare(cell: str) -> str:
    """Return a cell without quotes around it and a comma or semicolon after it."""
    return cell.strip(f"{QUOTES},; " if cell[:1] in QUOTES else ",; ") or cell


def _can_be_met(source: str, code: str) -> bool:
    """Tell whether a word of a text can be this entry's: whether it is one word, by our way of dividing texts."""
    own = loose_form(source)
    elided = own.endswith("'")  # stands before another word
    found = looked_up_words(own + "a" * elided, code)
    return bool(found) and loose_form(found[0]) == own and len(found) == 1 + elided


def _heads(source: str, target: str, code: str) -> bool:
    """Tell whether two cells are the heads of their columns: names of two languages, or words such as these."""
    first, second = (cell.casefold() for cell in (source, target))
    codes = {name.casefold(): own.code for own in LANGUAGES.values() for name in (own.code, own.name, own.native)}
    if codes.get(first) == code:
        return second in _HEADS or codes.get(second, code) != code
    return first in _HEADS and (second in _HEADS or second in codes)
