"""Bootstrap intervals and paired bootstrap tests (Koehn 2004) over English source sentences.

A direction's items are translations of the same English sentences as any other's. So one draw of sentences
serves all directions and all systems: differences are paired, and the mean over directions varies as it would
with other sentences.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Interval:
    """A score with the 95 % percentile interval of its bootstrap distribution."""

    score: float
    low: float
    high: float


def draw_counts(n: int, resamples: int, seed: int) -> np.ndarray:
    """Return how often each of ``n`` sentences is drawn, shape (resamples, n); the same for the same numbers."""
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples)


def interval(score: float, resampled: np.ndarray) -> Interval:
    """Return a score with the 2.5 and 97.5 percentiles of its resampled values."""
    low, high = np.percentile(resampled, [2.5, 97.5])
    return Interval(float(score), float(low), float(high))


def paired_p(difference: float, resampled: np.ndarray) -> float:
    """Return the two-sided p-value of a difference between two systems.

    The share of resampled differences that, centred at zero, are at least as large as the observed one, each
    count plus one (as in sacrebleu's paired bootstrap, which follows Riezler and Maxwell 2005).

    Args:
        difference: Observed score difference.
        resampled: The same difference on each resample.
    """
    extreme = np.abs(resampled - resampled.mean()) >= abs(difference)
    return float((extreme.sum() + 1) / (len(resampled) + 1))
