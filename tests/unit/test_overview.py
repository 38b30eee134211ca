from pathlib import Path

from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.records import System
from prefixyarn.tables.overview import (
    OverviewRow,
    overview_latex,
    overview_markdown,
    overview_metrics,
    overview_rows,
)
from prefixyarn.tables.rows import ScoreRow, read_rows, write_rows


def row(metric: str, system: System, share: float | None = 50.0) -> ScoreRow:
    found = None if share is None else Interval(share, share, share)
    score = Interval(12.34567, 11.0, 13.0)
    return ScoreRow("m", metric, system, "test", "", 0, "", n=24, score=score, share=found, recovery=found)


def table(metric: str, unit: str) -> list[ScoreRow]:
    return [
        row(metric, System("none")),
        *(row(metric, System("oracle", "", k, unit), 60.0 + k) for k in (1, 2, 4)),
        row(metric, System("oracle", "", 1, "word"), 99.0),
        row(metric, System("oracle", "free", 2, unit), 88.0),
        row(metric, System("none", prompt="few-shot-1"), 75.0),
        row(metric, System("none", model="sft"), 100.0),
        row("other metric", System("none"), 1.0),
    ]


def test_a_row_per_task_prompt_and_kind(tmp_path: Path) -> None:
    tables = {"translation": table("chrF++", "token"), "tagging": table("Accuracy", "tag")}
    for name, rows in tables.items():
        write_rows(tmp_path / f"{name}.csv", rows, ScoreRow)
    found = overview_rows({name: read_rows(tmp_path / f"{name}.csv", ScoreRow) for name in tables})
    shown = [(r.task, r.system.prompt, r.system.kind, r.system.k, r.system.unit, r.share, r.paper) for r in found]

    def same(share: float) -> Interval:
        return Interval(share, share, share)

    assert shown == [
        ("translation", "zero-shot", "none", 0, "", same(50.0), 52.5),
        ("translation", "zero-shot", "oracle", 2, "token", same(62.0), None),
        ("translation", "few-shot-1", "none", 0, "", same(75.0), None),
        ("tagging", "zero-shot", "none", 0, "", same(50.0), None),
        ("tagging", "zero-shot", "oracle", 2, "tag", same(62.0), None),
        ("tagging", "few-shot-1", "none", 0, "", same(75.0), None),
    ]
    assert found[0].score == 12.3457 and found[0].n == 24
    write_rows(tmp_path / "overview.csv", found, OverviewRow)
    assert read_rows(tmp_path / "overview.csv", OverviewRow) == found
    text = overview_markdown(found, {"m": "Model"})
    assert "52.5 %" in text and "2 tags" in text and "### Share of SFT by task and prior, Model" in text
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    latex = [line.strip(" \\").split("&") for line in overview_latex(found).splitlines() if "&" in line]
    shown_in_latex = [[cell.strip().replace("--", "–").replace("\\%", "%") for cell in line] for line in latex]
    assert shown_in_latex == [cells[0], *cells[2:]]


def test_metrics_of_a_run(tmp_path: Path) -> None:
    found = overview_rows({"translation": table("chrF++", "token")})
    assert overview_metrics(found)["m"]["translation"] == {
        "none": {"chrF++": 12.35, "% of SFT": 50.0},
        "oracle": {"chrF++": 12.35, "% of SFT": 62.0},
        "none, few-shot-1": {"chrF++": 12.35, "% of SFT": 75.0},
    }
    (without,) = overview_rows({"translation": [row("chrF++", System("none"), share=None)]})
    assert without.share is None
    assert overview_metrics([without])["m"]["translation"] == {"none": {"chrF++": 12.35}}
