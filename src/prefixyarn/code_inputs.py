"""Which source files a script runs: what a rule must list as input to be run again when they change.

Snakemake does not see the modules that a script imports, and compares the script itself by its time alone. So every
rule declares ``code=`` inputs, which are compared by content: the script and all modules of the package that it
imports, directly or not.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Sequence
from pathlib import Path

PACKAGE = "prefixyarn"


def code_inputs(script: str, modules: Sequence[str] = (), root: str = ".") -> list[str]:
    """Return a script and all modules of the package in its import closure, as sorted paths.

    Imports are found in the syntax tree, those inside functions too; nothing is executed. Imports by computed
    names are invisible to it: the package has those of a task's modules (`prefixyarn.tasks`) and of a refined model's
    kind.

    Args:
        script: Path of the script, relative to ``root``.
        modules: Names of modules that count, too, such as ``tasks.tagging.scores``.
        root: The repository.
    """
    base = Path(root)
    found: set[str] = set()
    queue = [script, *(path for name in modules for path in _files(f"{PACKAGE}.{name}", base))]
    while queue:
        path = queue.pop()
        if path in found:
            continue
        found.add(path)
        queue += _imported(base / path, base)
    return sorted(found)


@functools.cache
def _imported(path: Path, base: Path) -> list[str]:
    """Return the files that a file's import statements run."""
    if path.suffix != ".py":
        return []
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        found += [file for name in names for file in _files(name, base)]
    return found


def _files(name: str, base: Path) -> list[str]:
    """Return the files that importing a dotted name runs: the packages above it, itself, and data of its name."""
    parts = name.split(".")
    if parts[0] != PACKAGE:
        return []
    files = []
    for n in range(1, len(parts) + 1):
        stem = "/".join(("src", *parts[:n]))
        files += [path for path in (f"{stem}/__init__.py", f"{stem}.py", f"{stem}.yaml") if (base / path).exists()]
    return files
