"""Rows of tables: dataclasses, written to CSV and read from it by their fields.

A field of type `Interval` takes three columns: ``share``, ``share_low``, ``share_high``. A field of type `System` takes
the columns of a system. No other field is nested, and no column's name is ever taken apart.
"""

from __future__ import annotations

import csv
import math
import os
import types
import typing
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from prefixyarn.errors import InputError
from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.record_line import types_of
from prefixyarn.records import AGAIN, System, atomic, decoded

ALL = ""  # the subset of a mean over all of a task's
Row = TypeVar("Row")


@dataclass(frozen=True)
class ScoreRow:
    """One system's score by one metric, on one subset or as the mean over all.

    Attributes:
        foundation: The foundation's name.
        metric: The metric's title.
        system: The system.
        domain: ``test`` or ``out_of_domain``.
        subset: A direction or a language; `ALL` for the mean over the table's.
        without_k: How many first units are taken off answers and references; 0 for whole answers.
        without_unit: Of which kind; empty for whole answers.
        n: Items a subset.
        score: The score, or mean of scores, with its 95 % interval.
        share: 100 · score / score of the SFT model, cut likewise; None without one. On a subset where that scores 0 on
            a resample, the interval is without bounds: from 0 to infinity.
        recovery: 100 · (score − none) / (sft − none), of means of whole answers.
        gain: The score less that of ``none``, paired; None for ``none`` itself.
        same_prior: 100 · score / score of the SFT model with the same prior; None where that was not decoded. Of
            continuations, only without just that prior.
        off_target_change: By how many points of a hundred ``off_target`` is more than that of ``none``; of means only.
        p_none: p-value of the paired test against ``none``: exploratory, not corrected for the number of rows.
        p_sft: The same against the SFT model.
        prior_tokens: Mean tokens of a prior.
        new_tokens: Mean tokens of what the model added.
        covered: Share (0 to 1) of items whose prior is as long as the reference.
        off_target: Share of continuations in another language than the target's.
        empty: Share of empty answers.
        copied: Share of copies of the source; of summaries, the share of words that stand in the source.
        repeated: Share of answers that repeat something four times in a row.
        truncated: Share of answers that the length limit ended.
        length_ratio: Length of a summary over its reference's, in characters.
        unparsable: Share of the words without a tag that can be read.
        length_mismatch: Share of answers with more or fewer tagged words than words.
    """

    foundation: str
    metric: str
    system: System
    domain: str
    subset: str
    without_k: int
    without_unit: str
    n: int
    score: Interval
    share: Interval | None = None
    recovery: Interval | None = None
    gain: Interval | None = None
    same_prior: Interval | None = None
    off_target_change: Interval | None = None
    p_none: float | None = None
    p_sft: float | None = None
    prior_tokens: float | None = None
    new_tokens: float | None = None
    covered: float | None = None
    off_target: float | None = None
    empty: float | None = None
    copied: float | None = None
    repeated: float | None = None
    truncated: float | None = None
    length_ratio: float | None = None
    unparsable: float | None = None
    length_mismatch: float | None = None


def rows_of(rows: Sequence[ScoreRow], foundation: str, metric: str) -> list[ScoreRow]:
    """Return the rows of one foundation and metric, in their order."""
    return [row for row in rows if (row.foundation, row.metric) == (foundation, metric)]


def systems_of(rows: Sequence[ScoreRow]) -> list[System]:
    """Return the systems of rows, each once, in their order."""
    return list(dict.fromkeys(row.system for row in rows))


def find_row(
    rows: Sequence[ScoreRow],
    system: System,
    subset: str = ALL,
    domain: str = "test",
    without: tuple[int, str] = (0, ""),
) -> ScoreRow | None:
    """Return a system's row, or None if there is none.

    Args:
        rows: Rows of one foundation and metric.
        system: The system.
        subset: A direction or a language; `ALL` for the mean.
        domain: ``test`` or ``out_of_domain``.
        without: How many first units are taken off the answers, and of which kind.
    """
    for row in rows:
        if (row.system, row.subset, row.domain, (row.without_k, row.without_unit)) == (system, subset, domain, without):
            return row
    return None


