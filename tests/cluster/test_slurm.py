"""The pipeline on a real SLURM: a whole run, a failing job, jobs that lack memory, a master that is stopped."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import yaml

import tiny

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slurm
PROFILE = ["--workflow-profile", "workflow/profiles/slurm", "--slurm-status-command", "squeue", "--latency-wait", "20"]
# Seconds until the state of jobs is asked for the first time, and between looks.
PROFILE += ["--slurm-init-seconds-before-status-checks", "5", "--max-status-checks-per-second", "1"]
SUBMITTED = {"prepare_translation", "convert_foundation", "decode_prompts", "train_sft", "decode", "score"}


class Checkout:
    """A copy of the repository with a configuration for tiny data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("workflow", "scripts", "src", "config"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        tiny.save_model(folder / "model")
        catalogues = []
        for n, package in enumerate(["one", "held"]):
            checksum = tiny.catalogue_wheel(folder / "index", package, tiny.parallel(1, 200)[n::2])
            catalogues.append({"package": package, "version": "1.0", "sha256": checksum})
        config = {
            "run": "tiny",
            "tasks": ["translation"],
            "languages": ["en", "de"],
            "foundations": [
                {"name": "tiny", "label": "T", "parameters": 1e6, "source": {"kind": "local", "path": "model"}}
            ],
            "translation": {
                "directions": ["en-de"],
                "other_directions": [],
                "catalogues": catalogues,
                "held_out": "held",
                "items": {"dev": 4, "trial": 2, "test": 3, "out_of_domain": 2, "other": 2},
                "max_answer_tokens": 12,
                "few_shot": {"examples": [], "draws": 1},
                "sft": {"steps": 4, "batch": 2, "rank": 2},
                "priors": {"random_draws": 1},
            },
            "summarization": {"directions": ["en-de"]},
            "tagging": {"languages": ["de"]},
            "analysis": {"items": 0},
        }
        (folder / "config/tiny.yaml").write_text(yaml.safe_dump(config))

    def command(self, *options: str) -> tuple[list[str], dict[str, str]]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("SNAKEMAKE", "PIP_", "SLURM"))}
        environment |= {
            "PYTHONPATH": str(self.folder / "src"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.folder / "index"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }
        command = [sys.executable, "-m", "snakemake", *options, "--configfile", "config/tiny.yaml"]
        return command, environment

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        command, environment = self.command(*options)
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)

    def start(self, *options: str) -> subprocess.Popen[str]:
        command, environment = self.command(*options)
        out = open(self.folder / "master.log", "w")  # noqa: SIM115
        return subprocess.Popen(command, cwd=self.folder, env=environment, stdout=out, stderr=out, text=True)


def jobs(run_id: str) -> dict[str, str]:
    """Return the states of a run's jobs by id."""
    lines = subprocess.run(
        ["squeue", "-h", "-t", "all", "-n", run_id, "-o", "%i|%T"], capture_output=True, text=True, check=True
    ).stdout.split()
    return dict(line.split("|") for line in lines)


def run_id(output: str) -> str:
    found = re.search(r"SLURM run ID: (\S+)", output)
    assert found, output
    return found[1]


