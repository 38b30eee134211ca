"""The committed tables of the default run are what its committed scores, and the current configuration, give."""

from __future__ import annotations

import hashlib
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
import yaml

from committed import RESULTS, ROOT, as_committed
from prefixyarn.configuration import main_units
from prefixyarn.records import read_json
from prefixyarn.tables.main import main_rows
from prefixyarn.tables.overview import overview_metrics, overview_rows
from prefixyarn.tables.rows import Row, read_csv, write_csv
from prefixyarn.tables.translation import translation_rows
from prefixyarn.tasks.scoring import scores

CONFIG = yaml.safe_load((ROOT / "config/config.yaml").read_text())
MAIN = main_units(CONFIG)
TABLES = {
    "main": ("translation", MAIN["translation"]),
    "other_directions": ("translation", CONFIG["translation"]["other_directions"]),
    "summarization": ("summarization", MAIN["summarization"]),
    "tagging": ("tagging", MAIN["tagging"]),
}
pytestmark = as_committed


def item_scores(task: str, units: list[str]) -> dict[str, dict[str, dict[str, Any]]]:
    return {
        foundation["name"]: {
            unit: read_json(RESULTS / f"scores/{task}/{unit}/{foundation['name']}.json") for unit in units
        }
        for foundation in CONFIG["foundations"]
    }


def assert_committed(name: str, rows: list[Row], folder: Path) -> None:
    write_csv(folder / "again.csv", rows)
    assert (folder / "again.csv").read_text() == (RESULTS / f"tables/{name}.csv").read_text()


@pytest.mark.parametrize("table", TABLES)
def test_task_tables_follow_from_the_items_scores(table: str, tmp_path: Path) -> None:
    task, units = TABLES[table]
    rows = main_rows(scores(task), item_scores(task, units), CONFIG["score"]["resamples"], CONFIG["seed"])
    assert_committed(table, rows, tmp_path)


def test_the_table_by_direction_follows_from_the_items_scores(tmp_path: Path) -> None:
    own = item_scores("translation", MAIN["translation"])
    rows = translation_rows(own, CONFIG["score"]["resamples"], CONFIG["seed"])
    assert_committed("translation", rows, tmp_path)


def test_overview_and_metrics_follow_from_the_task_tables(tmp_path: Path) -> None:
    names = {task: "main" if task == "translation" else task for task in CONFIG["tasks"]}
    rows = overview_rows({task: read_csv(RESULTS / f"tables/{name}.csv") for task, name in names.items()})
    assert_committed("overview", rows, tmp_path)
    assert overview_metrics(rows) == read_json(RESULTS / "metrics.json")


def test_they_are_of_the_current_configuration_and_what_dvc_recorded() -> None:
    stages = yaml.safe_load((ROOT / "dvc.lock").read_text())["stages"]
    for name, stage in stages.items():
        for key, recorded in stage["params"]["config/config.yaml"].items():
            value = reduce(getitem, key.split("."), CONFIG)
            assert value == recorded, f"{key} was changed ({name}): `dvc repro`, commit results/default and dvc.lock"
    recorded = {out["path"]: out["md5"] for out in stages["tables"]["outs"]}
    for path in ("metrics.json", "report.html"):
        assert hashlib.md5((RESULTS / path).read_bytes()).hexdigest() == recorded[f"results/default/{path}"]
