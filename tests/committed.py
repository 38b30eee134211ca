"""The committed results, for tests of what the repository shows."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]


def committed(*paths: Path) -> bool:
    """Tell whether files or folders are those of the repository, and not of a run of one's own."""
    command = ["git", "-C", str(ROOT), "status", "--porcelain", "--ignored", "--", *map(str, paths)]
    result = subprocess.run(command, capture_output=True, text=True)
    return all(path.exists() for path in paths) and result.returncode == 0 and not result.stdout.strip()


def committed_run(run: str) -> Any:
    """Return a test's parameter, a run's folder; the test is skipped where its tables are not as they are committed."""
    folder = ROOT / "results" / run
    reason = f"results/{run}/tables is not as it is committed"
    return pytest.param(folder, id=run, marks=pytest.mark.skipif(not committed(folder / "tables"), reason=reason))
