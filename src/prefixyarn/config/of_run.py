"""The configuration that a finished run was made with, as its report says it."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import yaml

from prefixyarn.errors import InputError

_IN_REPORT = re.compile(r"<summary>Configuration</summary><pre>(.*?)</pre>", re.DOTALL)


def run_config(run: Path) -> dict[str, Any]:
    """Return the whole configuration of a finished run.

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
