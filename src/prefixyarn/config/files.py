"""The files that a configuration is made of: the default foundation, config/config.yaml, and overlays over them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

SCHEMA = Path(__file__).with_name("schema.yaml")
FOUNDATION = Path(__file__).with_name("foundation.yaml")  # the default one's block
DEFAULT = Path("config/config.yaml")  # of the default run, in a checkout


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds a mapping; an empty file holds an empty one."""
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}


def read_config(*overlays: Path, root: Path = Path()) -> dict[str, Any]:
    """Return the configuration of a checkout: the default run's, with overlays, in their order.

    Args:
        overlays: Files with the keys that differ.
        root: The checkout.
    """
    config: dict[str, Any] = {}
    for path in (FOUNDATION, root / DEFAULT, *overlays):
        config = merged(config, read_yaml(path))
    return config


def merged(config: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration with an overlay: mappings are merged key by key, as Snakemake does, the rest replaced."""
    result = dict(config)
    for key, value in overlay.items():
        own = result.get(key)
        both = isinstance(own, Mapping) and isinstance(value, Mapping)
        result[key] = merged(own, value) if both else value  # type: ignore[arg-type]
    return result
