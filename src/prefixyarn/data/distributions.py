"""Files of official distributions: downloaded, unpacked, proved to be what they should be, put in their place."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from prefixyarn.data.download import download
from prefixyarn.data.lock import check_files, locked
from prefixyarn.data.text_lines import read_sentences
from prefixyarn.data.two_columns import read_two_columns
from prefixyarn.errors import InputError
from prefixyarn.tasks.tagging.treebanks import read_conllu


def unpack(archive: Path, names: Sequence[str], folder: Path) -> None:
    """Take files out of a tar archive into a folder, each under its name in the archive.

    Only regular files with exactly these names are read, so that nothing can be written elsewhere.

    Raises:
        InputError: Not an archive, a damaged one, or a file is not in it.
    """
    try:
        with tarfile.open(archive) as tar:
            members = {os.path.normpath(m.name): m for m in tar if m.isreg()}
            for name in names:
                if name not in members:
                    raise InputError(f"{archive}: has no {name}. Is it the archive that docs/data.md names?")
                stream = tar.extractfile(members[name])
                assert stream is not None, "a regular file"
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                with open(folder / name, "wb") as out:
                    shutil.copyfileobj(stream, out)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise InputError(f"{archive}: not a tar archive, or damaged ({error}). Run again.") from error


def prove(name: str, path: Path) -> None:
    """Read a file as what it should be, by its name in the official layout.

    Raises:
        InputError: It is something else.
    """
    if name.startswith("muse/"):
        read_two_columns(path, *name.removeprefix("muse/").removesuffix(".txt").split("-"))
    elif name.endswith(".conllu"):
        read_conllu(path)
    else:
        read_sentences(path)


def fetch(address: str, names: Sequence[str], folder: Path, lock: Path) -> None:
    """Bring files of an official distribution into a folder in its layout, checked against the lock file.

    Two processes that fetch the same files wait for one another. Files come under temporary names, and are renamed when
    all of them are proved and checked.

    Args:
        address: Of a file, or of a tar archive that holds the files.
        names: The files in the official layout.
        folder: Where they go.
        lock: The lock file.

    Raises:
        InputError: A download fails, a file is missing, or one is not what it should be, or not the recorded one;
            nothing is recorded then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / ".fetching"), tempfile.TemporaryDirectory(dir=folder) as temporary:
        if all((folder / name).exists() for name in names):
            return
        came = Path(temporary)
        # A download that breaks off is gone on with by a later run, so it does not lie in the temporary folder.
        whole = folder / f".fetching-{hashlib.sha256(address.encode()).hexdigest()[:12]}"
        download(address, whole)
        try:
            if address.endswith((".tgz", ".tar.gz")):
                unpack(whole, names, came)
            else:
                (name,) = names
                (came / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(whole, came / name)
        finally:
            whole.unlink(missing_ok=True)
        for name in names:
            _prove_came(name, came / name, address)
        check_files(lock, {name: came / name for name in names})
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(came / name, folder / name)


def _prove_came(name: str, path: Path, address: str) -> None:
    try:
        prove(name, path)
    except InputError as error:
        said = str(error).replace(str(path), name)
        raise InputError(f"{address}: what came is not what it should be. {said}") from error
