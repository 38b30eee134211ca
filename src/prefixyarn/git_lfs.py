"""Pointers that git leaves in the place of large files where git-lfs has not brought them."""

from __future__ import annotations

import os
from pathlib import Path

from prefixyarn.errors import InputError

BEGINS = b"version https://git-lfs"


def check_brought(start: bytes, name: str | os.PathLike[str]) -> None:
    """Check that what a file begins with is its own content.

    Raises:
        InputError: It is a pointer.
    """
    if start.startswith(BEGINS):
        raise InputError(
            f"{os.fspath(name)}: a pointer of git-lfs, not the file itself. Run 'git lfs pull' where it was cloned."
        )


def check_files_brought(folder: str | os.PathLike[str]) -> None:
    """Check that no file of a folder is a pointer.

    Raises:
        InputError: One is.
    """
    for path in sorted(Path(folder).glob("*")):
        if path.is_file() and path.stat().st_size < 1000:  # pointers have three lines
            check_brought(path.read_bytes(), path)
