"""The Hugging Face hub: revisions resolved once, and errors that say what to do."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prefixyarn.data.lock import check_files, record_revision
from prefixyarn.data.lock import revision as recorded_revision
from prefixyarn.errors import InputError, first_line

HUB_ID = re.compile(r"\w[\w.-]*/[\w.-]+")  # owner/name
# The hub's bot that adds weights as safetensors, and what it calls its pull requests.
CONVERSION_BOT, CONVERSION_TITLE = "SFconvertbot", "Adding `safetensors` variant of this model"


class NotThereError(InputError):
    """The hub has no such repository, or shows it to others only."""


@contextmanager
def hub_errors(key: str, name: str, revision: str) -> Iterator[None]:
    """Turn what the hub's library raises within the context into an `InputError`.

    Args:
        key: Where in the config the repository stands.
        name: Its id.
        revision: Its revision.
    """
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError
    from huggingface_hub.utils import httpx

    try:
        yield
    except GatedRepoError as error:
        raise InputError(
            f"{key}: {name!r} is gated. Log in to the hub in a browser, accept the terms on the page of {name}, make a "
            "token that may read, and set it as HF_TOKEN (it is neither printed nor stored here)."
        ) from error
    except RepositoryNotFoundError as error:
        raise NotThereError(
            f"{key}: the hub did not give {name!r} at revision {revision!r}: it has none that you may see. Check "
            "owner, name and revision; for a private one set HF_TOKEN."
        ) from error
    except (httpx.HTTPError, OSError, ValueError, RuntimeError) as error:  # the last of its library for large files
        page = "it answers with a page, not with data: does this network ask for a log-in?"
        said = page if isinstance(error, json.JSONDecodeError) else first_line(error)
        raise InputError(
            f"{key}: the hub did not give {name!r} at revision {revision!r} ({said}). Check name, "
            "revision and network; for a gated model accept its terms and set HF_TOKEN."
        ) from error


@dataclass(frozen=True)
class HubModel:
    """What the hub says of a model: its commit, and how many parameters it has and its licence, where it knows."""

    commit: str | None
    parameters: int | None
    licence: str | None


def hub_model(name: str, key: str) -> HubModel:
    """Return what the hub says of a model's revision ``main``.

    Args:
        name: Its id.
        key: Where it was named, for error messages.

    Raises:
        NotThereError: There is none.
        InputError: The model is gated, or the hub does not answer.
    """
    from huggingface_hub import HfApi

    with hub_errors(key, name, "main"):
        info = HfApi().model_info(name, revision="main")
    licence = info.card_data.get("license") if info.card_data else None
    return HubModel(info.sha, info.safetensors.total if info.safetensors else None, licence and str(licence))


def hub_commit(name: str, revision: str, kind: str, lock: str | os.PathLike[str]) -> str:
    """Return the commit of a repository at a revision: the one of the lock file, or else the one that the hub names.

    `record_commit` records it, once its files have come and are what they should be.

    Args:
        name: The repository's id.
        revision: A commit, tag or branch.
        kind: ``model`` or ``dataset``.
        lock: The lock file.

    Raises:
        ValueError: The hub names none.
    """
    from huggingface_hub import HfApi

    found = recorded_revision(lock, _known_as(name, revision, kind))
    if found is None:
        found = HfApi().repo_info(name, revision=revision, repo_type=kind).sha
        if not found or not re.fullmatch("[0-9a-f]{40}", found):
            raise ValueError(f"it answers {found!r} where a commit is expected; is it the hub that answers?")
    return found


def record_commit(name: str, revision: str, kind: str, commit: str, lock: str | os.PathLike[str]) -> None:
    """Record the commit of a repository at a revision in the lock file, if it is not there."""
    if recorded_revision(lock, at := _known_as(name, revision, kind)) is None:
        record_revision(lock, at, commit)


def _known_as(name: str, revision: str, kind: str) -> str:
    return f"{name}@{revision}" if kind == "model" else f"{kind}s/{name}@{revision}"


def safetensors_commits(name: str, revision: str, lock: str | os.PathLike[str]) -> dict[str, str]:
    """Return the commit at which a model has its weights as safetensors: that of its revision, or of the bot's request.

    Where a repository has none, as that of NLLB, the hub's conversion bot has often added them in a pull request: the
    first one beside the same pickled weights is taken.

    Args:
        name: The repository's id.
        revision: A commit, tag or branch.
        lock: The lock file.

    Returns:
        Commits by revision, the last one with such weights; empty where there are none.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

    hub, commit = HfApi(), hub_commit(name, revision, "model", lock)

    def weights(at: str) -> list[dict[str, str]]:
        """Return what identifies the content of the weights, by their names: those as safetensors, and pickled ones."""
        files = [own for own in hub.list_repo_tree(name, revision=at) if isinstance(own, RepoFile)]
        return [{own.path: own.blob_id for own in files if own.path.endswith(end)} for end in (".safetensors", ".bin")]

    safe, pickled = weights(commit)
    if safe:
        return {revision: commit}
    requests = hub.get_repo_discussions(name, author=CONVERSION_BOT, discussion_type="pull_request")
    # By no one else: anybody may open a pull request.
    numbers = [own.num for own in requests if (own.author, own.title) == (CONVERSION_BOT, CONVERSION_TITLE)]
    for number in sorted(numbers):
        request = f"refs/pr/{number}"
        converted = hub_commit(name, request, "model", lock)
        safe, beside = weights(converted)
        if safe and beside == pickled:
            logging.info("%s: weights as safetensors are in the pull request %d of the hub's bot", name, number)
            return {revision: commit, request: converted}
    return {}


def fetch_data_file(
    name: str,
    revision: str,
    file: str,
    target: Path,
    key: str,
    lock: str | os.PathLike[str],
    known_as: str,
    prove: Callable[[Path], None],
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
        prove: Reads the file as what it should be, and raises an `InputError` where it is not.

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
        try:
            prove(Path(came))
        except InputError as error:
            said = str(error).replace(f"{Path(came).parent}/", "")
            raise InputError(f"{key}: what the hub gave is not what it should be. {said}") from error
        check_files(lock, {known_as: came})
        record_commit(name, revision, "dataset", commit, lock)
        shutil.move(os.path.realpath(came), target)
