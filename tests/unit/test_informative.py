import pytest

from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.tables.informative import BETTER, UNCLEAR, UNINFORMATIVE, against_constant

CONSTANT = Interval(20.0, 17.0, 23.0)


@pytest.mark.parametrize(
    ("score", "expected"),
    [(30.0, BETTER), (26.1, BETTER), (26.0, UNCLEAR), (20.1, UNCLEAR), (20.0, UNINFORMATIVE), (10.0, UNINFORMATIVE)],
)
def test_what_is_no_better_than_a_constant_says_nothing(score: float, expected: str) -> None:
    assert against_constant(Interval(score, score - 3, score + 3), CONSTANT) == expected
