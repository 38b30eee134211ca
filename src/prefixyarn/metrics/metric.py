"""What a metric is: statistics of items, and a score that is a function of their sums.

So a bootstrap needs the items' statistics once, and each resample is a weighted sum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ItemScores:
    """Statistics of one metric over items.

    Attributes:
        signature: All that is needed to compute the score again.
        statistics: Numbers, shape (items, statistics).
    """

    signature: str
    statistics: np.ndarray


@dataclass(frozen=True)
class Metric:
    """A metric.

    Attributes:
        name: Key in files of scores.
        title: Name in tables.
        items: Takes outputs, one reference each and the language code of the answers; returns the items' statistics.
        score: Takes sums of statistics, shape (..., statistics); returns scores from 0 to 100, shape (...).
    """

    name: str
    title: str
    items: Callable[[Sequence[str], Sequence[str], str], ItemScores]
    score: Callable[[np.ndarray], np.ndarray]

    def corpus(self, outputs: Sequence[str], references: Sequence[str], code: str) -> float:
        """Return the score of outputs together."""
        return float(self.score(self.items(outputs, references, code).statistics.sum(axis=0)))


def ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a / b, 0 where b is 0."""
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0)
