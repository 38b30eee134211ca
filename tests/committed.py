"""The committed results of the default run, for tests of what the repository shows."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results/default"


def committed() -> bool:
    """Tell whether the tables are those of the repository, and not of a run of one's own."""
    command = ["git", "-C", str(ROOT), "status", "--porcelain", "--ignored", "--", str(RESULTS / "tables")]
    result = subprocess.run(command, capture_output=True, text=True)
    return (RESULTS / "tables").exists() and result.returncode == 0 and not result.stdout.strip()


as_committed = pytest.mark.skipif(not committed(), reason="results/default/tables is not as it is committed")
