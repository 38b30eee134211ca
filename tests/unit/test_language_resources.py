from pathlib import Path

import numpy as np
import pytest
import yaml

from configs import DEFAULT, ROOT, SCHEMA, merged
from prefixyarn.analysis.language_resources.fit import FitRow, Point, fit_line, fit_markdown, fit_rows
from prefixyarn.analysis.language_resources.table import (
    ResourceRow,
    level,
    mix_of,
    resource_markdown,
    resource_rows,
)
from prefixyarn.config.targets import final_figures, final_tables, fits_languages
from prefixyarn.config.validate import problems
from prefixyarn.languages import Direction
from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.records import System
from prefixyarn.systems import DRAWS
from prefixyarn.tables.rows import ScoreRow, read_rows, write_rows


def cell(value: float) -> Interval:
    return Interval(value, value - 1, value + 1)


def row(system: System, subset: str, n: int, score: float, gain: float | None = None, share: bool = True) -> ScoreRow:
    own = cell(score)
    gained = cell(gain) if gain is not None else None
    return ScoreRow("m", "chrF++", system, "test", subset, 0, "", n, own, own if share else None, gain=gained)


NONE, REFINED, PSEUDO = System("none"), System("refined", "", 2, "token"), System("pseudo", "first", 2, "token")
CHECKS = {
    "ar": {"tokens_per_character": 0.3, "bits_per_character": 1.5, "bits_per_english_character": 1.3},
    "de": {"tokens_per_character": 0.3, "bits_per_character": 1.2, "bits_per_english_character": 1.4},
    "sw": {"tokens_per_character": 0.3, "bits_per_character": 2.5},
}


def test_a_level_is_of_the_foundations_own_published_mix() -> None:
    assert mix_of("llama-2-7b") == mix_of("llama-2") == "llama-2"
    assert mix_of("gemma-3-270m") is None and mix_of("llama-20b") is None
    levels = {code: level(code, "llama-2") for code in ("de", "uk", "ca", "sw")}
    assert levels == {"de": "high", "uk": "low", "ca": "extremely low", "sw": "extremely low"}
    assert level("de", None) == ""


def test_resource_levels_of_directions_of_several_tables() -> None:
    tables = {
        "translation": [
            *(row(NONE, subset, 32, score) for subset, score in (("en-ar", 5.0), ("en-de", 75.0))),
            *(row(REFINED, subset, 32, score, score / 2) for subset, score in (("en-ar", 61.0), ("en-de", 74.0))),
        ],
        "other_directions": [row(NONE, "en-sw", 12, 60.0)],
    }
    subsets = ["en-ar", "en-de", "en-sw"]
    found = resource_rows("llama-2-7b", tables, CHECKS, subsets, {"en-ar": 3000, "en-de": 400, "en-sw": 40})
    assert [(r.direction, r.table, r.level, r.n, r.share, r.training_pairs) for r in found if r.kind == "none"] == [
        ("en-de", "translation", "high", 32, 75, 400),
        ("en-ar", "translation", "extremely low", 32, 5, 3000),
        ("en-sw", "other_directions", "extremely low", 12, 60, 40),
    ]
    assert [(r.direction, r.share) for r in found if r.kind == "refined"] == [("en-de", 74), ("en-ar", 61)]
    shown = [[cell.strip() for cell in line.split("|")] for line in resource_markdown(found).splitlines()]
    swahili = ["", "en-sw", "Swahili", "extremely low", "< 0.005 %", "0.30", "2.50", "–", "40", "–"]
    assert [*swahili, "60.0", "–", "12", ""] in shown
    arabic = ["", "en-ar", "Arabic", "extremely low", "< 0.005 %", "0.30", "1.50", "1.30", "3,000", "–"]
    assert [*arabic, "5.0", "30.5 (29.5–31.5)", "32", ""] in shown and [*arabic, "5.0", "61.0", "32", ""] in shown


def test_a_foundation_without_a_published_mix_has_no_levels_and_goes_by_what_it_shows() -> None:
    rows = [row(NONE, "en-de", 8, 20.0, share=False), row(NONE, "en-ar", 8, 10.0, share=False)]
    found = resource_rows("gemma-3-270m", {"translation": rows}, CHECKS, ["en-de", "en-ar"])
    assert [(r.direction, r.level, r.pretraining_share) for r in found] == [("en-ar", "", None), ("en-de", "", 0.17)]
    shown = resource_markdown(found)
    assert "Share of the SFT model's score" not in shown and "en-ar       | Arabic     |" in shown


def test_what_stands_for_random_draws_and_for_examples() -> None:
    draws = [System("random-content", variant, 2, "token") for variant in ("draw-1", "draw-2", DRAWS)]
    shots = System("none", prompt="few-shot-2")
    rows = [row(NONE, "en-de", 8, 20.0)]
    rows += [row(system, "en-de", 8, 20.0 + n, float(n)) for n, system in enumerate([*draws, shots])]
    found = {r.kind: r for r in resource_rows("m", {"translation": rows}, CHECKS, ["en-de"])}
    assert found["random-content"].gain == cell(2.0) and found["few-shot"].gain == cell(3.0)
    assert found["none"].gain is None and found["none"].score == cell(20.0)


