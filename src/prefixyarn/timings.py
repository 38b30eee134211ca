"""How long jobs took, by the files that Snakemake's ``benchmark:`` writes."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path


def seconds(files: Sequence[str | Path]) -> float:
    """Return the summed running time of jobs in seconds."""
    return sum(column(files, "s"))


def column(files: Sequence[str | Path], name: str) -> list[float]:
    """Return a column of all files, such as ``max_rss``, a job's most memory in MB; of a job too short for it 0."""
    found = []
    for path in files:
        with open(path, encoding="utf-8") as stream:
            found += [0.0 if row[name] == "NA" else float(row[name]) for row in csv.DictReader(stream, delimiter="\t")]
    return found
