"""Configurations for tests: an overlay over another one."""

from __future__ import annotations

import copy
from typing import Any

from snakemake.utils import update_config


def merged(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """Return what Snakemake makes of two configuration files: mappings merged key by key, the rest replaced."""
    result = copy.deepcopy(base)
    update_config(result, copy.deepcopy(overlay))
    return result
