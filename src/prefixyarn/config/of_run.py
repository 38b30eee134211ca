"""A finished run: its folder, its foundations' folders, and the configuration that it was made with."""

from __future__ import annotations

import html
import os
import re
from pathlib import Path
from typing import Any

import yaml

from prefixyarn.errors import InputError

_IN_REPORT = re.compile(r"<summary>Configuration</summary><pre>(.*?)</pre>", re.DOTALL)


def run_folder(run: str | os.PathLike[str]) -> Path:
    """Return the folder of a run that is given by its folder, or by its name in ``results/``.

    Raises:
        InputError: Nothing is given.
    """
    if not os.fspath(run).strip():
        raise InputError("the run: empty. Give its name, as default, or its folder")
    return Path(run) if Path(run).is_dir() else Path("results") / run


def foundation_folder(run: Path, name: str) -> Path:
    """Return where the checkout of a run's folder keeps a foundation, there or not."""
    return run.resolve().parent.parent / "resources/foundations" / name / "model"


def run_config(run: Path) -> dict[str, Any]:
    """Return the whole configuration of a finished run, as its report says it.

    Args:
        run: Its folder, ``results/{run}``.

    Raises:
        InputError: There is no such folder, or no report in it, or a report that does not say its configuration.
    """
    report = run / "report.html"
    if not run.is_dir():
        raise InputError(f"{run}: no such folder; expected that of a finished run, such as results/default")
    if not report.exists():
        raise InputError(f"{report}: not there, and it says how the run was made. Finish the run with make results.")
    found = _IN_REPORT.search(report.read_text(encoding="utf-8"))
    if not found:
        raise InputError(f"{report}: says no configuration. Remove it and run make results again.")
    config: dict[str, Any] = yaml.safe_load(html.unescape(found[1]))
    return config
