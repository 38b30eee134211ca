from pathlib import Path

from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.records import System
from prefixyarn.tables.cost import CostRow, cost_markdown, cost_rows
from prefixyarn.tables.overview import OverviewRow
from prefixyarn.tables.rows import read_rows, write_rows

RULES = ("induce_lexicon", "train_refined", "predict_refined", "train_sft", "decode_sft", "choose_examples")


MATCHED = ("train_refined_matched", "predict_refined_matched")


def of(system: System, share: float) -> OverviewRow:
    return OverviewRow("m", "translation", "chrF++", system, 3, 20.0, Interval(share, share - 5, share + 5), None, None)


def test_a_row_per_source_of_priors(tmp_path: Path) -> None:
    timings = {}
    for n, rule in enumerate((*RULES, "find_openings", "build_priors", "decode", *MATCHED), 1):
        timings[rule] = [str(tmp_path / f"{rule}.tsv")]
        (tmp_path / f"{rule}.tsv").write_text(f"s\n{10 * n}\n")
    overview = [
        of(System("none"), 50),
        of(System("own", "", 2, "token"), 55),
        of(System("refined-matched", "", 2, "token"), 65),
        of(System("pseudo", "first"), 60),
        of(System("pseudo", "likeliest"), 70),
        of(System("none", prompt="few-shot-4"), 90),
        of(System("pseudo", "first", prompt="few-shot-4"), 95),
    ]
    rows = cost_rows(
        foundation="m",
        timings=timings,
        sft={"parameters": 7, "config": {"steps": 3, "batch": 4}},
        refined={"parameters": 5},
        refined_matched={"parameters": 6, "dev": {"en-de": {"train": 4}, "en-fr": {"train": 3}}},
        train_sentences=10,
        directions=2,
        examples=4,
        answers={"predict_refined": 3, "decode_sft": 5, "build_priors": 10, "decode": 9, "predict_refined_matched": 11},
        overview=overview,
    )
    share = Interval(70, 65, 75)
    assert rows == [
        CostRow("m", "none", 0.0, 0, 0, 0.0, 10.0, Interval(50, 45, 55)),
        CostRow("m", "own", 0.0, 0, 0, 7.0, 10.0, Interval(55, 50, 60)),
        CostRow("m", "pseudo", 10.0, 0, 10, 1.0, 10.0, share),
        CostRow("m", "refined", 20.0, 5, 10, 10.0, 10.0, None),
        CostRow("m", "refined-matched", 100.0, 6, 7, 10.0, 10.0, Interval(65, 60, 70)),
        CostRow("m", "sft prior", 40.0, 7, 10, 10.0, 10.0, None),
        CostRow("m", "sft model", 40.0, 7, 10, None, 10.0, Interval(100, 100, 100)),
        CostRow("m", "few-shot", 60.0, 0, 8, 0.0, 10.0, Interval(90, 85, 95)),
    ]
    write_rows(tmp_path / "cost.csv", rows, CostRow)
    assert read_rows(tmp_path / "cost.csv", CostRow) == rows
    text = cost_markdown("translation", rows, {"m": "Model"})
    shown = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    assert shown[3] == ["own", "55.0", "0", "0", "0", "7.00", "10.00"]
    assert shown[4] == ["pseudo", "70.0", "10", "0", "10", "1.00", "10.00"]
    assert shown[8][5:] == ["–", "10.00"]
