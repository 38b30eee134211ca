"""Verdicts: whether a measured value's interval lies on one side of a margin that was fixed beforehand.

"Does not help", "does no harm" and "equals" are statements of equivalence: the interval's bound is held against the
margin, and a p-value above 0.05 shows nothing. An interval that holds the margin decides nothing: borderline. One that
lies outside, and holds the weaker margin of "holds partly", decides against the claim as a whole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from prefixyarn.metrics.bootstrap import Interval

HOLDS, PARTLY, NOT = "holds", "holds partly", "does not hold"
NOT_WHOLE = "does not hold as a whole"  # whether in part is not decided
BORDERLINE, MEASURED, UNKNOWN = "borderline", "measured", "cannot tell here"


@dataclass(frozen=True)
class Margin:
    """Where a value must lie: at least, at most, or between two bounds; None for no bound."""

    at_least: float | None = None
    at_most: float | None = None

    def met(self, value: Interval) -> bool | None:
        """Return whether the whole interval lies within the bounds (True), outside (False), or neither (None)."""
        low, high = self._bounds
        if value.low >= low and value.high <= high:
            return True
        return False if value.high < low or value.low > high else None

    def needed(self, value: Interval, n: int) -> int | None:
        """Return how many items would show that the value lies within, if it stays what it is; None if it is outside.

        An interval's width falls with the square root of the number of items.
        """
        low, high = self._bounds
        below, above = value.score - low, high - value.score
        if below <= 0 or above <= 0:
            return None
        wider = max((value.score - value.low) / below, (value.high - value.score) / above)
        return max(1, math.ceil(n * wider**2))

    @property
    def _bounds(self) -> tuple[float, float]:
        return (
            -math.inf if self.at_least is None else self.at_least,
            math.inf if self.at_most is None else self.at_most,
        )

    def __str__(self) -> str:
        """Say it to a reader."""
        if self.at_least is not None and self.at_most is not None:
            told = f"{self.at_least:g} to {self.at_most:g}"
        else:
            told = f"at least {self.at_least:g}" if self.at_least is not None else f"at most {self.at_most:g}"
        return told.replace("-", "−")


def judge(value: Interval, holds: Margin, partly: tuple[Interval, Margin] | None = None) -> str:
    """Return a verdict.

    Args:
        value: What was measured.
        holds: The margin of the claim.
        partly: A weaker margin, with what it is held against, for "holds partly".
    """
    whole = holds.met(value)
    if whole:
        return HOLDS
    weaker = partly[1].met(partly[0]) if partly else False
    if whole is False:
        return {True: PARTLY, False: NOT, None: NOT_WHOLE}[weaker]
    return BORDERLINE