def test_the_line_is_that_of_least_squares_and_its_interval_brackets_it() -> None:
    # By hand: x = 1, 2, 3, 4 and y = 2, 4, 5, 9 have means 2.5 and 5, Sxy = 11, Sxx = 5.
    points = [Point(x, cell(y), code) for x, y, code in ((1.0, 2.0, "de"), (2, 4, "fr"), (3, 5, "ru"), (4, 9, "uk"))]
    line = fit_line(points, resamples=2000, seed=1)
    assert line and (line.slope, line.intercept) == pytest.approx((2.2, -0.5))
    low, high = np.percentile(line.slopes, [2.5, 97.5])
    assert low < 2.2 < high and low >= 1 and high <= 4, "slopes between two neighbours are from 1 to 4"
    below, above = line.band(np.array([1.0, 2.5, 4.0]))
    heights = -0.5 + 2.2 * np.array([1.0, 2.5, 4.0])
    assert (below < heights).all() and (heights < above).all()
    again, other = (fit_line(points, resamples=2000, seed=seed) for seed in (1, 2))
    assert again and other and (again.slopes == line.slopes).all() and not np.array_equal(other.slopes, line.slopes)
    # numpy's own fit of the same resample: the first one that has two languages.
    counts = np.random.default_rng(1).multinomial(4, [0.25] * 4, size=2000)[0]
    drawn = [p for p, n in zip(points, counts, strict=True) for _ in range(n)]
    assert line.slopes[0] == pytest.approx(np.polyfit([p.place for p in drawn], [p.gain.score for p in drawn], 1)[0])


def test_directions_into_one_language_are_drawn_together() -> None:
    one = [Point(1.0, cell(2.0), "de"), Point(2.0, cell(4.0), "de")]
    line = fit_line(one, resamples=50, seed=1)
    assert line and set(np.round(line.slopes, 9)) == {2.0}, "each resample has both"
    assert fit_line(one[:1], resamples=50, seed=1) is None and fit_line([], resamples=50, seed=1) is None


def resources() -> list[ResourceRow]:
    return [
        ResourceRow(
            *("m", table, f"en-{code}", code, "", None, 0.3, bits, 24, kind, None),
            score=cell(20.0),
            gain=None if kind == "none" else cell(slope * bits),
            bits_per_english_character=bits / 2,
        )
        for kind, slope in (("none", 0.0), ("pseudo", 3.0), ("oracle", -1.0))
        for table, code, bits in (
            ("translation", "de", 1.0),
            ("translation", "fr", 1.5),
            ("translation", "zh", 4.0),
            ("other_directions", "uk", 9.0),
        )
    ]


def test_lines_of_all_kinds_and_axes(tmp_path: Path) -> None:
    rows = fit_rows(resources(), resamples=100, seed=1)
    found = {(r.kind, r.axis): (r.slope.score, r.languages, r.n, r.explained) for r in rows}
    assert found == {
        ("pseudo", "bits_per_english_character"): pytest.approx((6.0, 3, 24, 1.0)),
        ("oracle", "bits_per_english_character"): pytest.approx((-2.0, 3, 24, 1.0)),
        ("pseudo", "bits_per_character"): pytest.approx((3.0, 3, 24, 1.0)),
        ("oracle", "bits_per_character"): pytest.approx((-1.0, 3, 24, 1.0)),
    }
    write_rows(tmp_path / "fit.csv", rows, FitRow)
    assert [r.kind for r in read_rows(tmp_path / "fit.csv", FitRow)] == [r.kind for r in rows]
    shown = [[cell.strip() for cell in line.split("|")] for line in fit_markdown(rows, 100).splitlines()]
    assert ["", "bits per character", "oracle", "−2.2", "−1.0 (−1.0 to −1.0)", "100 %", "3", "24", ""] in shown


LOW = yaml.safe_load((ROOT / "config/low_resource.yaml").read_text())


def test_runs_with_many_languages_have_lines() -> None:
    low = merged(DEFAULT, LOW)
    assert fits_languages(low) and not fits_languages(DEFAULT)
    assert "language_resources_fit.csv" in final_tables(low) and "language_resources_gemma-3-270m" in final_figures(low)
    assert "cost_gemma-3-270m" not in final_figures(low), "shares of an SFT model against costs, and it has none"
    assert not any("fit" in name for name in final_tables(DEFAULT))
    assert not fits_languages(
        merged(low, {"translation": {"priors": {"kinds": ["none"]}, "few_shot": {"examples": []}}})
    )


def test_the_run_of_low_resources_has_twenty_further_languages_and_trains_nothing() -> None:
    low = merged(DEFAULT, LOW)
    targets = [Direction.parse(subset).target for subset in low["translation"]["directions"]]
    assert ["en", *targets] == low["languages"] and len({*targets} - {*DEFAULT["languages"]}) == 27
    assert low["translation"]["items"]["test"] == 24
    assert low["translation"]["sft"]["method"] == low["translation"]["refined"]["kind"] == "none"
    assert sum(level(code, "llama-2") == "extremely low" for code in targets) >= 20
    named = {**low, "translation": {**low["translation"], "held_out": "gramps"}}
    assert problems(low, SCHEMA, DEFAULT) == problems(named, SCHEMA, DEFAULT) == []