def wait_for(condition: str, log: Path, seconds: float = 120) -> str:
    """Wait until a log says something; return the log."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if log.exists() and re.search(condition, text := log.read_text()):
            return text
        time.sleep(0.5)
    raise AssertionError(f"{condition!r} never came: {log.read_text()}")


def submitted(output: str) -> list[str]:
    return re.findall(r"submitted with SLURM jobid", output)


def nothing_planned(checkout: Checkout) -> bool:
    result = checkout.run("-n", "--cores", "2")
    return "Nothing to be done" in result.stdout + result.stderr


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Checkout, str]]:
    checkout = Checkout(tmp_path_factory.mktemp("slurm"))
    result = checkout.run(*PROFILE)
    assert result.returncode == 0, result.stdout + result.stderr
    yield checkout, result.stdout + result.stderr


def test_a_whole_run_goes_through_slurm(whole: tuple[Checkout, str]) -> None:
    checkout, output = whole
    states = jobs(run_id(output))
    assert len(states) >= 10 and set(states.values()) == {"COMPLETED"}
    logs = {path.name for path in (checkout.folder / ".snakemake/slurm_logs").iterdir()}
    assert {f"rule_{rule}" for rule in SUBMITTED} <= logs
    assert not {name for name in logs if name.startswith(("rule_fetch", "rule_tabulate", "rule_plot"))}
    assert (checkout.folder / "results/tiny/report.html").exists()
    assert nothing_planned(checkout)


def test_results_are_those_of_a_local_run(whole: tuple[Checkout, str], tmp_path: Path) -> None:
    checkout, _ = whole
    local = Checkout(tmp_path / "local")
    result = local.run("--cores", "2", "--max-jobs-per-timespan", "100/1s")
    assert result.returncode == 0, result.stdout + result.stderr
    own: Sequence[Path] = sorted(
        path.relative_to(local.folder)
        for kind in ("tables/main.*", "decode/**/*.jsonl", "sft/**/*.jsonl", "models/sft/**/*.safetensors")
        for path in (local.folder / "results/tiny").glob(kind)
    )
    assert len(own) >= 5
    for path in own:
        assert (local.folder / path).read_bytes() == (checkout.folder / path).read_bytes(), path


def remove(checkout: Checkout, *names: str) -> None:
    for name in names:
        shutil.rmtree(checkout.folder / name, ignore_errors=True)


def test_a_failing_job_is_named_and_leaves_nothing(whole: tuple[Checkout, str]) -> None:
    checkout, _ = whole
    remove(checkout, "results/tiny/decode")
    result = checkout.run(*PROFILE, "--retries", "0", "--set-resources", "decode:mem_mb=400")
    output = result.stdout + result.stderr
    assert result.returncode != 0 and "Error in rule decode" in output
    assert not list((checkout.folder / "results/tiny/decode").glob("**/*.jsonl"))


def test_a_job_out_of_memory_is_tried_with_more(whole: tuple[Checkout, str]) -> None:
    checkout, _ = whole
    remove(checkout, "results/tiny/decode", "state")
    plan = checkout.folder / "src/prefixyarn/plan.py"
    text = plan.read_text()
    plan.write_text(text.replace('"decode": 2000', '"decode": 300'))  # torch alone takes more, twice as much is enough
    try:
        result = checkout.run(*PROFILE)
    finally:
        plan.write_text(text)
    output = result.stdout + result.stderr
    assert result.returncode == 0, output
    states = sorted(jobs(run_id(output)).items(), key=lambda job: int(job[0]))
    decode = [(number, state) for number, state in states if state != "COMPLETED"]
    assert len(decode) == 1, states
    log = next((checkout.folder / ".snakemake/slurm_logs/rule_decode").glob(f"*/{decode[0][0]}.log"))
    assert "exceeded memory limit" in log.read_text()
    assert nothing_planned(checkout)


def test_after_sigint_the_same_command_goes_on(whole: tuple[Checkout, str]) -> None:
    checkout, _ = whole
    remove(checkout, "results/tiny/decode", "results/tiny/sft")
    master = checkout.start(*PROFILE)
    log = wait_for("submitted with SLURM jobid", checkout.folder / "master.log")
    master.send_signal(signal.SIGINT)
    assert master.wait(60) != 0
    assert not {"RUNNING", "PENDING"} & set(jobs(run_id(log)).values()), "jobs are cancelled"
    result = checkout.run(*PROFILE)
    assert result.returncode == 0, result.stdout + result.stderr
    assert nothing_planned(checkout)


def test_after_sigterm_running_jobs_end_and_the_same_command_goes_on(whole: tuple[Checkout, str]) -> None:
    checkout, _ = whole
    remove(checkout, "results/tiny/decode", "results/tiny/sft")
    master = checkout.start(*PROFILE)
    log = wait_for("submitted with SLURM jobid", checkout.folder / "master.log")
    master.send_signal(signal.SIGTERM)
    master.wait(180)
    assert set(jobs(run_id(log)).values()) == {"COMPLETED"}
    result = checkout.run(*PROFILE)
    assert result.returncode == 0, result.stdout + result.stderr
    assert nothing_planned(checkout)


def test_after_sigkill_the_documented_way_back_works(whole: tuple[Checkout, str]) -> None:
    checkout, _ = whole
    remove(checkout, "results/tiny/decode", "results/tiny/sft")
    master = checkout.start(*PROFILE)
    log = wait_for("submitted with SLURM jobid", checkout.folder / "master.log")
    master.kill()
    master.wait(10)
    assert {"RUNNING", "PENDING"} & set(jobs(run_id(log)).values()), "they go on"
    subprocess.run(["scancel", "--name", run_id(log)], check=True)
    locked = checkout.run(*PROFILE)
    assert locked.returncode != 0 and "--unlock" in locked.stdout + locked.stderr
    assert checkout.run("--unlock", "--cores", "1").returncode == 0
    result = checkout.run(*PROFILE)
    assert result.returncode == 0, result.stdout + result.stderr
    assert nothing_planned(checkout)
