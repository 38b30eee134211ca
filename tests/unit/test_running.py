"""What a killed run leaves does not stop the next one; a living run does, and is named."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from prefixyarn import running
from prefixyarn.errors import InputError
from prefixyarn.running import HELD, busy_text, elsewhere, hold

WORKS = "from prefixyarn.running import hold; hold(); print('holds', flush=True); input()"


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a lock as Snakemake leaves it, in the folder that the test works in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(running, "_held", [])
    path = tmp_path / ".snakemake/locks/0.output.lock"
    path.parent.mkdir(parents=True)
    path.write_text("results/tiny/report.html\n")
    yield path
    for stream in running._held:
        stream.close()


@pytest.fixture
def job(lock: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a process that works in the folder."""
    with subprocess.Popen([sys.executable, "-c", WORKS], stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "holds\n"
        yield process
        process.kill()


def test_locks_of_the_dead_are_removed(lock: Path, job: subprocess.Popen[str]) -> None:
    job.kill()
    job.wait()
    hold()
    assert lock.exists(), "a job removes none"
    hold(begins=True)
    assert lock.exists(), "this process works here by now"
    for stream in running._held:
        stream.close()
    hold(begins=True)
    assert not lock.exists()


def test_locks_of_the_living_stay_and_they_are_named(lock: Path, job: subprocess.Popen[str]) -> None:
    hold(begins=True)
    assert lock.exists() and f"`kill {job.pid}`" in busy_text() and "\n" not in busy_text()


def test_locks_of_another_machine_stay(lock: Path) -> None:
    elsewhere()
    hold(begins=True)
    assert lock.exists() and "snakemake --unlock" in busy_text()
    lock.unlink()  # as --unlock does
    for stream in running._held:
        stream.close()
    hold(begins=True)
    assert HELD.read_text() == platform.node(), "the next killed run is this machine's again"


def test_files_from_the_future_are_dated_now(lock: Path) -> None:
    paths = [Path("results/tiny/data/train.jsonl"), Path("resources/model/manifest.json")]
    then = time.time() + 86400
    for path, when in zip(paths, (then, 1e9), strict=True):
        path.parent.mkdir(parents=True)
        path.touch()
        os.utime(path, (when, when))
    hold(begins=True)
    assert paths[0].stat().st_mtime <= time.time() and paths[1].stat().st_mtime == 1e9


def test_half_written_files_of_the_dead_are_removed(lock: Path, job: subprocess.Popen[str]) -> None:
    whole, half = Path("results/tiny/data/train.jsonl"), Path("results/tiny/data/.train.jsonl.a1b2.tmp")
    others = [Path("config/.mine.yaml.a1b2.tmp"), Path("results/tiny/.kept"), Path("results/tiny/x.tmp")]
    for path in (whole, half, *others):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    hold(begins=True)
    assert half.exists(), "somebody may be writing it"
    job.kill()
    job.wait()
    for stream in running._held:
        stream.close()
    hold(begins=True)
    assert not half.exists() and all(path.exists() for path in (whole, *others))


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".snakemake").touch()
    with pytest.raises(InputError, match=r"\.snakemake: could not be made .*: free some space, mend its permissions"):
        hold(begins=True)
