import numpy as np
import pytest

from prefixyarn.metrics.bootstrap import draw_counts, interval, paired_p


def test_draws_are_resamples_and_the_same_for_the_same_seed() -> None:
    counts = draw_counts(7, 10_000, seed=1)
    assert counts.shape == (10_000, 7) and (counts.sum(axis=1) == 7).all()
    assert (counts == draw_counts(7, 10_000, seed=1)).all()
    assert (counts != draw_counts(7, 10_000, seed=2)).any()
    assert counts.mean(axis=0) == pytest.approx(np.ones(7), abs=0.05)


def test_interval_of_a_mean_is_the_textbooks() -> None:
    values = np.random.default_rng(0).normal(10, 2, 400)
    found = interval(values.mean(), draw_counts(400, 10_000, 1) @ values / 400)
    half = 1.96 * values.std() / 20
    assert (found.score, found.low, found.high) == pytest.approx(
        (values.mean(), values.mean() - half, values.mean() + half), abs=0.03
    )


def test_p_value_is_the_textbooks() -> None:
    rng = np.random.default_rng(0)
    counts = draw_counts(400, 10_000, 1)
    for shift, expected in ((0.0, 1.0), (0.196, 0.05), (0.5, 0.0)):
        values = rng.normal(0, 2, 400)
        values += shift - values.mean()
        p = paired_p(values.mean(), counts @ values / 400)
        assert p == pytest.approx(expected, abs=0.012)
    assert paired_p(5.0, counts @ (values + 5) / 400) == 1 / 10_001  # never zero
