"""What figures draw are the numbers of their tables."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from prefixyarn.analysis.agreement import REFERENCE, SFT_ANSWER, WITHOUT_SOURCE
from prefixyarn.analysis.agreement.table import AgreementRow
from prefixyarn.analysis.language_resources.table import ResourceRow
from prefixyarn.analysis.mechanism.table import MechanismRow
from prefixyarn.analysis.prior_length.table import PriorLengthRow
from prefixyarn.analysis.prior_quality.table import QualityRow
from prefixyarn.analysis.scale.table import ScaleRow
from prefixyarn.figures import (
    agreement_by_position,
    cost,
    headline,
    language_lines,
    length_curves,
    loss_rows,
    off_target,
    plain,
    quality_curves,
    save,
    scale,
    sft_loss,
    silent_majority,
    source_use,
)
from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.records import System
from prefixyarn.systems import NONE, SFT
from prefixyarn.tables.cost import CostRow
from prefixyarn.tables.overview import OverviewRow
from prefixyarn.tables.rows import ScoreRow


def cell(value: float) -> Interval:
    return Interval(value, value - 2, value + 3)


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
    def row(start: int, end: int | None, base: float, read: str = SFT_ANSWER) -> AgreementRow:
        top = [cell(base + n) for n in range(6)]
        own: list[Any] = ["m", read, 0, "", start, end, False, 5, 10, *top, cell(30.0), cell(70 - base)]
        own += [*[None] * 5, cell(0)]
        return AgreementRow(*own)

    rows = [row(0, None, 60.0), row(0, 1, 50.0), row(1, None, 65.0), row(4, 6, 65.0)]
    rows += [row(0, 1, 20.0, REFERENCE), row(4, 6, 30.0, REFERENCE), row(0, 1, 10.0, WITHOUT_SOURCE)]
    rows.append(replace(rows[0], subset="en-de"))
    (axes,) = agreement_by_position(rows, "m").axes
    assert drawn(axes)["the likeliest"] == [(0, 50), (4, 65)]
    assert drawn(axes)["among the 5 likeliest"] == [(0, 52), (4, 67)]
    assert bars_of(axes, "the likeliest") == [[48, 53], [63, 68]]
    (axes,) = silent_majority(rows, "m").axes
    stacks = [bars for bars in axes.containers if isinstance(bars, BarContainer)]
    found = [[(bar.get_y(), bar.get_height()) for bar in bars] for bars in stacks]
    assert found == [[(0, 50), (0, 65)], [(50, 30), (65, 30)], [(80, 20), (95, 5)]]
    assert len({bars.patches[0].get_hatch() for bars in stacks}) == 3, "told apart in grey"
    shares = {name.split(": ", 1)[1]: [y for _, y in points] for name, points in drawn(axes).items()}
    assert shares == {
        "SFT model's tokens": [53, 68],
        "control: reference's tokens": [23, 33],
        "control: SFT model's, without source": [13],
    }
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0\nn = 10", "4–5\nn = 10"]


def test_source_use() -> None:
    def row(system: System, use: float, subset: str = "") -> MechanismRow:
        rise = None if system == NONE else cell(use - 20)
        uses = cell(use), cell(use - 5), cell(1)
        return MechanismRow("m", subset, system, 8, 0, 90, cell(-2), *uses, rise, rise, None)

    given = {"oracle": "", "pseudo": "first", "shuffled": ""}
    systems = [System(kind, variant, k, "token") for kind, variant in given.items() for k in (1, 4)]
    systems += [System("pseudo", "likeliest", k, "token") for k in (1, 4)]
    rows = [row(NONE, 20), *(row(system, 21 + n) for n, system in enumerate(systems)), row(SFT, 40)]
    rows += [replace(own, subset="en-de", source_use=cell(0)) for own in rows]
    for axes, lower in zip(source_use(rows, "m").axes, (0, 5), strict=True):
        found = drawn(axes)
        assert [y - 20 + lower for _, y in found["oracle"]] == [0, 1, 2]
        assert {*found} == {"oracle", "pseudo first", "pseudo likeliest", "shuffled"}
        assert [round(x) for x, _ in found["shuffled"]] == [0, 1, 4]
        assert bars_of(axes, "oracle")[1:] == [[19 - lower, 24 - lower], [20 - lower, 25 - lower]]
        lines = {str(line.get_label()): points(line)[0][1] for line in axes.lines}
        assert (lines["no prior"], lines["SFT model, no prior"]) == (20 - lower, 40 - lower)


def test_quality_and_length() -> None:
    rows = [
        QualityRow(
            "m",
            16,
            k,
            corruption,
            level,
            score=cell(50.0),
            rest=cell(40.0 - level / 10 + k),
            share=90.0,
            rest_none=20.0,
            rest_sft=35.0,
            covered=0.0,
            harm=cell(20.0 - level / 10 + k),
            p_none=1.0,
            mixed=30.0,
            worse_than_none=None,
            worse_than_none_low=None,
            worse_than_none_high=None,
            worse_than_none_found=0.0,
            worse_than_sft=None,
            worse_than_sft_low=None,
            worse_than_sft_high=None,
            worse_than_sft_found=0.0,
        )
        for k in (1, 4, 8)
        for corruption in ("other-item", "random-content")
        for level in ((0, 50, 100) if k > 1 else (0, 100))
    ]
    single, *others = quality_curves(rows, "m").axes
    assert [y for _, y in drawn(single)["other-item"]] == [41, 31] and len(others) == 2
    assert single.get_title() == "first word of the reference"
    first, second = quality_curves([row for row in rows if row.k > 1], "m").axes
    assert [y for _, y in drawn(first)["other-item"]] == [44, 39, 34]
    assert [y for _, y in drawn(second)["random-content"]] == [48, 43, 38]
    assert {points(line)[0][1] for line in first.lines if line.get_label() == "no prior"} == {20.0}
    systems = [NONE, *(System("oracle", "", k, unit) for unit, k in (("token", 1), ("token", 4), ("word", 1)))]
    lengths = [
        PriorLengthRow("m", 16, system, system.k, cell(20.0 + system.k), cell(15.0 + system.k), 0.0, 0.0, 90.0, None)
        for system in systems
    ]
    tokens, words = length_curves(lengths, "m").axes
    assert drawn(tokens)["oracle"] == [(0, 20), (1, 21), (4, 24)] and drawn(words)["oracle"] == [(0, 20), (1, 21)]


def test_headline_off_target_and_cost() -> None:
    rows = [
        OverviewRow("m", task, "a metric", System(kind), 8, 30.0, cell(share + n), None, None)
        for n, task in enumerate(("translation", "tagging"))
        for kind, share in (("none", 50.0), ("refined", 90.0))
    ]
    (axes,) = headline(rows, "m").axes
    heights = {c.get_label(): [bar.get_height() for bar in c] for c in axes.containers if isinstance(c, BarContainer)}
    assert heights["none"] == [50, 51] and heights["refined"] == [90, 91]
    (axes,) = headline([replace(row, share=None) for row in rows], "m").axes
    bars = {c.get_label(): [bar.get_height() for bar in c] for c in axes.containers if isinstance(c, BarContainer)}
    assert bars == {"none": [30, 30], "refined": [30, 30]} and "without an SFT model" in axes.get_ylabel()
    scores = [
        ScoreRow("m", "chrF++", System(kind, "", 2, "token"), "test", subset, 0, "", 50, cell(1.0), off_target=rate)
        for kind, rate in (("none", 0.4), ("sft", 0.1))
        for subset in ("", "en-de", "en-fr")
    ]
    scores += [replace(row, without_k=1, without_unit="token") for row in scores]
    (axes,) = off_target(scores, "m").axes
    assert [bar.get_width() for bar in axes.patches if isinstance(bar, Rectangle)] == [40, 10]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["none 2 tokens", "sft 2 tokens"]
    # Wilson, 40 of 100: (30.9, 49.8), as in any textbook.
    ends = [np.asarray(path.vertices)[:, 0] for path in axes.collections[0].get_paths()]
    assert ends[0] == pytest.approx([30.94, 49.80], abs=0.01)
    costs = [
        CostRow("m", source, seconds, 0, 0, per_prior, 1.0, cell(share))
        for source, seconds, per_prior, share in (
            ("none", 0.0, 0.0, 50.0),
            ("refined", 60.0, 0.1, 90.0),
            ("sft model", 600.0, None, 100.0),
        )
    ]
    left, right = cost({"translation": costs}, "m").axes
    assert drawn(left)["none"] == [(0, 50)] and drawn(left)["refined"] == [(60, 90)]
    assert drawn(right)["refined"] == [(0.1, 90)]
    assert [(600, 100)] in [points(line) for line in left.lines]


def test_language_lines() -> None:
    rows = [
        ResourceRow(
            *("m", "translation", f"en-{code}", code, "", None, 0.3, bits, 24, kind, None),
            gain=cell(slope * bits) if slope else None,
            bits_per_english_character=bits / 2,
        )
        for kind, slope in (("none", 0.0), ("own", 2.0), ("few-shot", 3.0))
        for code, bits in (("de", 1.0), ("fr", 2.0), ("zh", 4.0))
    ]
    english, own, _, shots = language_lines(rows, "m", resamples=50, seed=1).axes
    assert [text.get_text() for text in own.texts] == ["de", "fr", "zh"]
    (bars,) = [c for c in own.containers if isinstance(c, ErrorbarContainer)]
    assert points(bars.lines[0]) == [(1, 2), (2, 4), (4, 8)]
    assert own.get_title() == "own: 2.0 (2.0–2.0) points per bit" and shots.get_title().startswith("few-shot: 3.0")
    assert english.get_title() == "own: 4.0 (4.0–4.0) points per bit"
    (line,) = [line for line in own.lines if len(points(line)) == 50]
    assert points(line)[0] == pytest.approx((1, 2)) and points(line)[-1] == pytest.approx((4, 8))


def test_scale() -> None:
    rows = [ScaleRow("tagging", "none", name, n, 9.0, 8, share) for name, n, share in
            (("small", 10, cell(50.0)), ("large", 100, cell(60.0)), ("untuned", 1000, None))]  # fmt: skip
    (axes,) = scale(rows, {"small": "S", "large": "L", "untuned": "U"}).axes
    assert drawn(axes)["none"] == [(10, 50), (100, 60)]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["S", "L", "U"]


def test_sft_loss() -> None:
    curve = [{"step": n, "loss": 3.0 - n / 10, "rate": 0.1} for n in range(1, 5)]
    manifest = {"curve": curve, "dev": [{"step": 4, "loss": 2.0, "score": 30.0}], "step": 4}
    losses, scores = sft_loss(manifest, "chrF++", "m").axes
    assert np.asarray(losses.lines[0].get_ydata()).tolist() == [point["loss"] for point in curve]
    assert np.asarray(scores.lines[0].get_ydata()).tolist() == [30.0]
    rows = loss_rows(manifest, "chrF++")
    assert [(row.step, row.loss, row.dev_loss, row.dev_score) for row in rows[2:]] == [
        (3, 2.7, None, None),
        (4, 2.6, 2.0, 30.0),
    ]


@pytest.mark.parametrize("label", ["$x_1$ & <b>", "\\frac $ {", "a\\$b$", "^_~#%|", "a" * 80])
def test_a_hostile_label_is_drawn_letter_by_letter(tmp_path: Path, label: str) -> None:
    rows = [OverviewRow("m", "translation", "chrF++", NONE, 3, 20.0, cell(50), None, None)]
    figure = headline(rows, plain(label))
    for kind in ("svg", "png"):
        save(figure, tmp_path / f"x.{kind}")  # where a formula is read
    title = figure.axes[0].title
    assert title._preprocess_math(title.get_text()) == (  # type: ignore[attr-defined]
        f"{label}: one or two units of each prior, no examples; 95 % intervals",
        False,
    )
    plt.close(figure)
