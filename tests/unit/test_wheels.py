from pathlib import Path

import pytest

import tiny
from prefixyarn.data.wheels import fetch_wheel, members, open_wheel, sha256
from prefixyarn.errors import InputError


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, str]:
    """A folder that pip takes for its only index, with one package."""
    path, checksum = tiny.wheel(tmp_path / "index", "some-package", "1.0", {"some_package/data/x.txt": b"text"})
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
    monkeypatch.setattr("prefixyarn.data.wheels.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"some-package==1\.0: pip fetches it, .* has none\. Run `.* -m ensurepip`"):
        fetch_wheel("some-package", "1.0", "0", tmp_path / "x.whl")
