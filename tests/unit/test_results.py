"""The committed tables of runs are what their committed scores, and the current configuration, give."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
import yaml

from committed import ROOT, committed_run
from configs import DEFAULT, merged
from prefixyarn.config.targets import tables
from prefixyarn.metrics.subsets import SubsetScores, read_scores
from prefixyarn.records import read_json
from prefixyarn.tables.by_direction import by_direction_rows
from prefixyarn.tables.overview import OverviewRow, overview_metrics, overview_rows
from prefixyarn.tables.rows import ScoreRow, read_rows, write_rows
from prefixyarn.tables.task import task_rows
from prefixyarn.tasks.scoring import scores

CONFIGS = {"default": DEFAULT, "full": merged(DEFAULT, yaml.safe_load((ROOT / "config/full.yaml").read_text()))}
LOCKS = {"default": ROOT / "dvc.lock", "full": ROOT / "results/full/dvc.lock"}
pytestmark = pytest.mark.parametrize("folder", [committed_run(run) for run in CONFIGS])


def item_scores(folder: Path, task: str, subsets: list[str]) -> dict[str, dict[str, SubsetScores]]:
    names = [own["name"] for own in CONFIGS[folder.name]["foundations"]]
    found = {name: read_scores(folder / f"scores/{task}/{name}.json") for name in names}
    return {name: {subset: own[subset] for subset in subsets} for name, own in found.items()}


def assert_committed(folder: Path, name: str, rows: Sequence[Any], kind: type[Any], made: Path) -> None:
    write_rows(made / "again.csv", rows, kind)
    assert (made / "again.csv").read_text() == (folder / f"tables/{name}.csv").read_text()


def test_task_tables_follow_from_the_items_scores(folder: Path, tmp_path: Path) -> None:
    if not (folder / "scores").exists():
        pytest.skip(f"{folder}/scores is in the DVC remote, not in git: dvc pull")
    config = CONFIGS[folder.name]
    for table, (task, subsets) in tables(config).items():
        read = item_scores(folder, task, subsets)
        rows = task_rows(scores(task), read, config["score"]["resamples"], config["seed"])
        assert_committed(folder, table, rows, ScoreRow, tmp_path)
        if table == "translation":
            assert_committed(folder, "by_direction", by_direction_rows(rows), ScoreRow, tmp_path)


def test_overview_and_metrics_follow_from_the_task_tables(folder: Path, tmp_path: Path) -> None:
    tasks = CONFIGS[folder.name]["tasks"]
    rows = overview_rows({task: read_rows(folder / f"tables/{task}.csv", ScoreRow) for task in tasks})
    assert_committed(folder, "overview", rows, OverviewRow, tmp_path)
    assert overview_metrics(rows) == read_json(folder / "metrics.json")


def test_they_are_of_the_current_configuration_and_what_dvc_recorded(folder: Path) -> None:
    stages = yaml.safe_load(LOCKS[folder.name].read_text())["stages"]
    for name, stage in stages.items():
        for path, recorded in stage["params"].items():
            read = yaml.safe_load((ROOT / path).read_text())
            for key, value in recorded.items():
                assert reduce(getitem, key.split("."), read) == value, (
                    f"{path}: {key} was changed ({name}): `dvc repro`"
                )
    outs = {out["path"]: out["md5"] for out in stages["tables"]["outs"]}
    for name in ("metrics.json", "report.html"):
        assert hashlib.md5((folder / name).read_bytes()).hexdigest() == outs[f"results/{folder.name}/{name}"]
