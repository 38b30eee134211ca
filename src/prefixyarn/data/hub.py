"""The Hugging Face hub: revisions resolved once, and errors that say what to do."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prefixyarn.data.lock import check_files, record_revision
from prefixyarn.data.lock import revision as recorded_revision
from prefixyarn.errors import InputError


@contextmanager
def hub_errors(key: str, name: str, revision: str) -> Iterator[None]:
    """Turn what the hub's library raises within the context into an `InputError`.

    Args:
        key: Where in the config the repository stands.
        name: Its id.
        revision: Its revision.
    """
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError

    try:
        yield
    except GatedRepoError as error:
        raise InputError(
            f"{key}: {name!r} is gated. Log in to the hub in a browser, accept the terms on the page of {name}, make a "
            "token that may read, and set it as HF_TOKEN (it is neither printed nor stored here)."
        ) from error
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise InputError(
            f"{key}: the hub did not give {name!r} at revision {revision!r} "
            f"({str(error).splitlines()[0]}). Check name, revision and network; for a gated model accept its "
            "terms and set HF_TOKEN."
        ) from error


def hub_commit(name: str, revision: str, kind: str, lock: str | os.PathLike[str] | None) -> str:
    """Return the commit of a repository at a revision: the one of the lock file, which else records it.

    Args:
        name: The repository's id.
        revision: A commit, tag or branch.
        kind: ``model`` or ``dataset``.
        lock: The lock file; None for none.
    """
    from huggingface_hub import HfApi

    at = f"{name}@{revision}" if kind == "model" else f"{kind}s/{name}@{revision}"
    found = recorded_revision(lock, at) if lock else None
    if found is None:
        found = HfApi().repo_info(name, revision=revision, repo_type=kind).sha or revision
        if lock:
            record_revision(lock, at, found)
    return found


def fetch_data_file(
    name: str, revision: str, file: str, target: Path, key: str, lock: str | os.PathLike[str], known_as: str
) -> None:
    """Bring one file of a data set on the hub here, checked against the lock file.

    Args:
        name: The data set's id.
        revision: Its revision.
        file: The file's name, in whatever folder of the repository it lies.
        target: File to write.
        key: Where in the config the data set stands, for error messages.
        lock: The lock file.
        known_as: The file's name there.

    Raises:
        InputError: The hub does not give it, the repository has none of that name, or it is not the recorded one.
    """
    from huggingface_hub import HfApi, hf_hub_download

    target.parent.mkdir(parents=True, exist_ok=True)
    with hub_errors(key, name, revision), tempfile.TemporaryDirectory(dir=target.parent) as folder:
        commit = hub_commit(name, revision, "dataset", lock)
        files = HfApi().list_repo_files(name, revision=commit, repo_type="dataset")
        found = [path for path in files if Path(path).name == file]
        if not found:
            raise InputError(f"{key}: {name!r} has no {file} at revision {revision!r}. Take that direction out.")
        came = hf_hub_download(name, found[0], revision=commit, repo_type="dataset", local_dir=folder)
        check_files(lock, {known_as: came})
        shutil.move(os.path.realpath(came), target)
