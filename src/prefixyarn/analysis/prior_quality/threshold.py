"""From where on a prior made worse does harm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from prefixyarn.metrics.bootstrap import interval
from prefixyarn.metrics.shares import Mean


@dataclass(frozen=True)
class Threshold:
    """The level from which on a corrupt prior is worse than a baseline.

    Attributes:
        level: In percent of the words; None if there is none up to 100 %.
        low: 2.5th percentile over resamples in which there is one.
        high: 97.5th percentile.
        found: Share of the resamples in which there is one.
    """

    level: float | None
    low: float | None
    high: float | None
    found: float


def threshold(curve: Mapping[int, Mean], baseline: Mean) -> Threshold:
    """Return the level at which a curve falls below a baseline, between levels by linear interpolation.

    Args:
        curve: By level the mean score.
        baseline: The score to fall below.
    """
    levels = sorted(curve)
    level = _crossing(levels, [curve[n].score - baseline.score for n in levels])
    gaps = np.array([curve[n].resampled - baseline.resampled for n in levels])
    crossings = [c for column in gaps.T if (c := _crossing(levels, list(column))) is not None]
    found = len(crossings) / gaps.shape[1]
    if not crossings:
        return Threshold(level, None, None, found)
    ends = interval(0.0, np.array(crossings))
    return Threshold(level, ends.low, ends.high, found)


def _crossing(levels: Sequence[int], gaps: Sequence[float]) -> float | None:
    """Return where the gap first is below 0; None if it nowhere is."""
    for n, gap in enumerate(gaps):
        if gap < 0:
            if n == 0:
                return float(levels[0])
            before = gaps[n - 1]
            return levels[n - 1] + (levels[n] - levels[n - 1]) * before / (before - gap)
    return None
