"""`make clean` removes what runs made, wherever the folder lies; what is committed stays."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = (
    "results/.gitkeep",
    "results/mixes/tables/overview.csv",
    "results/default/tables/overview.csv",
    "results/default/figures/headline.svg",
    "results/default/metrics.json",
    "results/full/dvc.lock",
)
MADE = (
    "results/default/decode/translation/en-de/m.jsonl",
    "results/default/models/sft/manifest.json",
    "results/tiny/tables/overview.csv",
    "results/tiny/report.html",
    "results/tiny/.report.html.abcd.tmp",
    "resources/foundations/m/model/model.safetensors",
    "state/tiny/decode.jsonl",
    "logs/tiny/decode.log",
    ".snakemake/locks/0.input.lock",
)
OTHERS = (
    "results/notes.txt",
    "results/tiny/notes.txt",
    "resources/mine/corpus.txt",
    ".venv/installed",
    "config/my.yaml",
)
GIT = ("git", "-c", "user.name=x", "-c", "user.email=x@localhost")


def checkout(folder: Path) -> Path:
    """Make a folder with what `make clean` needs, what is shipped, what runs made, and what a person put there."""
    (folder / "scripts").mkdir(parents=True)
    for name in ("Makefile", ".gitignore", "scripts/clean.py"):
        shutil.copy(ROOT / name, folder / name)
    for name in (*SHIPPED, *MADE, *OTHERS):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def commit(repository: Path, *names: str) -> None:
    for command in (("init", "-q"), ("add", "-f", *names), ("commit", "-qm", "x")):
        subprocess.run([*GIT, *command], cwd=repository, check=True)


def clean(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [shutil.which("make") or "make", f"PYTHON={sys.executable}", "clean"]
    return subprocess.run(command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True)


def left(folder: Path, names: tuple[str, ...]) -> set[str]:
    return {name for name in names if (folder / name).exists()}


def test_in_a_repository_of_its_own(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "own")
    mine = "results/tiny/tables/overview.csv"  # committed against .gitignore
    commit(folder, *SHIPPED, mine)
    result = clean(folder)
    assert result.returncode == 0 and left(folder, (*SHIPPED, *OTHERS)) == {*SHIPPED, *OTHERS}
    assert left(folder, MADE) == {mine}
    (folder / "results/tiny/notes.txt").unlink()
    subprocess.run([*GIT, "rm", "-q", "--cached", mine], cwd=folder, check=True)
    clean(folder)
    assert not (folder / "results/tiny").exists(), "an empty run is no run"


@pytest.mark.parametrize("ignored", ["", "export/", "*"])
def test_in_an_export_within_another_repository(tmp_path: Path, ignored: str) -> None:
    folder = checkout(tmp_path / "export")
    (tmp_path / "paper.tex").touch()
    (tmp_path / ".gitignore").write_text(ignored)
    commit(tmp_path, "paper.tex", ".gitignore")
    result = clean(folder)
    assert result.returncode == 0 and left(folder, MADE) == set()
    assert left(folder, (*SHIPPED, *OTHERS)) == {*SHIPPED, *OTHERS}


def test_without_git(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "export")
    result = clean(folder, PATH="/nowhere")
    assert result.returncode == 0, result.stderr
    assert left(folder, MADE) == set() and left(folder, (*SHIPPED, *OTHERS)) == {*SHIPPED, *OTHERS}


def test_a_repository_that_git_does_not_read_is_left_alone(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "own")
    commit(folder, *SHIPPED)
    result = clean(folder, PATH="/nowhere")
    assert result.returncode != 0 and "error: git does not tell what is committed here" in result.stderr
    (folder / ".git/HEAD").write_text("broken")
    assert "nothing was removed" in clean(folder).stderr
    assert left(folder, MADE) == {*MADE}


def test_a_linked_folder_is_unlinked(tmp_path: Path) -> None:
    folder, scratch = checkout(tmp_path / "export"), tmp_path / "scratch"
    shutil.move(folder / "results/tiny/tables", scratch)
    (folder / "results/tiny/tables").symlink_to(scratch)
    clean(folder)
    assert not (folder / "results/tiny/tables").is_symlink() and (scratch / "overview.csv").exists()


def test_all_that_rules_make_has_its_name_in_the_list() -> None:
    rules = "".join(path.read_text() for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
    named = (ROOT / "scripts/clean.py").read_text()
    made = {*re.findall(r'"results/\{+run\}+/([\w.]+)', rules), *re.findall(r'"resources/(\w+)', rules)}
    assert len(made) > 20
    assert {name for name in made if f'"{name}"' not in named} == set()
