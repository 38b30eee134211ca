"""Runs a script of ``scripts/`` in a process of its own, without Snakemake: what must be set before imports can be set."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# Stands in for Snakemake: gives the script an object with the job's parts.
_GIVE = """
import json, runpy, sys, types
job = json.loads(sys.argv[2], object_pairs_hook=dict)
given = types.SimpleNamespace(**{key: types.SimpleNamespace(**own) for key, own in job.items()})
given.log = [job["log"]["path"]]
runpy.run_path(sys.argv[1], {"snakemake": given}, "__main__")
"""


def run_script(
    name: str, folder: Path, environment: dict[str, str], **job: dict[str, Any]
) -> subprocess.CompletedProcess[str]:
    """Run a script to its end.

    Args:
        name: Of the script.
        folder: Where its log goes.
        environment: What is set beside this process's own, but for the hub's variables.
        job: ``input``, ``output``, ``params`` and ``wildcards``, as far as the script uses them.

    Returns:
        The process; it printed what is in the log.
    """
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    text = json.dumps({**job, "log": {"path": str(folder / "log")}})
    command = [sys.executable, "-c", _GIVE, str(ROOT / "scripts" / f"{name}.py"), text]
    return subprocess.run(command, cwd=ROOT, env=inherited | environment, capture_output=True, text=True)
