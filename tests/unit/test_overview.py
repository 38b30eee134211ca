from typing import Any

import numpy as np
from matplotlib.container import ErrorbarContainer

from prefixyarn.figures import scale
from prefixyarn.tables.overview import overview_markdown, overview_metrics, overview_rows
from prefixyarn.tables.rows import read_csv, write_csv
from prefixyarn.tables.scale import scale_markdown, scale_rows


def row(
    metric: str, kind: str, k: int = 0, k_unit: str = "", share: float | None = 50.0, **more: Any
) -> dict[str, Any]:
    own = {
        "metric": metric,
        "foundation": "m",
        "model": "foundation",
        "prompt": "zero-shot",
        "kind": kind,
        "variant": "",
    }
    ends = {f"{name}{end}": share for name in ("share", "recovery") for end in ("", " low", " high")}
    return {**own, "k": k, "k_unit": k_unit, "n": 24, "mean": 12.34567, **ends, **more}


def table(metric: str, k_unit: str) -> list[dict[str, Any]]:
    return [
        row(metric, "none"),
        *(row(metric, "oracle", k, k_unit, 60.0 + k) for k in (1, 2, 4)),
        row(metric, "oracle", 1, "word", 99.0),
        row(metric, "oracle", 2, k_unit, 88.0, variant="free"),
        row(metric, "none", prompt="few-shot-1", share=75.0),
        row(metric, "none", model="sft", share=100.0),
        row("other metric", "none", share=1.0),
    ]


def test_a_row_per_task_prompt_and_kind(tmp_path: Any) -> None:
    tables = {"translation": table("chrF++", "token"), "tagging": table("Accuracy", "tag")}
    for name, rows in tables.items():
        write_csv(tmp_path / f"{name}.csv", rows)
    read = {name: read_csv(tmp_path / f"{name}.csv") for name in tables}
    found = overview_rows(read)
    shown = [(r["task"], r["prompt"], r["kind"], r["k"], r["k_unit"], r["share"], r["paper"]) for r in found]
    assert shown == [
        ("translation", "zero-shot", "none", 0, "", 50.0, 52.5),
        ("translation", "zero-shot", "oracle", 2, "token", 62.0, None),
        ("translation", "few-shot-1", "none", 0, "", 75.0, None),
        ("tagging", "zero-shot", "none", 0, "", 50.0, None),
        ("tagging", "zero-shot", "oracle", 2, "tag", 62.0, None),
        ("tagging", "few-shot-1", "none", 0, "", 75.0, None),
    ]
    assert found[0]["mean"] == 12.3457 and found[0]["n"] == 24
    text = overview_markdown(found, {"m": "Model"})
    metrics = overview_metrics(found)
    assert metrics["m"]["translation"] == {
        "none": {"chrF++": 12.35, "% of SFT": 50.0},
        "oracle": {"chrF++": 12.35, "% of SFT": 62.0},
        "none, few-shot-1": {"chrF++": 12.35, "% of SFT": 75.0},
    }
    assert overview_metrics([{**found[0], "share": None}])["m"]["translation"] == {"none": {"chrF++": 12.35}}
    assert "52.5 %" in text and "2 tags" in text and "### Share of SFT by task and prior, Model" in text


def test_missing_values_come_back_as_none(tmp_path: Any) -> None:
    write_csv(tmp_path / "t.csv", [row("chrF++", "none", share=None)])
    read = read_csv(tmp_path / "t.csv")
    assert (
        read[0]["share"] is None
        and read[0]["variant"] == ""
        and overview_rows({"translation": read})[0]["share"] is None
    )


def test_scale_orders_foundations_by_size() -> None:
    def of(name: str, kind: str, share: float | None, prompt: str = "zero-shot", variant: str = "") -> dict[str, Any]:
        ends = {"share low": share - 5, "share high": share + 5} if share is not None else {}
        head = {"task": "translation", "kind": kind, "foundation": name, "prompt": prompt, "variant": variant}
        return {**head, "mean": 20.0, "n": 3, "share": share, "share low": None, "share high": None, **ends}

    overview = [
        of("large", "none", 70.0),
        of("large", "pseudo", 90.0, variant="first"),
        of("large", "pseudo", 95.0, variant="likeliest"),
        of("large", "pseudo", 99.0, prompt="few-shot-2"),
        of("small", "none", 50.0),
        of("small", "pseudo", None),
    ]
    rows = scale_rows(overview, {"large": 7_000_000_000, "small": 270_000_000})
    assert [(r["kind"], r["foundation"], r["share"]) for r in rows] == [
        ("none", "small", 50.0),
        ("none", "large", 70.0),
        ("pseudo", "small", None),
        ("pseudo", "large", 90.0),
    ]
    labels = {"small": "Small", "large": "Large"}
    text = scale_markdown(rows, labels)
    assert "50.0 (45.0–55.0)" in text and "Small 270,000,000, Large 7,000,000,000" in text
    (axes,) = scale(rows, labels).axes
    drawn = {
        str(bars.get_label()): np.asarray(bars.lines[0].get_xydata()).tolist()
        for bars in axes.containers
        if isinstance(bars, ErrorbarContainer)
    }
    assert drawn == {"none": [[2.7e8, 50.0], [7e9, 70.0]], "pseudo": [[7e9, 90.0]]}
