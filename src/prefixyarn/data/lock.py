"""The lock file: checksums of the official data files that runs read, and hub revisions as commits.

``config/data.lock.json`` pins what the makers of this project have seen. What it does not have is recorded when it is
first read, and enforced from then on; commit the file to hold others to the same data.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from prefixyarn.data.wheels import sha256
from prefixyarn.errors import InputError
from prefixyarn.records import read_json, write_json


@contextmanager
def locked(path: str | os.PathLike[str]) -> Iterator[None]:
    """Hold a lock that other processes of this machine wait for."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _known(lock: str | os.PathLike[str]) -> dict[str, dict[str, str]]:
    """Return what a lock file has: checksums under ``files``, commits under ``revisions``.

    Raises:
        InputError: It is not JSON, or has another form.
    """
    known = read_json(lock) if Path(lock).exists() else {}
    parts = [known.get(key, {}) for key in ("files", "revisions")] if isinstance(known, dict) else [known]
    if not all(isinstance(own, dict) and all(isinstance(text, str) for text in own.values()) for own in parts):
        raise InputError(
            f"{os.fspath(lock)}: not a lock file: expected an object whose keys 'files' and 'revisions' are objects of "
            "names and texts. Restore it (git checkout), or remove it: what is read then is recorded anew."
        )
    return {"files": {}, "revisions": {}, **known}


def check_files(lock: str | os.PathLike[str], files: Mapping[str, str | os.PathLike[str]]) -> None:
    """Check files against the lock file, and record those that it does not know.

    Args:
        lock: The lock file.
        files: By name in the official layout (``muse/en-de.txt``), the file.

    Raises:
        InputError: A file is missing, or differs from what is recorded, or the lock file is none; nothing is recorded
            then.
    """
    found = {}
    for name, path in files.items():
        if not Path(path).is_file():
            raise InputError(f"{path}: no such file. It is {name} of the official distribution; see docs/data.md.")
        found[name] = sha256(path)
    with locked(f"{lock}.lock"):
        known = _known(lock)
        own = known["files"]
        for name, digest in found.items():
            if own.get(name, digest) != digest:
                raise InputError(
                    f"{files[name]}: its SHA-256 is {digest}, but {lock} has {own[name]} for {name}. The file is "
                    "truncated, altered or another version: get it again. If it is right, remove that line of the lock "
                    "file."
                )
        if not found.keys() <= own.keys():
            write_json(lock, {**known, "files": dict(sorted({**own, **found}.items()))})


def revision(lock: str | os.PathLike[str], name: str) -> str | None:
    """Return the commit that is recorded for a hub repository at a revision (``owner/name@main``), if there is one."""
    return _known(lock)["revisions"].get(name)


def record_revision(lock: str | os.PathLike[str], name: str, commit: str) -> None:
    """Record the commit of a hub repository at a revision."""
    with locked(f"{lock}.lock"):
        known = _known(lock)
        revisions = {**known["revisions"], name: commit}
        write_json(lock, {**known, "revisions": dict(sorted(revisions.items()))})
