"""A pilot of the smoke configuration, on a tiny model."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from checkout import Copy
from prefixyarn.records import Item, read_records


def test_a_pilot_runs_a_little_of_the_dag_and_tells_of_the_whole(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    copy.over = ["config/smoke.yaml"]
    translation: dict[str, Any] = {**copy.config["translation"]}  # type: ignore[dict-item]
    translation |= {"directions": ["en-de", "de-en", "en-zh"], "other_directions": []}
    translation["items"] |= {"test": 30}
    translation["sft"] |= {"steps": 40}
    copy.config |= {"tasks": ["translation"], "analysis": {"items": 0}, "translation": translation}
    how = copy.command()
    options = ("--cores", "2", "--max-jobs-per-timespan", "100/1s")
    command = [sys.executable, "scripts/run_pilot.py", *copy.over, "config/tiny.yaml", "--", *options]
    done = subprocess.run(command, cwd=how["cwd"], env=how["env"], text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    results = tmp_path / "results"
    assert [folder.name for folder in results.iterdir()] == ["tiny-pilot"], "nothing of the run itself was made"
    folder = results / "tiny-pilot"
    directions = sorted(path.name for path in (folder / "decode/translation").iterdir())
    assert directions == ["de-en", "en-de"]
    assert len(read_records(folder / "data/translation/en-de/test.jsonl", Item)) == 20
    assert (folder / "tables/translation.csv").exists()
    assert yaml.safe_load((folder / "pilot.yaml").read_text())["translation"]["sft"]["steps"] == 8
    assert (folder / "pilot.md").read_text() in done.stdout
    decode = next(line for line in done.stdout.splitlines() if line.startswith("| decode "))
    cells = [cell.strip() for cell in decode.split("|")[1:-1]]
    assert cells[3] == "3" and float(cells[4]) > 0 and float(cells[8]) > 0.1, (
        "jobs of the whole; the pilot's minutes, GB"
    )
    assert "The whole of tiny: " in done.stdout and "0.0 GPU hours" in done.stdout
