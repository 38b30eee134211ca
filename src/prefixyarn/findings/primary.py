"""The few tests that were fixed beforehand, on items that no earlier run had decoded.

All other p-values of the project are exploratory: a correction over every row of a table would make a verdict depend on
how many controls the table has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from prefixyarn.findings.claims import Claims, FixedTest
from prefixyarn.metrics.bootstrap import Interval, draw_counts
from prefixyarn.metrics.metric import Metric
from prefixyarn.metrics.shares import Mean, average, corpus_mean, difference, holm, p_value
from prefixyarn.metrics.subsets import SubsetScores, SystemScores
from prefixyarn.records import System
from prefixyarn.tables.render import foundation_cell, markdown, p_cell, with_ends
from prefixyarn.tables.task import by_system, drawn_together, judged

FEWEST = 8  # new items: with fewer there is no test


@dataclass(frozen=True)
class PrimaryRow:
    """One test.

    Attributes:
        foundation: The foundation's name.
        test: Its name.
        claim: What it tests.
        better: The prior kind that should score higher.
        than: What it is compared with.
        subsets: The directions.
        n: Items that no earlier run had decoded.
        difference: Difference of the mean scores on them; None with fewer than `FEWEST`.
        p: Two-sided p-value of the paired bootstrap.
        p_corrected: The same with Holm's correction over the tests.
    """

    foundation: str
    test: str
    claim: str
    better: str
    than: str
    subsets: str
    n: int
    difference: Interval | None
    p: float | None
    p_corrected: float | None


def primary_rows(
    claims: Claims,
    metric: Metric,
    scores: Mapping[str, Mapping[str, SubsetScores]],
    resamples: int,
    seed: int,
) -> list[PrimaryRow]:
    """Return the tests of each foundation; of one that lacks a kind or a direction there is none.

    Args:
        claims: The tests, and the items decoded before they were fixed.
        metric: Translation's first metric.
        scores: By foundation and direction.
        resamples: Number of bootstrap resamples.
        seed: Seed of the bootstrap.
    """
    rows = []
    for foundation, subsets in scores.items():
        made = [_row(test, claims, metric, foundation, subsets, resamples, seed) for test in claims.tests]
        own = [row for row in made if row]
        lacking = [1.0] * (len(claims.tests) - len(own))  # what a run cannot test stays one of the tests
        corrected = holm([*(row.p for row in own), *lacking])
        rows += [replace(row, p_corrected=p) for row, p in zip(own, corrected, strict=False)]
    return rows


def _row(
    test: FixedTest,
    claims: Claims,
    metric: Metric,
    foundation: str,
    subsets: Mapping[str, SubsetScores],
    resamples: int,
    seed: int,
) -> PrimaryRow | None:
    names = list(test.subsets or subsets)
    if not {*names} <= {*subsets}:
        return None
    entries = drawn_together(by_system(foundation, subsets))
    systems = [judged(entries, kind) for kind in (test.better, test.than)]
    if None in systems:
        return None
    ids = subsets[names[0]].domains["test"]
    new = [n for n, own in enumerate(ids) if own not in claims.decoded_before]
    row = PrimaryRow(
        foundation, test.id, test.claim, test.better, test.than, " ".join(names), len(new), None, None, None
    )
    if len(new) < FEWEST:
        return row
    counts, places = draw_counts(len(new), resamples, seed), [list(subsets).index(name) for name in names]

    def mean(system: System) -> Mean:
        return average([average([_on(metric, e, new, counts) for e in entries[system][place]]) for place in places])

    better, than = (mean(system) for system in systems if system)
    return replace(row, difference=difference(better, than), p=p_value(better, than))


def _on(metric: Metric, entry: SystemScores, places: Sequence[int], counts: np.ndarray) -> Mean:
    items = np.array(entry.test.metrics[metric.name].items, dtype=float)[places]
    return corpus_mean(metric, float(metric.score(items.sum(axis=0))), items, counts)


def primary_markdown(rows: Sequence[PrimaryRow], version: int) -> str:
    """Render the tests as Markdown."""
    shown = [
        {
            **foundation_cell(row, rows),
            "test": row.claim,
            "directions": row.subsets,
            "new items": row.n,
            "difference": with_ends(row.difference) if row.difference else "–",
            "p": p_cell(row.p),
            "p, Holm": p_cell(row.p_corrected),
        }
        for row in rows
    ]
    return (
        f"### Tests fixed beforehand\n\n{markdown(shown)}\n\n"
        f"- Fixed in version {version} of the claims, in mean chrF++ of translation, two-sided, Holm-corrected over "
        "these tests alone. They are made on items that no run had decoded when they were fixed; with fewer than "
        f"{FEWEST} of them there is no test. All other p-values are exploratory.\n"
    )
