"""A copy of the repository with a configuration for tiny data, in which tests run the whole workflow."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

import tiny

ROOT = Path(__file__).resolve().parents[1]
TASKS = ("translation", "summarization", "tagging")
ANALYSES = {f"tabulate_{kind}" for kind in ("agreement", "mechanism", "prior_quality", "forgetting")}
TABLES = {*(f"tabulate_task_{task}" for task in TASKS), *ANALYSES, "tabulate_across"}
# Rules that run again when scoring changes.
SCORING = {"score", *TABLES, "plot_figures", "write_report", "write_explorer"}


class Copy:
    """A copy of the repository with a configuration for tiny data, over that of the full run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.over = ["config/full.yaml"]  # what the configuration is an overlay of, beside the default run's
        self.environment: dict[str, str] = {}  # more of it, for snakemake
        for name in ("workflow", "scripts", "src", "config"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        tiny.save_model(folder / "model")
        sentences = tiny.parallel(1, 260)
        catalogues = []
        for n, package in enumerate(["one", "two", "held"]):
            checksum = tiny.catalogue_wheel(folder / "index", package, sentences[n::3])
            catalogues.append({"package": package, "version": "1.0", "sha256": checksum})
        self.config = {
            "run": "tiny",
            "languages": ["en", "de", "zh"],
            "foundations": [
                {"name": "tiny", "label": "Tiny", "parameters": 1e6, "source": {"kind": "local", "path": "model"}}
            ],
            "translation": {
                "directions": ["en-de"],
                "other_directions": ["de-zh"],
                "catalogues": catalogues,
                "held_out": "held",
                "items": {"dev": 4, "trial": 2, "test": 3, "out_of_domain": 2, "other": 2},
                "max_answer_tokens": 12,
                "few_shot": {"examples": [2], "draws": 2},
                "sft": {"steps": 4, "batch": 16, "rank": 2, "dev_points": 4, "seeds": [2]},
                "priors": {"single_kinds": ["oracle"], "k": {"token": [1, 2], "word": [1]}},
            },
            "summarization": {
                "source": {"kind": "crosssum", "folder": "crosssum"},
                "lexicon": {"source": "folder", "folder": "crosssum"},
                "directions": ["en-zh"],
                "items": {"train": 60, "dev": 4, "trial": 2, "test": 3},
                "max_source_tokens": 20,
                "max_answer_tokens": 10,
                "few_shot": {"examples": [1], "draws": 1},
                "sft": {"steps": 4, "batch": 6, "rank": 2, "dev_points": 2},
                "priors": {"k": {"token": [1, 2]}},
            },
            "tagging": {
                "source": {"kind": "treebanks", "folder": "treebanks"},
                "languages": ["de"],
                "items": {"train": 60, "dev": 4, "trial": 2, "test": 3},
                "max_answer_tokens": 120,
                "few_shot": {"examples": [1], "draws": 1},
                "sft": {"steps": 4, "batch": 7, "rank": 2, "dev_points": 1},
                "priors": {
                    "k": {"tag": [1, 2]},
                    "few_shot_kinds": ["none", "refined", "sft", "oracle"],
                },
            },
        }
        self.config["analysis"] = {"items": 2, "k": [1, 2, 4], "free_k": [1], "corrupt_words": [2]}
        tiny.crosssum(folder / "crosssum", {"train": 80, "val": 5, "test": 5})
        tiny.treebank(folder / "treebanks", {"train": 80, "dev": 12, "test": 12})

    def command(self, *options: str) -> dict[str, Any]:
        """Return how snakemake is started, for subprocess; the package is imported from the copy."""
        (self.folder / "config/tiny.yaml").write_text(yaml.safe_dump(self.config))
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("SNAKEMAKE", "PIP_", "SLURM"))}
        environment |= {
            "PYTHONPATH": str(self.folder / "src"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": (self.folder / "index").as_uri(),  # pip divides a path at spaces
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            **self.environment,
        }
        # Options first: --configfile takes every name that follows it for a configuration.
        command = [sys.executable, "-m", "snakemake", *options, "--configfile", *self.over, "config/tiny.yaml"]
        return {"args": command, "cwd": self.folder, "env": environment, "text": True}

    def run(self, *options: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run snakemake on two cores here."""
        # The timespan: see the profile; tests need not wait at the end of a run.
        here = ("--cores", "2", "--max-jobs-per-timespan", "100/1s")
        result = subprocess.run(**self.command(*options, *here), capture_output=True)
        assert not check or result.returncode == 0, result.stdout + result.stderr
        return result

    def planned(self) -> set[str]:
        """Return the names of the rules that a run would run."""
        result = self.run("-n")
        output = result.stdout + result.stderr
        if "Nothing to be done" in output:
            return set()
        lines = output.split("Job stats:")[1].split("\n\n")[0].splitlines()
        return {line.split()[0] for line in lines if line.split() and line.split()[-1].isdigit()} - {
            "total",
            "all",
        }
