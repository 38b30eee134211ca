"""A converted model's manifest, and whether the folder's files are still those that it names.

Weights may be links into a user's folder, where others can take their place, with old times too (``cp -p``). For each
job a digest of all is too dear (1.3 s a GB), so it is made again only of a file whose stamp has changed.
Needs neither torch nor ``transformers``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from prefixyarn.data.wheels import sha256
from prefixyarn.errors import InputError
from prefixyarn.records import read_json, write_json

MANIFEST = "manifest.json"  # written last: a folder without it is no model
STAMPS = "stamps.json"  # those of files that were proved to be what the manifest says


def stamps(folder: str | os.PathLike[str]) -> dict[str, list[int]]:
    """Return what changes with each file of a folder, by name: size, times of content and of state in ns, inode.

    Links are followed. A name that is no text is that of no file of a model, and left out. The time of state (ctime)
    no user sets: it changes with whatever is done to a file.
    """
    found = {}
    for path in sorted(Path(folder).iterdir()):
        if path.is_file() and not re.search("[\ud800-\udfff]", path.name):
            own = path.stat()
            found[path.name] = [own.st_size, own.st_mtime_ns, own.st_ctime_ns, own.st_ino]
    return found


def is_converted(folder: str | os.PathLike[str]) -> bool:
    """Tell whether `prefixyarn.models.convert` made a folder. Others have a ``manifest.json``, too."""
    return found_by_conversion(folder, "spelled") is not None


def found_by_conversion(folder: str | os.PathLike[str], key: str) -> Any:
    """Return what conversion found out about a model, by its key in the manifest; None where nothing was."""
    try:
        return read_manifest(folder).get(key)
    except (InputError, OSError):
        return None


def read_manifest(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Return a model folder's manifest.

    Raises:
        InputError: It is none.
    """
    path = Path(folder) / MANIFEST
    if not path.exists():
        raise InputError(f"{path}: missing, so no model was converted there. Run again: it is made anew")
    found = read_json(path)
    if not isinstance(found, dict) or not isinstance(found.get("files"), dict):
        raise InputError(f"{path}: not the manifest of a converted model. Remove it: it is made anew")
    return found


def check_unchanged(folder: str | os.PathLike[str]) -> None:
    """Check that a model folder's files are those of its manifest: by their stamps, else by their SHA-256.

    Raises:
        InputError: One is gone, or has another content.
    """
    folder = Path(folder)
    files, again = read_manifest(folder)["files"], f"Remove {folder / MANIFEST} and run again: it is made anew"
    if gone := sorted(name for name in files if not (folder / name).exists()):
        raise InputError(f"{folder}: {', '.join(gone)} is missing. {again}")
    now, known = {name: own for name, own in stamps(folder).items() if name in files}, _known(folder)
    if now == known:
        return
    for name, own in now.items():
        if known.get(name) != own and sha256(folder / name) != files[name]:
            raise InputError(f"{folder / name}: no longer the file that was converted. {again}")
    with suppress(InputError, OSError):  # a folder that cannot be written to is looked at again next time
        write_json(folder / STAMPS, now)


def _known(folder: Path) -> dict[str, Any]:
    try:
        found = read_json(folder / STAMPS)
    except (InputError, OSError):
        return {}
    return found if isinstance(found, dict) else {}


def identity(folder: str | os.PathLike[str]) -> str:
    """Return what identifies a foundation: a SHA-256 over its weights, configuration and tokenizer files."""
    return hashlib.sha256(json.dumps(read_manifest(folder)["files"], sort_keys=True).encode()).hexdigest()
