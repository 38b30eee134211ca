"""docs/using.md: its examples run, with a tiny model in the place of the default one."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import tiny
from prefixyarn import cli
from prefixyarn.config.files import FOUNDATION, read_yaml
from prefixyarn.models.convert import convert

PAGE = (Path(__file__).resolve().parents[2] / "docs/using.md").read_text()
# Commands of the page that are tried elsewhere, since they need a checkout, a run or another program.
ELSEWHERE = ("new", "export", "check")


@pytest.fixture
def newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder; the default model is in the cache already."""
    name = read_yaml(FOUNDATION)["foundations"][0]["name"]
    convert(tiny.save_model(tmp_path / "source"), tmp_path / f"cache/prefixyarn/foundations/{name}/model")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path / "folder")
    return tmp_path / "folder"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)


def test_commands(newcomer: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    ran = 0
    for line in "".join(blocks("bash")).replace("\\\n", "").splitlines():
        before, bar, command = line.partition(" | ")
        command = command if bar else before
        words = shlex.split(command, comments=True)
        if words[:1] == ["prefixyarn"] and words[1] not in ELSEWHERE:
            said = subprocess.run(before, shell=True, capture_output=True).stdout if bar else b""
            monkeypatch.setattr(sys, "argv", words)
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(said)))
            with pytest.raises(SystemExit) as ended:
                cli.run()
            out, _ = capsys.readouterr()
            assert ended.value.code in (0, None) and out.strip(), (line, ended.value.code)
            ran += 1
        elif words[:1] == ["printf"]:
            subprocess.run(line, shell=True, check=True)
    assert ran >= 8


def test_python(newcomer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (newcomer / "en-fr.txt").write_text("station gare\n")
    scope: dict[str, object] = {}
    for block in blocks("python"):
        exec(compile(block, "docs/using.md", "exec"), scope)
    assert len(capsys.readouterr().out.splitlines()) >= 5
