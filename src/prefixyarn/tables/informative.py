"""Whether a score says anything: it does not where a constant answer does as well."""

from __future__ import annotations

from prefixyarn.metrics.bootstrap import Interval


def uninformative(score: Interval, constant: Interval, difference: Interval | None = None) -> bool:
    """Return whether a system is no better than the best constant answer, see `prefixyarn.tasks.scoring.Scores`.

    Args:
        score: The system's score.
        constant: The constant answer's.
        difference: Of the two, score less constant, paired; None where it was not measured.

    Returns:
        True where the score is not above the constant's, or the difference lies at 0 or below with its whole interval.
    """
    return score.score <= constant.score or (difference is not None and difference.high <= 0)
