"""How long jobs took, by the files that Snakemake's ``benchmark:`` writes."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from prefixyarn.errors import InputError
from prefixyarn.records import AGAIN, decoded


def seconds(files: Sequence[str | Path]) -> float:
    """Return the summed running time of jobs in seconds; errors as those of `column`."""
    return sum(column(files, "s"))


def column(files: Sequence[str | Path], name: str) -> list[float]:
    """Return a column of all files, such as ``max_rss``, a job's most memory in MB; of a job too short for it 0.

    Raises:
        InputError: A file holds something else.
    """
    found = []
    for path in files:
        try:
            lines = decoded(Path(path).read_bytes(), path, remedy=AGAIN).splitlines()
            rows = csv.DictReader(lines, delimiter="\t")
            found += [0.0 if row[name] == "NA" else float(row[name]) for row in rows]
        except (csv.Error, KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path}: expected a job's measures, below the column {name}. {AGAIN}") from error
    return found
