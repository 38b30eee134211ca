"""The committed results, for tests of what the repository shows."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results/default"


def committed(*paths: Path) -> bool:
    """Tell whether files or folders are those of the repository, and not of a run of one's own."""
    command = ["git", "-C", str(ROOT), "status", "--porcelain", "--ignored", "--", *map(str, paths)]
    result = subprocess.run(command, capture_output=True, text=True)
    return all(path.exists() for path in paths) and result.returncode == 0 and not result.stdout.strip()


as_committed = pytest.mark.skipif(
    not committed(RESULTS / "tables"), reason="results/default/tables is not as it is committed"
)
