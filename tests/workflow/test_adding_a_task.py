"""docs/adding-a-task.md, followed to the letter in a copy of the repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs/adding-a-task.md").read_text(encoding="utf-8")


def block(before: str) -> str:
    """Return the block of code after the first place that says ``before``."""
    found = re.search(r"```\w+\n(.*?)```", GUIDE[GUIDE.index(before) :], re.DOTALL)
    assert found, before
    return found[1]


def test_a_fourth_task_is_planned_as_the_guide_says(tmp_path: Path) -> None:
    for name in ("workflow", "scripts", "src", "config"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    folder = tmp_path / "src/prefixyarn/tasks/naming"
    folder.mkdir()
    for name in ("__init__", "task", "metrics", "scores"):
        (folder / f"{name}.py").write_text(block(f"tasks/naming/{name}.py`"))
    (tmp_path / "scripts/prepare_naming.py").write_text(block("`scripts/prepare_naming.py`"))
    for name, before in (
        ("workflow/rules/data.smk", "At the end of `workflow/rules/data.smk`"),
        ("src/prefixyarn/config/subsets.py", "At the end of `src/prefixyarn/config/subsets.py`"),
        ("config/config.yaml", "The block in `config/config.yaml`"),
    ):
        with open(tmp_path / name, "a", encoding="utf-8") as stream:
            stream.write("\n\n" + block(before))
    config = tmp_path / "config/config.yaml"
    config.write_text(config.read_text().replace("tagging]\n", "tagging, naming]\n"))
    schema = tmp_path / "src/prefixyarn/config/schema.yaml"
    text = schema.read_text().replace("summarization, tagging] }", "summarization, tagging, naming] }")
    schema.write_text(
        text.replace("  score:\n    description", block("And the block's schema") + "  score:\n    description")
    )

    environment = {k: v for k, v in os.environ.items() if not k.startswith("SNAKEMAKE")}
    environment |= {"PYTHONPATH": str(tmp_path / "src"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "snakemake", "-n", "--cores", "2"]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    output = result.stdout + result.stderr
    assert result.returncode == 0, output
    for made in ("tables/naming.md", "tables/cost_naming.csv", "decode/naming/de/gemma-3-270m.jsonl"):
        assert f"results/default/{made}" in output

    program = "from prefixyarn.config.files import read_config; from prefixyarn.report.setup import setup; "
    program += "print(dict(setup(read_config()))['naming'])"
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert told.stdout == "de, fr: 32 items each\n", told.stderr
