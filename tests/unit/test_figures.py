"""What figures draw are the numbers of their tables."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from prefixyarn.analysis.steps import TEACHER_FORCED
from prefixyarn.figures import (
    agreement_by_position,
    cost,
    headline,
    off_target,
    quality_curves,
    sft_loss,
    silent_majority,
    units_curves,
)
from prefixyarn.tables.agreement import TOP


def cell(name: str, value: float) -> dict[str, float]:
    return {name: value, f"{name} low": value - 2, f"{name} high": value + 3}


def points(line: Line2D) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in np.asarray(line.get_xydata())]


def drawn(axes: Axes) -> dict[str, list[tuple[float, float]]]:
    """Return the points of each labelled curve with error bars."""
    return {
        str(bars.get_label()): points(bars.lines[0]) for bars in axes.containers if isinstance(bars, ErrorbarContainer)
    }


def bars_of(axes: Axes, label: str) -> list[list[float]]:
    """Return the lower and upper ends of a curve's error bars."""
    (own,) = [c for c in axes.containers if isinstance(c, ErrorbarContainer) and c.get_label() == label]
    return [[float(end) for end in segment[:, 1]] for segment in own.lines[2][0].get_segments()]


@pytest.fixture(autouse=True)
def closed() -> Any:
    yield
    plt.close("all")


def test_agreement() -> None:
    rows = [
        {
            **{"k": TEACHER_FORCED, "group": group, "n": 10},
            **{key: v for n, top in enumerate(TOP) for key, v in cell(f"top {top}", base + n).items()},
            **{f"top {top} of the rest": base - n for n, top in enumerate(TOP)},
        }
        for group, base in (("all", 60.0), ("t from 0", 50.0), ("t from 4", 70.0))
    ]
    (axes,) = agreement_by_position(rows, "m").axes
    assert drawn(axes)["the likeliest"] == [(0, 50), (4, 70)]
    assert drawn(axes)["among the 5 likeliest"] == [(0, 52), (4, 72)]
    assert bars_of(axes, "the likeliest") == [[48, 53], [68, 73]]
    (axes,) = silent_majority(rows, "m").axes
    assert drawn(axes)["all positions"] == [(top, 60 + n) for n, top in enumerate(TOP)]
    (rest,) = [line for line in axes.lines if str(line.get_label()).startswith("where it is not")]
    assert np.asarray(rest.get_ydata()).tolist() == [60 - n for n in range(1, len(TOP))]


def test_quality_and_units() -> None:
    rows = [
        {
            **{"k": k, "kind": kind, "level": level, "mixed": 30.0, "rest none": 20.0, "rest sft": 35.0},
            **cell("rest", 40.0 - level / 10 + k),
        }
        for k in (4, 8)
        for kind in ("other-item", "random-content")
        for level in (0, 50, 100)
    ]
    first, second = quality_curves(rows, "m").axes
    assert [y for _, y in drawn(first)["other-item"]] == [44, 39, 34]
    assert [y for _, y in drawn(second)["random-content"]] == [48, 43, 38]
    assert {points(line)[0][1] for line in first.lines if line.get_label() == "no prior"} == {20.0}
    units = [{"kind": "none", "k_unit": "", "k": 0, **cell("rest", 20.0), **cell("mean", 20.0)}] + [
        {"kind": kind, "k_unit": unit, "k": k, **cell("rest", 15.0 + k), **cell("mean", 20.0 + k)}
        for kind, unit, k in (("oracle", "token", 1), ("oracle", "token", 4), ("oracle", "word", 1))
    ]
    tokens, words = units_curves(units, "m").axes
    assert drawn(tokens)["oracle"] == [(0, 20), (1, 21), (4, 24)] and drawn(words)["oracle"] == [(0, 20), (1, 21)]


def test_headline_off_target_and_cost() -> None:
    rows = [
        {"task": task, "prompt": "zero-shot", "kind": kind, "paper": None, **cell("share", share + n)}
        for n, task in enumerate(("translation", "tagging"))
        for kind, share in (("none", 50.0), ("refined", 90.0))
    ]
    (axes,) = headline(rows, "m").axes
    heights = {c.get_label(): [bar.get_height() for bar in c] for c in axes.containers if isinstance(c, BarContainer)}
    assert heights["none"] == [50, 51] and heights["refined"] == [90, 91]
    system = {"model": "foundation", "prompt": "zero-shot", "variant": "", "k": 2, "k_unit": "token", "n": 50}
    system |= {"share": 1.0, "en-de share": 1.0, "en-fr share": 1.0}
    (axes,) = off_target(
        [{**system, "kind": kind, "off_target": v} for kind, v in (("none", 0.4), ("sft", 0.1))], "m"
    ).axes
    assert [bar.get_width() for bar in axes.patches if isinstance(bar, Rectangle)] == [40, 10]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["none 2 tokens", "sft 2 tokens"]
    # Wilson, 40 of 100: (30.9, 49.8), as in any textbook.
    ends = [np.asarray(path.vertices)[:, 0] for path in axes.collections[0].get_paths()]
    assert ends[0] == pytest.approx([30.94, 49.80], abs=0.01)
    costs = [
        {"system": name, "training seconds": s, "seconds per prior": p, **cell("share", share)}
        for name, s, p, share in (
            ("none", 0.0, 0.0, 50.0),
            ("refined", 60.0, 0.1, 90.0),
            ("sft model", 600.0, None, 100.0),
        )
    ]
    left, right = cost({"translation": costs}, "m").axes
    assert drawn(left)["none"] == [(0, 50)] and drawn(left)["refined"] == [(60, 90)]
    assert drawn(right)["refined"] == [(0.1, 90)]
    assert [(600, 100)] in [points(line) for line in left.lines]


def test_sft_loss() -> None:
    curve = [{"step": n, "loss": 3.0 - n / 10, "rate": 0.1} for n in range(1, 5)]
    manifest = {"curve": curve, "dev": [{"step": 4, "loss": 2.0, "score": 30.0}], "step": 4}
    losses, scores = sft_loss(manifest, "chrF++", "m").axes
    assert np.asarray(losses.lines[0].get_ydata()).tolist() == [point["loss"] for point in curve]
    assert np.asarray(scores.lines[0].get_ydata()).tolist() == [30.0]
