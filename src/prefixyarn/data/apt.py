"""Debian's package manager as a source of files: for any user, with nothing of the system touched, nothing installed.

State and cache are folders of their own, and the system's other settings, which in images often turn translations off,
do not count. Package sources and their keys are the system's, so apt checks signatures and checksums.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prefixyarn.errors import InputError


@dataclass(frozen=True)
class Apt:
    """An apt with state of its own.

    Attributes:
        lists: The folder of its package lists, updated.
        environment: Environment variables with which apt's commands use it.
    """

    lists: Path
    environment: Mapping[str, str]


@contextmanager
def private_apt(language: str, remedy: str) -> Iterator[Apt]:
    """Yield an apt that has just updated its lists, those of descriptions in one language among them.

    Args:
        language: Debian's name of the language, such as ``pt_BR``; ``none`` for no descriptions.
        remedy: What to do where there is no apt or it fails, for errors.

    Raises:
        InputError: There is no apt, or it cannot update its lists.
    """
    if not shutil.which("apt-get"):
        raise InputError(f"there is no apt-get here, which fetches this text. {remedy}")
    with tempfile.TemporaryDirectory(prefix="prefixyarn-apt-") as folder:
        for name in ("state/lists/partial", "cache/archives/partial", "parts"):
            (Path(folder) / name).mkdir(parents=True)
        settings = Path(folder) / "apt.conf"
        # apt reads this file before the system's parts folder, hence a parts folder of its own.
        settings.write_text(
            f'Dir::State "{folder}/state";\nDir::State::lists "{folder}/state/lists";\nDir::Cache "{folder}/cache";\n'
            f'Dir::Etc::parts "{folder}/parts";\nAPT::Sandbox::User "";\nAPT::Update::Error-Mode "any";\n'
            f'Acquire::Retries "3";\n'
            f'Acquire::Languages {{ "{language}"; }};\n',
            encoding="utf-8",
        )
        apt = Apt(Path(folder) / "state/lists", {**os.environ, "APT_CONFIG": str(settings), "LC_ALL": "C.UTF-8"})
        _run(apt, ["update"], Path(folder), remedy)
        yield apt


def _run(apt: Apt, command: Sequence[str], folder: Path, remedy: str) -> None:
    done = subprocess.run(["apt-get", *command], cwd=folder, env=apt.environment, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise InputError(
            f"apt-get {command[0]} failed ({said[-1] if said else 'it said nothing'}). Is the network there, and are "
            f"Debian's package sources set up (/etc/apt)? {remedy}"
        )


def download_packages(needed: Sequence[str], wanted: Sequence[str], folder: Path, remedy: str) -> list[Path]:
    """Have apt download Debian packages into an empty folder, and return their files, sorted.

    Args:
        needed: Packages that there must be.
        wanted: Packages that there may be: those that the release has come, too.
        folder: The folder.
        remedy: What to do where it fails, for errors.

    Raises:
        InputError: There is no apt, or it cannot get one of them.
    """
    with private_apt("none", remedy) as apt:
        listed = subprocess.run(["apt-cache", "pkgnames"], env=apt.environment, capture_output=True, text=True)
        known = {*listed.stdout.split()}
        _run(apt, ["download", *needed, *(name for name in wanted if name in known)], folder, remedy)
    return sorted(folder.glob("*.deb"))


def package_files(path: str | os.PathLike[str], pattern: str) -> Iterator[tuple[str, bytes]]:
    """Yield names (``usr/share/…``) and contents of the regular files of a Debian package whose names match.

    Args:
        path: The ``.deb``.
        pattern: A regular expression that is searched in the names.

    Raises:
        InputError: Not a Debian package, or damaged.
    """
    with subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", os.fspath(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as unpacking:
        assert unpacking.stdout is not None
        assert unpacking.stderr is not None
        failed = ""
        try:
            with tarfile.open(fileobj=unpacking.stdout, mode="r|") as archive:
                for member in archive:
                    name = member.name.removeprefix("./")
                    stream = archive.extractfile(member) if member.isreg() and re.search(pattern, name) else None
                    if stream is not None:
                        yield name, stream.read()
            unpacking.stdout.read()  # padding after the archive's end
        except tarfile.TarError as error:
            failed = str(error)
        said = unpacking.stderr.read().decode("utf-8", "replace").strip()
        if unpacking.wait() or failed:
            raise InputError(
                f"{path}: not a Debian package, or damaged ({said or failed}). Remove it: it is fetched again."
            )
