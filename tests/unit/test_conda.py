"""The environments of --use-conda: pinned, and with the pins that pip has."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
import yaml

from configs import SCHEMA

ROOT = Path(__file__).resolve().parents[2]
ENVS = ROOT / "workflow/envs"
NAMES = [f"{own}{name}" for own in ("", "vllm-") for name in SCHEMA["properties"]["environment"]["enum"]]
PINS = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().split())


@pytest.mark.parametrize("name", NAMES)
def test_what_conda_gives_is_pinned_as_in_the_constraints(name: str) -> None:
    dependencies = yaml.safe_load((ENVS / f"{name}.yaml").read_text())["dependencies"]
    versions = dict(dependency.split("=") for dependency in dependencies)
    assert re.fullmatch(r"3\.1\d\.\d+", versions.pop("python"))
    for package in set(versions) - {"pip"}:
        assert versions[package] == PINS[{"pytorch-cpu": "torch"}.get(package, package)]


@pytest.mark.parametrize("name", NAMES)
def test_other_pins_make_another_environment(name: str) -> None:
    script = (ENVS / f"{name}.post-deploy.sh").read_text()
    assert hashlib.sha256((ROOT / "constraints.txt").read_bytes()).hexdigest() in script, "docs/conda.md says how"
    assert "--constraint constraints.txt" in script
