"""Whether a model folder's files are still those that were converted, and what the journal and a cache make of it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import prefixyarn
import tiny
from prefixyarn.data import wheels
from prefixyarn.errors import InputError
from prefixyarn.models import manifest
from prefixyarn.models.convert import convert
from prefixyarn.models.foundation import load
from prefixyarn.models.manifest import STAMPS, check_unchanged, identity

TEXTS = ["The house is big.", "The file was saved."]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return tiny.save_model(tmp_path / "mine")


@pytest.fixture
def model(mine: Path, tmp_path: Path) -> Path:
    convert(mine, tmp_path / "model")
    return tmp_path / "model"


def other_weights(folder: Path) -> Path:
    """Return a file of other weights, of the same size and with the same time."""
    old = (folder / "model.safetensors").stat()
    path = tiny.save_model(folder.parent / "other", seed=1) / "model.safetensors"
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert path.stat().st_size == old.st_size
    return path


def renamed(other: Path, own: Path) -> None:
    """Put a file into the place of another as rsync does."""
    shutil.copy2(other, own.with_suffix(".new"))
    own.with_suffix(".new").replace(own)


@pytest.mark.parametrize("put", [shutil.copy2, renamed])  # into the same file, and in its place
def test_other_weights_with_the_old_time_are_seen(put: Callable[[Path, Path], object], mine: Path, model: Path) -> None:
    check_unchanged(model)
    own = mine / "model.safetensors"
    time = own.stat().st_mtime_ns
    put(other_weights(mine), own)
    assert own.stat().st_mtime_ns == time
    with pytest.raises(
        InputError, match=r"model/model\.safetensors: no longer the file that was converted\. Remove .*"
    ):
        load(model, "tiny", "float32")
    before = identity(model)
    convert(mine, model)
    load(model, "tiny", "float32")
    assert identity(model) != before


def test_a_file_is_read_again_only_where_its_stamp_differs(
    mine: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def counted(path: Path) -> str:
        read.append(Path(path).name)
        return wheels.sha256(path)

    monkeypatch.setattr(manifest, "sha256", counted)
    check_unchanged(model)
    assert read == []
    os.utime(mine / "config.json")  # the same content at another time
    check_unchanged(model)
    check_unchanged(model)
    assert read == ["config.json"], "what was proved is known afterwards"
    moved = shutil.copytree(model, tmp_path / "moved")  # the links' content, with its times
    (moved / STAMPS).write_text("[]")
    check_unchanged(moved)
    assert len(read) > 4 and json.loads((moved / STAMPS).read_text()) != json.loads((model / STAMPS).read_text())


def test_a_folder_that_cannot_be_written_to_works(mine: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, value: object) -> None:
        raise InputError("a full disk")

    monkeypatch.setattr(manifest, "write_json", full)
    os.utime(mine / "config.json")
    check_unchanged(model)


def test_a_manifest_of_others_is_none(mine: Path, tmp_path: Path) -> None:
    convert(mine, tmp_path / "without")
    for text in ('["spelled"]', '{"spelled": []}', "{", '{"files": 3}'):
        (mine / "manifest.json").write_text(text)
        convert(mine, tmp_path / "model")
        load(tmp_path / "model", "tiny", "float32")
        assert identity(tmp_path / "model") == identity(tmp_path / "without")
    with pytest.raises(InputError, match=r"mine/manifest\.json: not the manifest of a converted model"):
        load(mine, "tiny", "float32")
    (mine / "manifest.json").unlink()
    with pytest.raises(InputError, match=r"mine/manifest\.json: missing"):
        load(mine, "tiny", "float32")


def test_a_journal_does_not_serve_answers_of_earlier_weights(
    mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def answers(journal: Path | None) -> list[str]:
        found = prefixyarn.load(mine).answer(TEXTS, prior="none", max_tokens=12, journal=journal)
        return [own.text for own in found]

    before = answers(tmp_path / "journal")
    shutil.copy2(other_weights(mine), mine / "model.safetensors")
    after = answers(tmp_path / "journal")
    assert after != before and after == answers(None)
    (mine / "notes.txt").write_text("a new file, too, and one that is gone")
    (mine / "generation_config.json").unlink()
    answers(None)
    assert not (next((tmp_path / "cache").rglob("manifest.json")).parent / "generation_config.json").is_symlink()
