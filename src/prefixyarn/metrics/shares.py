"""Means over directions, and scores as a share of the SFT model's (paper section 4.2).

A mean's interval comes from resampling English sentences: the same draws in every direction and every system, and
so above and below a fraction's line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from prefixyarn.metrics.bootstrap import Interval, interval, paired_p
from prefixyarn.metrics.metric import Metric


@dataclass(frozen=True)
class Mean:
    """A mean of corpus scores over directions, and the same mean on each resample, shape (resamples,)."""

    score: float
    resampled: np.ndarray


def corpus_mean(
    metric: Metric, score: float, items: Sequence[Sequence[float]] | np.ndarray, counts: np.ndarray
) -> Mean:
    """Return one direction's corpus score and the same score on each resample.

    Args:
        metric: The metric.
        score: The score.
        items: The statistics of its items, shape (items, statistics).
        counts: How often each item is drawn, shape (resamples, items).
    """
    return Mean(score, metric.score(counts @ np.array(items, dtype=float)))


def average(means: Sequence[Mean]) -> Mean:
    """Return the mean over directions; the directions' draws are the same."""
    return Mean(float(np.mean([own.score for own in means])), np.mean([own.resampled for own in means], axis=0))


def p_value(own: Mean, other: Mean) -> float:
    """Return the two-sided p-value of the paired bootstrap test of two systems' means."""
    return paired_p(own.score - other.score, own.resampled - other.resampled)


def difference(own: Mean, other: Mean) -> Interval:
    """Return own − other, paired: the same draws on both sides."""
    return interval(own.score - other.score, own.resampled - other.resampled)


def share(own: Mean, sft: Mean) -> Interval | None:
    """Return 100 · own / sft, the ratio of means; None where the SFT model scores 0."""
    if sft.score <= 0 or (sft.resampled <= 0).any():
        return None
    return interval(100 * own.score / sft.score, 100 * own.resampled / sft.resampled)


def recovery(own: Mean, none: Mean, sft: Mean) -> Interval | None:
    """Return 100 · (own − none) / (sft − none), how much of the gap a system closes.

    None where the SFT model is not better than ``none`` on at least 97.5 % of the resamples: there is no gap then.
    """
    gap, gaps = sft.score - none.score, sft.resampled - none.resampled
    if gap <= 0 or (gaps <= 0).mean() > 0.025:
        return None
    usable = gaps > 0
    return interval(100 * (own.score - none.score) / gap, 100 * (own.resampled - none.resampled)[usable] / gaps[usable])


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Return p-values corrected for their number by Holm's step-down method (Holm 1979); None stays None."""
    known = sorted((p, n) for n, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, n) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        corrected[n] = largest
    return corrected
