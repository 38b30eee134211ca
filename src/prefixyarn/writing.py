"""Writing a file whole or not at all, and telling beforehand whether one can be written."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from prefixyarn.errors import InputError

_LONGEST = 200  # bytes of the name that a temporary file's begins with: most file systems allow 255 in all
_OTHER_NAME = "Give the name of a file in a folder that is there, or in a new one"
_REMEDIES = {
    errno.ENAMETOOLONG: "Give a shorter name",
    errno.EISDIR: _OTHER_NAME,
    errno.ENOTDIR: _OTHER_NAME,
    errno.EEXIST: _OTHER_NAME,
}


@contextmanager
def atomic(path: str | os.PathLike[str], mode: str = "w") -> Iterator[IO[Any]]:
    """Open a temporary file beside ``path`` and rename it to ``path`` once all is written and on disk.

    A pipe or a device is written to as it is, for no file may take its place.

    Raises:
        InputError: The file could not be written (a full disk, say); nothing is left behind.
    """
    path, temporary = Path(path), None
    encoding = None if "b" in mode else "utf-8"
    try:
        if is_stream(path):
            with open(path, mode, encoding=encoding) as stream:
                yield stream
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        begins = path.name.encode(errors="surrogateescape")[:_LONGEST].decode(errors="ignore")
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{begins}.", suffix=".tmp")
        with os.fdopen(handle, mode, encoding=encoding) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except (OSError, RuntimeError) as failed:
        # torch raises an error of its own over that of a write.
        error = failed if isinstance(failed, OSError) else failed.__context__
        if not isinstance(error, OSError):
            raise
        remedy = _REMEDIES.get(error.errno or 0, "free some space or mend the permissions, then run again")
        raise InputError(
            f"{path}: could not be written ({error.strerror or error}). Nothing was left half-written: {remedy}."
        ) from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def is_stream(path: Path) -> bool:
    """Tell whether there is something that is neither a file nor a folder: a pipe, a terminal, a device."""
    return path.exists() and not path.is_file() and not path.is_dir()


def check_writable(path: Path) -> None:
    """Check, before there is something to write, that a file can be written or made.

    Raises:
        InputError: It is a folder, its name is too long, or the folder that it goes into is a file or is not ours to
            write into; it says what to do.
    """
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror}). {_REMEDIES.get(error.errno or 0, 'Give another name')}"
        ) from error
    if path.is_dir():
        raise InputError(f"{path}: a folder. Give the name of a file, such as {path / 'answers.txt'}")
    above = next(own for own in path.absolute().parents if own.exists())
    if not above.is_dir():
        raise InputError(f"{path}: cannot be written, for {above} is a file. {_OTHER_NAME}")
    may = os.access(path, os.W_OK)
    if not is_stream(path):
        try:
            tempfile.TemporaryFile(dir=above).close()  # tells more than permissions: a file system may be read-only
            may = True
        except OSError:
            may = False
    if not may:
        raise InputError(f"{path}: may not be written. Give a name in a folder of yours, or mend the permissions")
