"""How long jobs took, by the files that Snakemake's ``benchmark:`` writes."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path


def seconds(files: Sequence[str | Path]) -> float:
    """Return the summed running time of jobs in seconds."""
    total = 0.0
    for path in files:
        with open(path, encoding="utf-8") as stream:
            total += sum(float(row["s"]) for row in csv.DictReader(stream, delimiter="\t"))
    return total
