"""Fixtures, and the marks for what a machine may lack."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)  # tiny models are slower on more, and other tests may run beside

ROOT = Path(__file__).resolve().parent.parent
MIRROR = ROOT.parent / "shared" / "data" / "mirror"
MODEL = ROOT / "resources" / "foundations" / "gemma-3-270m" / "model"


def slurm() -> bool:
    """Return whether a SLURM answers and Snakemake's plugin for it is here."""
    asked = shutil.which("sinfo") and subprocess.run(["sinfo", "-h"], capture_output=True, timeout=10)
    return bool(asked and asked.returncode == 0 and importlib.util.find_spec("snakemake_executor_plugin_slurm"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip marked tests where what they need is missing, and say what."""
    reasons = {
        "gpu": None if torch.cuda.is_available() else "no CUDA device",
        "mirror": None if MIRROR.is_dir() else f"no evaluation data in {MIRROR}",
        "slurm": None
        if slurm()
        else "no SLURM answers, or its plugin of Snakemake's is missing: tests/cluster/README.md",
        "vllm": None
        if os.environ.get("PREFIXYARN_VLLM_PYTHON")
        else "PREFIXYARN_VLLM_PYTHON names no environment with vLLM",
        "model": None if (MODEL / "manifest.json").exists() else f"no {MODEL}: run make results first",
    }
    for item in items:
        for mark, reason in reasons.items():
            if reason and item.get_closest_marker(mark):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def mirror() -> Path:
    return MIRROR


@pytest.fixture
def default_model() -> Path:
    return MODEL
