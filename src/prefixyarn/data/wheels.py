"""Packages of the Python index as a source of files: read, never imported."""

from __future__ import annotations

import hashlib
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from prefixyarn.errors import InputError


def sha256(path: str | os.PathLike[str]) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def open_wheel(path: str | os.PathLike[str]) -> Iterator[zipfile.ZipFile]:
    """Open a wheel for reading.

    Raises:
        InputError: Not a zip file, or a damaged one.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InputError(f"{path}: not a wheel, or damaged ({error}). Remove it: it is fetched again.") from error


def members(archive: zipfile.ZipFile, pattern: str) -> list[str]:
    """Return the sorted names in a wheel that match a regular expression as a whole."""
    return sorted(name for name in archive.namelist() if re.fullmatch(pattern, name))
