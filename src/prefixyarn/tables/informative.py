"""Whether a score says anything: it does not where a constant answer does as well."""

from __future__ import annotations

from prefixyarn.metrics.bootstrap import Interval

UNINFORMATIVE, BETTER, UNCLEAR = "uninformative", "better", "unclear"


def against_constant(score: Interval, constant: Interval) -> str:
    """Return how a system does against the best constant answer, see `prefixyarn.tasks.scoring.Scores`.

    Args:
        score: The system's score.
        constant: The constant answer's.

    Returns:
        `UNINFORMATIVE` where the score is not above the constant's, `BETTER` where their intervals are apart, else
        `UNCLEAR`.
    """
    if score.score <= constant.score:
        return UNINFORMATIVE
    return BETTER if score.low > constant.high else UNCLEAR
