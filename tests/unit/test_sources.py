"""What a run needs of the machine and of the network."""

from __future__ import annotations

from pathlib import Path

import pytest

from configs import DEFAULT
from prefixyarn.config.sources import described, lacks_apt


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
