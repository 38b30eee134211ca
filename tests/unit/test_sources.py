"""What a run needs of the machine and of the network."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from configs import DEFAULT
from prefixyarn.config.sources import described, lacks_apt, local_stamps


def test_apt_is_needed_for_descriptions_that_are_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert lacks_apt(DEFAULT)
    assert not lacks_apt({**DEFAULT, "tasks": ["translation"]})
    crosssum = {**DEFAULT["summarization"], "source": {"kind": "crosssum", "folder": "x"}}
    assert not lacks_apt({**DEFAULT, "summarization": crosssum})
    (tmp_path / "bin/apt-get").write_text("#!/bin/sh\n")
    (tmp_path / "bin/apt-get").chmod(0o755)
    assert not lacks_apt(DEFAULT)
    (tmp_path / "bin/apt-get").unlink()
    Path("resources/descriptions").mkdir(parents=True)
    for code in described(DEFAULT):
        Path(f"resources/descriptions/{code}.txt").write_text("")
    assert not lacks_apt(DEFAULT), "fetched elsewhere, as for a cluster"


def test_another_file_in_the_place_of_a_models_is_noticed_whatever_its_time(tmp_path: Path) -> None:
    folder, other = tmp_path / "a {model}", tmp_path / "other"
    folder.mkdir()
    source = {"kind": "local", "path": str(folder)}
    (folder / "model.safetensors").write_text("one")
    other.write_text("two")
    os.utime(other, (1, 1))
    first = local_stamps(source)
    shutil.copytree(folder, tmp_path / "moved")
    assert local_stamps({**source, "path": str(tmp_path / "moved")}) == first, "a copy with its times is the same"
    shutil.copy2(other, folder / "model.safetensors")  # as cp -p
    assert local_stamps(source) != first
    assert local_stamps({"kind": "hub"}) == local_stamps({**source, "path": str(tmp_path / "none")}) == {}
