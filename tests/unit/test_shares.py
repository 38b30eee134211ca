import numpy as np
import pytest

from prefixyarn.metrics.ngrams import CHRF
from prefixyarn.metrics.shares import Mean, average, corpus_mean, holm, recovery, share

RESAMPLED = np.linspace(10, 20, 1001)


def test_share_and_recovery() -> None:
    none, own, sft = Mean(10.0, RESAMPLED / 2), Mean(15.0, RESAMPLED), Mean(30.0, 2 * RESAMPLED)
    found = share(own, sft)
    # Paired: the same draws above and below the line.
    assert found and [found.score, found.low, found.high] == pytest.approx([50, 50, 50])
    gap = recovery(own, none, sft)
    assert gap and gap.score == 25 and gap.low == pytest.approx(100 / 3) == gap.high
    assert recovery(own, sft, none) is None  # no gap to close
    assert recovery(own, Mean(29.0, 2 * RESAMPLED), Mean(30.0, 2 * RESAMPLED + np.sin(RESAMPLED))) is None
    assert share(own, Mean(0.0, RESAMPLED)) is None


def test_average_over_directions_is_that_of_corpus_scores() -> None:
    # chrF statistics of two items per direction, one order: 10 hypothesis and reference n-grams, matches as given.
    counts = np.array([[1, 1], [2, 0], [0, 2]])

    def direction(score: float, *matches: int) -> Mean:
        return corpus_mean(CHRF, score, [[10, 10, m] for m in matches], counts)

    mean = average([direction(40.0, 10, 0), direction(60.0, 5, 5)])
    assert mean.score == 50
    assert mean.resampled == pytest.approx([50, 75, 25])


# Worked by hand: 0.01 * 4, 0.02 * 3, 0.03 * 2 (kept at 0.06), 0.04 * 1 (raised to 0.06).
@pytest.mark.parametrize(
    ("p_values", "corrected"),
    [
        ([0.01, 0.04, 0.03, 0.02], [0.04, 0.06, 0.06, 0.06]),
        ([None, 0.5, 0.6], [None, 1.0, 1.0]),
        ([0.001], [0.001]),
        ([], []),
    ],
)
def test_holm(p_values: list[float | None], corrected: list[float | None]) -> None:
    assert holm(p_values) == [c if c is None else pytest.approx(c) for c in corrected]
