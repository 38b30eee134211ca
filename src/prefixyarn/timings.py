"""How long jobs took, by the files that Snakemake's ``benchmark:`` writes."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from prefixyarn.errors import InputError
from prefixyarn.records import AGAIN, decoded


def seconds(files: Sequence[str | Path]) -> float:
    """Return the summed running time of jobs in seconds.

    Raises:
        InputError: A file holds something else.
    """
    total = 0.0
    for path in files:
        try:
            lines = decoded(Path(path).read_bytes(), path, remedy=AGAIN).splitlines()
            total += sum(float(row["s"]) for row in csv.DictReader(lines, delimiter="\t"))
        except (csv.Error, KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path}: expected a job's seconds, below the column s. {AGAIN}") from error
    return total
