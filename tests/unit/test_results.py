"""The committed tables of the default run are what its committed scores, and the current configuration, give."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import reduce
from itertools import chain
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
import yaml

from committed import RESULTS, ROOT, as_committed
from configs import DEFAULT as CONFIG
from prefixyarn.config.targets import tables
from prefixyarn.metrics.subsets import SubsetScores, read_scores
from prefixyarn.records import read_json
from prefixyarn.tables.by_direction import by_direction_rows
from prefixyarn.tables.overview import OverviewRow, overview_metrics, overview_rows
from prefixyarn.tables.rows import ScoreRow, read_rows, write_rows
from prefixyarn.tables.task import task_rows
from prefixyarn.tasks.scoring import scores

TABLES = tables(CONFIG)
pytestmark = as_committed


def item_scores(task: str, subsets: list[str]) -> dict[str, dict[str, SubsetScores]]:
    found = {own["name"]: read_scores(RESULTS / f"scores/{task}/{own['name']}.json") for own in CONFIG["foundations"]}
    return {name: {subset: own[subset] for subset in subsets} for name, own in found.items()}


def assert_committed(name: str, rows: Sequence[Any], kind: type[Any], folder: Path) -> None:
    write_rows(folder / "again.csv", rows, kind)
    assert (folder / "again.csv").read_text() == (RESULTS / f"tables/{name}.csv").read_text()


@pytest.mark.parametrize("table", TABLES)
def test_task_tables_follow_from_the_items_scores(table: str, tmp_path: Path) -> None:
    task, subsets = TABLES[table]
    rows = task_rows(scores(task), item_scores(task, subsets), CONFIG["score"]["resamples"], CONFIG["seed"])
    assert_committed(table, rows, ScoreRow, tmp_path)
    if table == "translation":
        assert_committed("by_direction", by_direction_rows(rows), ScoreRow, tmp_path)


def test_overview_and_metrics_follow_from_the_task_tables(tmp_path: Path) -> None:
    rows = overview_rows({task: read_rows(RESULTS / f"tables/{task}.csv", ScoreRow) for task in CONFIG["tasks"]})
    assert_committed("overview", rows, OverviewRow, tmp_path)
    assert overview_metrics(rows) == read_json(RESULTS / "metrics.json")


def test_they_are_of_the_current_configuration_and_what_dvc_recorded() -> None:
    stages = yaml.safe_load((ROOT / "dvc.lock").read_text())["stages"]
    for name, stage in stages.items():
        for key, recorded in chain.from_iterable(own.items() for own in stage["params"].values()):
            value = reduce(getitem, key.split("."), CONFIG)
            assert value == recorded, f"{key} was changed ({name}): `dvc repro`, commit results/default and dvc.lock"
    recorded = {out["path"]: out["md5"] for out in stages["tables"]["outs"]}
    for path in ("metrics.json", "report.html"):
        assert hashlib.md5((RESULTS / path).read_bytes()).hexdigest() == recorded[f"results/default/{path}"]
