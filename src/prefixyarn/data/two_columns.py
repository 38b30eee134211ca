"""Dictionaries in files of two columns, as MUSE has them."""

from __future__ import annotations

from pathlib import Path

from prefixyarn.data.text_lines import lookup_form, plain_word, read_lines
from prefixyarn.errors import InputError


def read_two_columns(path: str | Path) -> dict[str, list[tuple[str, float]]]:
    """Read a MUSE or other two-column dictionary.

    Raises:
        InputError: A line has not two columns (file and line are named), or the file is empty.
    """
    entries: dict[str, list[str]] = {}
    for number, line in read_lines(path):
        if not line.strip():
            continue
        columns = [plain_word(column) for column in _columns(line)]
        if len(columns) != 2 or not all(columns):
            raise InputError(
                f"{path}, line {number}: expected 'source target' in two columns divided by a tab or a "
                f"space, got {line.strip()[:60]!r}. Mend or remove the line."
            )
        source, target = columns
        listed = entries.setdefault(lookup_form(source), [])
        if target not in listed:
            listed.append(target)
    if not entries:
        raise InputError(f"{path}: the dictionary is empty")
    return {source: [(t, 1 / len(ts)) for t in ts] for source, ts in sorted(entries.items())}


def _columns(line: str) -> list[str]:
    """Divide a line at tabs; where it has none, at spaces, and where these make no columns, at any white space.

    A no-break space is within a word, unless nothing else divides the two.
    """
    if "\t" in line:
        return line.split("\t")
    columns = [column for column in line.strip().split(" ") if column]
    return columns if len(columns) > 1 else line.split()
