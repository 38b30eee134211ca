"""The wheel alone: what the command imports at its start is what the package asks for."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from prefixyarn.code_inputs import code_inputs

ROOT = Path(__file__).resolve().parents[2]


def imported(path: Path) -> set[str]:
    """Return the packages that a module imports when it is imported itself."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return {name.split(".")[0] for name in found} - {*sys.stdlib_module_names, "prefixyarn"}


def test_the_command_needs_no_more_than_the_package_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = {re.split("[=<>\\[]", name)[0].lower() for name in project["dependencies"]}
    files = code_inputs("src/prefixyarn/cli.py", ["own_text"], str(ROOT))
    named = ["src/prefixyarn/models/refined/linear.py", "src/prefixyarn/models/refined/linear_tagger.py"]
    needed = {name for file in [*files, *named] if file.endswith(".py") for name in imported(ROOT / file)}
    of = packages_distributions()
    assert {name: of[name] for name in needed if not asked & {own.lower() for own in of[name]}} == {}
    assert {"torch", "typer", "platformdirs", "filelock"} <= needed
    assert not asked & {"snakemake", "dvc", "matplotlib", "hanta"}
