"""Means over answers of several directions, with intervals that know that directions share their English sentences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prefixyarn.analysis.answered import Answered
from prefixyarn.metrics.bootstrap import Interval, draw_counts, interval


class SentenceMeans:
    """Means of one value an answer. Resamples draw sentences: the answers to one, in all directions, come together."""

    def __init__(self, answered: Sequence[Answered], resamples: int, seed: int) -> None:
        """Take the directions, whose items have the same id where they are the same sentence."""
        ids = dict.fromkeys(item.id for own in answered for item in own.items)
        self._places = {item: n for n, item in enumerate(ids)}
        self._counts = draw_counts(len(ids), resamples, seed)

    def mean(self, values: Sequence[tuple[str, float]]) -> Interval:
        """Return the mean with its 95 % interval, over the resamples that have any of the answers.

        Args:
            values: Item id and value of each answer; at least one.
        """
        places, own = np.array([self._places[item] for item, _ in values]), np.array([value for _, value in values])
        drawn = self._counts @ np.bincount(places, minlength=len(self._places))
        sums = self._counts @ np.bincount(places, weights=own, minlength=len(self._places))
        return interval(float(own.mean()), sums[drawn > 0] / drawn[drawn > 0])
