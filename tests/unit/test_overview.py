from typing import Any

from prefixyarn.tables.overview import overview_markdown, overview_rows
from prefixyarn.tables.render import read_csv, write_csv


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
    assert "52.5 %" in text and "2 tags" in text and "### Share of SFT by task and prior, Model" in text


def test_missing_values_come_back_as_none(tmp_path: Any) -> None:
    write_csv(tmp_path / "t.csv", [row("chrF++", "none", share=None)])
    read = read_csv(tmp_path / "t.csv")
    assert (
        read[0]["share"] is None
        and read[0]["variant"] == ""
        and overview_rows({"translation": read})[0]["share"] is None
    )
