"""Configurations for tests: an overlay over another one."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from snakemake.utils import update_config

from prefixyarn.config.files import SCHEMA as SCHEMA_FILE
from prefixyarn.config.files import read_config, read_yaml

ROOT = Path(__file__).resolve().parents[1]
DEFAULT, SCHEMA = read_config(root=ROOT), read_yaml(SCHEMA_FILE)


def merged(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """Return what Snakemake makes of two configuration files: mappings merged key by key, the rest replaced."""
    result = copy.deepcopy(base)
    update_config(result, copy.deepcopy(overlay))
    return result
