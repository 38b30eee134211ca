"""Reading what measure_mechanism and measure_formats wrote of several foundations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from prefixyarn.analysis.mechanism import TailScore
from prefixyarn.analysis.mechanism.table import Tails, tails
from prefixyarn.job import Job
from prefixyarn.records import Item, read_records
from prefixyarn.tables.rows import read_rows


def read_tails(job: Job, foundations: Sequence[str], paths: Sequence[str]) -> Iterator[tuple[str, dict[str, Tails]]]:
    """Yield each foundation with what was measured by direction, all by the same draws of items.

    Args:
        job: A job with the test items as ``input.data``, and as params ``subsets``, ``most_items``, ``resamples`` and
            ``seed``.
        foundations: Their names.
        paths: The files, foundations outermost.
    """
    params, files = job.params, dict(zip(product(foundations, job.params.subsets), paths, strict=True))
    items = {
        subset: [item.id for item in read_records(path, Item)[: params.most_items]]
        for subset, path in zip(params.subsets, job.input.data, strict=True)
    }
    for name in foundations:
        scores = {subset: read_rows(files[name, subset], TailScore) for subset in params.subsets}
        yield name, tails(scores, items, params.resamples, params.seed)
