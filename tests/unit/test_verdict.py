"""Verdicts: truth table of intervals against margins."""

from __future__ import annotations

import pytest

from prefixyarn.findings.verdict import BORDERLINE, HOLDS, NOT, NOT_WHOLE, PARTLY, Margin, judge
from prefixyarn.metrics.bootstrap import Interval


def around(value: float, spread: float = 5) -> Interval:
    return Interval(value, value - spread, value + spread)


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (90, HOLDS),  # 85 to 95
        (80, HOLDS),  # the bound itself counts: 75 to 85
        (79, BORDERLINE),  # 74 to 84: it holds the margin, although the value is above it
        (71, BORDERLINE),  # 66 to 76: so does one whose value is below
        (69, PARTLY),  # 64 to 74: below the margin, and above the weaker one
        (54, NOT_WHOLE),  # 49 to 59: below the margin; partly or not
        (44, NOT),  # 39 to 49
    ],
)
def test_an_interval_decides_only_on_one_side_of_a_margin(value: float, verdict: str) -> None:
    own = around(value)
    assert judge(own, Margin(at_least=75), (own, Margin(at_least=50))) == verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(-1, 1, HOLDS), (-2, 2, HOLDS), (-3, 1, BORDERLINE), (-1, 9, BORDERLINE), (2.1, 9, NOT), (-9, -2.1, NOT)],
)
def test_equivalence_needs_the_whole_interval_within_the_margin(low: float, high: float, verdict: str) -> None:
    assert judge(Interval((low + high) / 2, low, high), Margin(at_least=-2, at_most=2)) == verdict


def test_the_weaker_margin_may_be_of_another_measure() -> None:
    share, recovery = around(70), Interval(60, 52, 68)
    assert judge(share, Margin(at_least=75.4), (recovery, Margin(at_least=50))) == PARTLY
    assert judge(share, Margin(at_least=75.4), (Interval(40, 32, 48), Margin(at_least=50))) == NOT


def test_how_many_items_would_show_equivalence() -> None:
    margin = Margin(at_least=-2, at_most=2)
    # The interval reaches 4 from 0 with 16 items; to reach 2, it must be half as wide: four times the items.
    assert margin.needed(Interval(0, -4, 4), 16) == 64
    assert margin.needed(Interval(1, -1, 3), 10) == 40  # one point is left above, and it reaches two
    assert margin.needed(Interval(3, -1, 7), 16) is None, "the value itself is outside"
    assert margin.needed(Interval(0, -1, 1), 16) == 4


def test_margins_as_text() -> None:
    assert [str(m) for m in (Margin(at_least=75.4), Margin(at_most=-2), Margin(95, 105))] == [
        "at least 75.4",
        "at most −2",
        "95 to 105",
    ]
