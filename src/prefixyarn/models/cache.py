"""Where models are kept that are used without a checkout's workflow: a folder of the user's cache."""

from __future__ import annotations

import os
from pathlib import Path

from prefixyarn.config.files import FOUNDATION, read_yaml
from prefixyarn.models.convert import convert
from prefixyarn.models.fetch import fetch

MODELS = Path("resources/foundations")  # of a checkout


def cached(name: str) -> Path:
    """Return the folder of a model in the user's cache: ``$XDG_CACHE_HOME/prefixyarn/models/owner--name``."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return cache / "prefixyarn/models" / name.replace("/", "--")


def default_model() -> Path:
    """Return the converted default model's folder: the checkout's, or that of the cache, which is made if need be.

    Raises:
        InputError: It could not be fetched or converted.
    """
    own = read_yaml(FOUNDATION)["foundations"][0]
    for folder in (MODELS / own["name"] / "model", cached(own["name"]) / "model"):
        if (folder / "manifest.json").exists():
            return folder
    source = folder.with_name("source")
    fetch(own["source"], source, "foundations[].source", folder.with_name("lock.json"))
    convert(source, folder)
    return folder
