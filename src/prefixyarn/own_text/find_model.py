"""Finding a model for one's own text: a folder, of the hub, or the default one; made loadable in a cache."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock
from platformdirs import user_cache_path

from prefixyarn.config.files import FOUNDATION, read_yaml
from prefixyarn.data.hub import HUB_ID
from prefixyarn.errors import InputError
from prefixyarn.models.convert import convert
from prefixyarn.models.fetch import fetch
from prefixyarn.models.manifest import MANIFEST, is_converted, stamps
from prefixyarn.records import read_json, write_json

DEFAULT = "default"


def find_model(model: str | os.PathLike[str]) -> tuple[Path, str]:
    """Return a loadable folder of a model, and its name. What is not here is fetched and converted, once.

    Args:
        model: A folder; ``owner/name`` of the Hugging Face hub; or ``default``: the default run's model, taken from
            this checkout where it is there.

    Raises:
        InputError: It is none of these, cannot be fetched, or is no model that can be used; the cache cannot be
            written.
    """
    path = Path(model).expanduser()
    if str(model) == DEFAULT:
        own = read_yaml(FOUNDATION)["foundations"][0]
        here = Path("resources/foundations") / own["name"] / "model"
        if (here / "manifest.json").exists():
            return here, own["name"]
        return _cached(own["name"], own["source"], own["licence"]), own["name"]
    if path.is_dir():
        if is_converted(path):
            return path, path.parent.name if path.name == "model" else path.name
        # Another folder of the same name is another model.
        name = f"{path.resolve().name}-{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]}"
        return _cached(name, {"kind": "local", "path": str(path)}, ""), path.resolve().name
    if _dangles(path):
        raise InputError(f"{model}: a link to {path.readlink()}, which is not there. Give a model's folder")
    if path.is_file():
        raise InputError(f"{model}: a file. Give the folder that holds a model, such as {path.parent}")
    if not HUB_ID.fullmatch(str(model)):
        raise InputError(f"{model}: no such folder. Give a model's folder, owner/name of the hub, or {DEFAULT}")
    name = path.name
    return _cached(_of_hub(str(model)), {"kind": "hub", "id": str(model), "revision": "main"}, ""), name


def is_unfetched(model: str) -> bool:
    """Tell whether a name is that of a model of the hub that is not in the cache yet."""
    path = Path(model).expanduser()
    here = path.exists() or path.is_symlink()
    return bool(HUB_ID.fullmatch(model)) and not here and not is_converted(cache_folder() / _of_hub(model) / "model")


def _of_hub(model: str) -> str:
    """Return the name of a hub model's folder in the cache."""
    return model.replace("/", "--")


def _dangles(path: Path) -> bool:
    return path.is_symlink() and not path.exists()


@contextmanager
def as_given(model: str | os.PathLike[str], *folders: Path) -> Iterator[None]:
    """Name the model's folder as it was given, where an `InputError` raised within names one of the cache.

    What is to be removed, as the manifest of a converted model, is named as it is.
    """
    try:
        yield
    except InputError as error:
        said = str(error)
        for folder in folders if MANIFEST not in said else ():
            said = said.replace(str(folder), str(model))
        raise InputError(said) from error


def cache_folder() -> Path:
    """Return the folder of models that were fetched outside a checkout, by the XDG rules."""
    return user_cache_path("prefixyarn") / "foundations"


def _cached(name: str, source: dict[str, Any], licence: str) -> Path:
    folder = cache_folder() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = FileLock(folder / "lock").acquire()  # another call may be making it
    except OSError as error:
        raise InputError(
            f"{folder}: the model cannot be kept there ({error.strerror}). Set XDG_CACHE_HOME to a folder of yours"
        ) from error
    with held:
        made, fetched, seen = folder / "model", folder / "source", folder / "original.json"
        local = source.get("path")
        original = stamps(local) if local else {}
        if not is_converted(made) or original != (read_json(seen) if seen.exists() else {}):
            if not local:
                terms = f"; {licence} apply, see {made}" if licence else ""
                logging.info("fetching %s into %s, once%s", name, folder, terms)
            with as_given(local or name, made, fetched, fetched.with_name(f"{fetched.name}.part")):
                fetch(source, fetched, "--model", folder / "commits.json")
                convert(fetched, made)
            if local:
                write_json(seen, original)
            for weights in fetched.glob("*.gguf"):
                weights.unlink()  # the converted model holds them; its licence texts are links to those beside
    return made
