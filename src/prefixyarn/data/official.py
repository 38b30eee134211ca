"""Data sets in their official layouts: FLORES-101, MUSE dictionaries, Universal Dependencies 2.5.

Read from a folder that has the layouts (the config's ``data.mirror``), or downloaded into one.
"""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from prefixyarn.data.lock import check_files, locked
from prefixyarn.errors import InputError
from prefixyarn.languages import LANGUAGES, language
from prefixyarn.progress import Progress

RELEASE = "ud-treebanks-v2.5"  # of Universal Dependencies: its folder in the official layout
CHUNK = 2**20  # bytes read at a time
TIMEOUT = 60  # seconds without a byte


def flores_file(code: str, split: str) -> str:
    """Return the name of a language's file of FLORES-101 (``dev`` or ``devtest``) in the official layout."""
    name = language(code).flores101 or language(code).flores.split("_")[0]
    return f"flores101_dataset/{split}/{name}.{split}"


def muse_files(subset: str) -> list[str]:
    """Return the names of MUSE's dictionaries for a direction: its own, or two that pivot through English."""
    source, target = subset.split("-")
    legs = [subset] if "en" in (source, target) else [f"{source}-en", f"en-{target}"]
    return [f"muse/{leg}.txt" for leg in legs]


def treebank_files(code: str) -> list[str]:
    """Return the names of a language's preferred treebank in the official layout, a file per split."""
    folder, stem = language(code).treebanks[0]
    return [f"{RELEASE}/{folder}/{stem}-ud-{split}.conllu" for split in ("train", "dev", "test")]


# What is taken out of the archives, whatever the languages of a run: another run does not fetch them again.
FLORES_FILES = [flores_file(code, split) for split in ("dev", "devtest") for code in LANGUAGES]
TREEBANK_FILES = [name for own in LANGUAGES.values() if own.treebanks for name in treebank_files(own.code)]


def download(address: str, target: Path) -> None:
    """Download a file to a temporary name beside ``target`` and rename it when it is whole.

    Raises:
        InputError: The server cannot be reached, or the file ends early.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        part = Path(folder) / target.name
        try:
            with urllib.request.urlopen(address, timeout=TIMEOUT) as answer, open(part, "wb") as stream:
                size = int(answer.headers.get("Content-Length") or 0)
                progress = Progress(f"download {target.name}", max(1, size // CHUNK), "MB")
                while chunk := answer.read(CHUNK):
                    stream.write(chunk)
                    progress(len(chunk) // CHUNK)
        except (urllib.error.URLError, OSError, ValueError) as error:
            raise InputError(
                f"{address}: could not be downloaded ({error}). Check the network, or put the files into a folder by "
                "hand and name it in data.mirror (docs/data.md has the layout)."
            ) from error
        if size and part.stat().st_size != size:
            raise InputError(f"{address}: {part.stat().st_size} of {size} bytes came. Run again.")
        os.replace(part, target)


def unpack(archive: Path, names: Sequence[str], folder: Path) -> None:
    """Take files out of a tar archive into a folder, each under its name in the archive.

    Only regular files with exactly these names are read, so that nothing can be written elsewhere.

    Raises:
        InputError: Not an archive, or a file is not in it.
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
    except tarfile.TarError as error:
        raise InputError(f"{archive}: not a tar archive ({error}). Remove it and run again.") from error


def fetch(address: str, names: Sequence[str], folder: Path, lock: Path) -> None:
    """Bring files of an official distribution into a folder in its layout, checked against the lock file.

    Two processes that fetch the same files wait for one another. Files come under temporary names, and are renamed when
    all of them are checked.

    Args:
        address: Of a file, or of a tar archive that holds the files.
        names: The files in the official layout.
        folder: Where they go.
        lock: The lock file.

    Raises:
        InputError: A download fails, a file is missing, or one is not the recorded one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / ".fetching"), tempfile.TemporaryDirectory(dir=folder) as temporary:
        if all((folder / name).exists() for name in names):
            return
        came = Path(temporary)
        if address.endswith((".tgz", ".tar.gz")):
            download(address, came / "archive")
            unpack(came / "archive", names, came)
        else:
            (name,) = names
            download(address, came / name)
        check_files(lock, {name: came / name for name in names})
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(came / name, folder / name)