def row_of(
    rows: Sequence[ScoreRow],
    system: System,
    subset: str = ALL,
    domain: str = "test",
    without: tuple[int, str] = (0, ""),
) -> ScoreRow:
    """Return the same as `find_row`, where there must be one."""
    found = find_row(rows, system, subset, domain, without)
    if found is None:
        raise LookupError(f"no row of {system}, subset {subset!r}, {domain}, without {without}")
    return found


def write_rows(path: str | os.PathLike[str], rows: Sequence[Any], kind: type[Any]) -> None:
    """Write rows of one class as CSV: a header even without rows, floats to four decimals, None empty."""
    types = _types(kind)
    with atomic(path) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([column for name, own in types.items() for column in _columns(name, own)])
        for row in rows:
            cells = [cell for name, own in types.items() for cell in _cells(getattr(row, name), own)]
            writer.writerow([f"{cell:.4f}" if isinstance(cell, float) else cell for cell in cells])


def read_rows(path: str | os.PathLike[str], kind: type[Row]) -> list[Row]:
    """Read rows that `write_rows` wrote.

    Raises:
        InputError: A line is damaged, or stands there twice, or the header is another one; file and line are named.
    """
    types, seen = _types(kind), dict[Row, int]()
    wanted = [column for name, own in types.items() for column in _columns(name, own)]
    with open(path, "rb") as stream:
        lines = (decoded(raw, path, number, AGAIN) for number, raw in enumerate(stream, 1))
        reader = csv.DictReader(lines)
        try:
            if reader.fieldnames != wanted:
                raise ValueError(f"expected the columns {', '.join(wanted)}")
            for line in reader:
                if None in line or None in line.values():
                    raise ValueError("more or fewer cells than its header")
                row = kind(**{name: _value(line, name, own) for name, own in types.items()})
                if seen.setdefault(row, reader.line_num) != reader.line_num:
                    raise ValueError(f"the same as line {seen[row]}")
        except (csv.Error, ValueError) as error:
            raise InputError(f"{path}, line {reader.line_num}: no {kind.__name__} ({error}). {AGAIN}") from error
    return [*seen]


def _types(kind: type[Any]) -> dict[str, type[Any]]:
    """Return the fields of a row class with their types, None left out of them."""
    return {name: _without_none(own) for name, own in types_of(kind).items()}


def _without_none(hint: Any) -> type[Any]:
    if isinstance(hint, types.UnionType):
        (hint,) = [own for own in typing.get_args(hint) if own is not type(None)]
    return typing.cast(type[Any], hint)


def _columns(name: str, own: type[Any]) -> list[str]:
    if own is Interval:
        return [name, f"{name}_low", f"{name}_high"]
    return [field.name for field in fields(System)] if own is System else [name]


def _cells(value: Any, own: type[Any]) -> list[Any]:
    if own in (Interval, System):
        return [None] * 3 if value is None else list(asdict(value).values())
    return [int(value) if isinstance(value, bool) else value]


def _value(line: dict[str, str], name: str, own: type[Any]) -> Any:
    if own is Interval:
        cells = [line[column] for column in _columns(name, own)]
        return Interval(*map(_number, cells)) if cells[0] else None
    if own is System:
        return System(**{column: _value(line, column, of_column) for column, of_column in types_of(System).items()})
    if own is str:
        return line[name]
    read = {bool: lambda cell: bool(int(cell)), float: _number}.get(own, own)
    return read(line[name]) if line[name] else None


def _number(cell: str) -> float:
    """Return a number, which may be without bounds."""
    if math.isnan(value := float(cell)):
        raise ValueError("nan is no number")
    return value
