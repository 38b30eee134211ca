import pytest

from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.tables.informative import uninformative

CONSTANT = Interval(20.0, 17.0, 23.0)


@pytest.mark.parametrize(
    ("score", "difference", "expected"),
    [
        (30.0, None, False),
        (20.1, None, False),
        (20.0, None, True),
        (10.0, None, True),
        (30.0, Interval(10.0, 5.0, 15.0), False),
        (22.0, Interval(2.0, -1.0, 5.0), False),  # above, if not for sure
        (19.0, Interval(-1.0, -4.0, 2.0), True),  # below, if not for sure
        (20.0, Interval(0.0, 0.0, 0.0), True),  # the same answers
        (20.5, Interval(0.5, -2.0, 0.0), True),  # above by the mean alone, on no resample
    ],
)
def test_what_is_no_better_than_a_constant_says_nothing(
    score: float, difference: Interval | None, expected: bool
) -> None:
    assert uninformative(Interval(score, score - 3, score + 3), CONSTANT, difference) is expected
