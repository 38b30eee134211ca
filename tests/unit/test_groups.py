"""Groups of directions and items, and tests on new items: by hand-made answers of two directions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from prefixyarn.findings.claims import Claims, FixedTest, load
from prefixyarn.findings.primary import primary_markdown, primary_rows
from prefixyarn.metrics.metric import Metric
from prefixyarn.metrics.subsets import Continuation, DomainScores, MetricScore, SubsetScores, SystemScores
from prefixyarn.records import System
from prefixyarn.systems import DRAWS, NONE, SFT
from prefixyarn.tables.groups import DIRECTIONS, IN, ITEMS, OFF, ON, OUT, GroupRow, group_markdown, group_rows
from prefixyarn.tables.task import drawn_together

# A metric that is the mean of the items' own numbers.
MEAN = Metric("mean", "Mean", lambda *_: None, lambda sums: sums[..., 0] / np.maximum(sums[..., 1], 1e-9))  # type: ignore[arg-type]
REFINED = System("refined", "", 2, "token")
RANDOM = [System("random-function", f"draw-{n}", 2, "token") for n in (1, 2)]


def scored(system: System, values: list[float], off: list[bool | None]) -> SystemScores:
    items: list[list[int | float]] = [[value, 1] for value in values]
    metric = MetricScore(float(np.mean(values)), 0, 0, items)
    known = [o for o in off if o is not None]
    rates: dict[str, float | None] = {"off_target": sum(known) / len(known) if known else None}
    domain = DomainScores(len(values), 2.0, 5.0, 0.0, rates, {"off_target": [*off]}, {"mean": metric})
    nothing = DomainScores(0, 0.0, 0.0, None, {}, {}, {})
    return SystemScores(system, domain, nothing, [Continuation(1, "token", "mean", 0.0, items)])


def subset(systems: dict[System, tuple[list[float], list[bool | None]]]) -> SubsetScores:
    entries = [scored(system, *own) for system, own in systems.items()]
    return SubsetScores(0.0, {"test": [f"i{n}" for n in range(4)], "out_of_domain": []}, {}, entries, 0.0)


RIGHT: list[bool | None] = [False] * 4
SCORES = {
    "m": {
        # Mostly right: one item of four is in another language.
        "en-de": subset(
            {
                NONE: ([40, 40, 40, 0], [False, False, False, True]),
                REFINED: ([44, 44, 44, 30], RIGHT),
                RANDOM[0]: ([20, 20, 20, 20], RIGHT),
                RANDOM[1]: ([30, 30, 30, 30], RIGHT),
                SFT: ([50, 50, 50, 50], RIGHT),
            }
        ),
        # Mostly wrong; of the last answer nothing can be told.
        "en-zh": subset(
            {
                NONE: ([0, 0, 20, 10], [True, True, False, None]),
                REFINED: ([20, 20, 30, 10], RIGHT),
                RANDOM[0]: ([8, 8, 8, 8], RIGHT),
                RANDOM[1]: ([10, 10, 10, 10], RIGHT),
                SFT: ([40, 40, 40, 40], RIGHT),
            }
        ),
    }
}
ROWS = group_rows(MEAN, SCORES, 500, 1)


def row(by: str, group: str, system: System) -> GroupRow:
    return next(r for r in ROWS if (r.by, r.group, r.system) == (by, group, system))


def gain(found: GroupRow) -> float:
    assert found.gain is not None
    return found.gain.score


def test_directions_are_grouped_by_what_the_foundation_does_alone() -> None:
    on, off = row(DIRECTIONS, ON, REFINED), row(DIRECTIONS, OFF, REFINED)
    assert (on.subsets, on.n, off.subsets, off.n) == ("en-de", 4, "en-zh", 4)
    assert (on.score.score, gain(on)) == (pytest.approx(40.5), pytest.approx(10.5))
    assert (off.score.score, gain(off)) == (pytest.approx(20), pytest.approx(12.5))
    assert on.share and on.share.score == pytest.approx(81)
    assert row(DIRECTIONS, OFF, NONE).off_target == pytest.approx(2 / 3), "of the answers of which it can be told"
    assert row(DIRECTIONS, ON, NONE).gain is None and row(DIRECTIONS, ON, NONE).p_none is None


def test_items_are_grouped_over_all_directions() -> None:
    on, out = row(ITEMS, IN, REFINED), row(ITEMS, OUT, REFINED)
    assert (on.n, out.n) == (4, 3), "what cannot be told is in neither"
    assert gain(on) == pytest.approx(np.mean([4, 4, 4, 10])) and gain(out) == pytest.approx(np.mean([30, 20, 20]))
    assert row(ITEMS, IN, NONE).off_target == 0 and row(ITEMS, OUT, NONE).off_target == 1
    assert gain(on) >= on.gain.low and on.gain.low > 0  # type: ignore[union-attr]


def test_a_random_kind_is_judged_by_the_mean_of_its_draws() -> None:
    mean = replace(RANDOM[0], variant=DRAWS)
    assert row(DIRECTIONS, ON, mean).score.score == pytest.approx(25)
    systems = [*drawn_together({s: [] for s in (NONE, *RANDOM, SFT)})]
    assert systems == [NONE, *RANDOM, mean, SFT], "after its last draw"
    assert DRAWS not in [s.variant for s in drawn_together({NONE: [], RANDOM[0]: []})], "one draw stands for itself"


def test_the_markdown_says_what_is_selected() -> None:
    text = group_markdown(ROWS, "Mean", {"m": "model"})
    assert "mostly on target: en-de; mostly off target: en-zh." in text and "post hoc" in text


def claims(*tests: FixedTest, decoded_before: frozenset[str] = frozenset()) -> Claims:
    return replace(load(), tests=tests, decoded_before=decoded_before)


def test_fixed_tests_use_new_items_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prefixyarn.findings.primary.FEWEST", 2)
    tests = (
        FixedTest("a", "helps", "refined", "none"),
        FixedTest("b", "more", "refined", "random-function", ("en-zh",)),
    )
    first, second = primary_rows(claims(*tests, decoded_before=frozenset({"i0", "i1"})), MEAN, SCORES, 500, 1)
    assert (first.n, first.subsets) == (2, "en-de en-zh")
    assert first.difference and first.difference.score == pytest.approx((37 - 20 + 20 - 15) / 2)
    assert second.difference and second.difference.score == pytest.approx(20 - 9), "against the mean of the draws"
    assert first.p is not None and first.p_corrected is not None and first.p_corrected >= first.p
    assert "Holm-corrected" in primary_markdown([first, second], 2)


def test_without_new_items_there_is_no_test() -> None:
    (found,) = primary_rows(claims(FixedTest("a", "helps", "refined", "none")), MEAN, SCORES, 500, 1)
    assert (found.n, found.difference, found.p) == (4, None, None), "four are too few"
    lacking = claims(FixedTest("a", "helps", "oracle", "none"), FixedTest("b", "helps", "refined", "none", ("en-fr",)))
    assert primary_rows(lacking, MEAN, SCORES, 500, 1) == []
