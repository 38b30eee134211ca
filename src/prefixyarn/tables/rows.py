"""The rows of tables, and how they are written and read as CSV."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from typing import Any

from prefixyarn.records import atomic

Row = dict[str, Any]


def write_csv(path: str | os.PathLike[str], rows: Sequence[Row]) -> None:
    """Write rows as CSV, floats to four decimals, missing values empty."""
    with atomic(path) as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({c: f"{v:.4f}" if isinstance(v, float) else v for c, v in row.items()})


TEXT = (
    "item",
    "direction",
    "group",
    "metric",
    "foundation",
    "model",
    "prompt",
    "kind",
    "variant",
    "k_unit",
    "task",
    "language",
    "trained on",
    "units",
    "system",
    "resource level",
    "right",
)  # columns that hold no numbers


def read_csv(path: str | os.PathLike[str]) -> list[Row]:
    """Read rows that `write_csv` wrote: numbers as floats, missing values as None; columns of text as they are."""
    with open(path, encoding="utf-8", newline="") as stream:
        return [
            {c: v if c in TEXT else float(v) if v else None for c, v in row.items()} for row in csv.DictReader(stream)
        ]
