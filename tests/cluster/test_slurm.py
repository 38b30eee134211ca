"""The pipeline on a real SLURM: a whole run, a failing job, jobs that lack memory, a master that is stopped."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import tiny
from checkout import Copy

pytestmark = pytest.mark.slurm
PROFILE = ["--workflow-profile", "workflow/profiles/slurm", "--slurm-status-command", "squeue", "--latency-wait", "20"]
# Seconds until the state of jobs is asked for the first time, and between looks.
PROFILE += ["--slurm-init-seconds-before-status-checks", "5", "--max-status-checks-per-second", "1"]
SUBMITTED = {"prepare_translation", "convert_foundation", "choose_prompt", "train_sft", "decode", "score"}


class Checkout(Copy):
    """A copy of the repository with translation alone, and no analyses: few jobs."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.config |= {"tasks": ["translation"], "analysis": {"items": 0}}
        translation: dict[str, Any] = self.config["translation"]  # type: ignore[assignment]
        translation |= {"other_directions": [], "few_shot": {"examples": [], "draws": 1}}

    def submit(self, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(**self.command(*PROFILE, *options), capture_output=True)

    def start(self) -> tuple[subprocess.Popen[str], str]:
        """Start a run that decodes again; return it, and its log once a job is submitted."""
        remove(self, "results/tiny/decode", "results/tiny/sft")
        out = open(self.folder / "master.log", "w")  # noqa: SIM115
        master = subprocess.Popen(**self.command(*PROFILE), stdout=out, stderr=out)
        return master, wait_for("submitted with SLURM jobid", self.folder / "master.log")


def goes_on(checkout: Checkout) -> None:
    """Assert that the same command ends well, and leaves nothing to do."""
    result = checkout.submit()
    assert result.returncode == 0, result.stdout + result.stderr
    assert checkout.planned() == set()


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


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Checkout, str]]:
    checkout = Checkout(tmp_path_factory.mktemp("slurm"))
    result = checkout.submit()
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
    assert checkout.planned() == set()


def test_results_are_those_of_a_local_run(whole: tuple[Checkout, str], tmp_path: Path) -> None:
    checkout, _ = whole
    local = Checkout(tmp_path / "local")
    local.run()
    own: Sequence[Path] = sorted(
        path.relative_to(local.folder)
        for kind in ("tables/translation.*", "decode/**/*.jsonl", "sft/**/*.jsonl", "models/sft/**/*.safetensors")
        for path in (local.folder / "results/tiny").glob(kind)
    )
    assert len(own) >= 5
    for path in own:
        assert (local.folder / path).read_bytes() == (checkout.folder / path).read_bytes(), path


@pytest.mark.vllm
def test_jobs_with_vllm_go_through_slurm(tmp_path: Path) -> None:
    """On the nodes' CPUs; the environment with vLLM is on the file system that they see."""
    checkout = Checkout(tmp_path / "vllm")
    tiny.save_model(checkout.folder / "model", head_dim=32)  # the smallest that vLLM's kernels for CPUs have
    checkout.config["foundations"][0]["engine"] = "vllm"  # type: ignore[index]
    result = checkout.submit()
    output = result.stdout + result.stderr
    assert result.returncode == 0, output
    assert set(jobs(run_id(output)).values()) == {"COMPLETED"}
    for rule in ("choose_prompt/translation", "decode_sft/translation", "decode/translation/en-de"):
        assert 'vLLM: {"engine": "vllm"' in (checkout.folder / f"logs/tiny/{rule}/tiny.log").read_text(), rule
    assert (checkout.folder / "results/tiny/report.html").exists()
    assert checkout.planned() == set()


def remove(checkout: Checkout, *names: str) -> None:
    for name in names:
        shutil.rmtree(checkout.folder / name, ignore_errors=True)


def test_a_failing_job_is_named_and_leaves_nothing(whole: tuple[Checkout, str]) -> None:
    checkout, _ = whole
    remove(checkout, "results/tiny/decode", "state")  # what the journal has would need no model
    result = checkout.submit("--retries", "0", "--set-resources", "decode:mem_mb=400")
    output = result.stdout + result.stderr
    assert result.returncode != 0 and "Error in rule decode" in output
    assert not list((checkout.folder / "results/tiny/decode").glob("**/*.jsonl"))


def test_a_job_out_of_memory_is_tried_with_more(whole: tuple[Checkout, str]) -> None:
    checkout, _ = whole
    remove(checkout, "results/tiny/checks", "results/tiny/decode")
    plan = checkout.folder / "src/prefixyarn/plan.py"
    text = plan.read_text()
    little = re.sub(r'"verify_foundation": \d+', '"verify_foundation": 300', text)  # torch alone takes more
    assert little != text
    plan.write_text(little)
    try:
        result = checkout.submit()
    finally:
        plan.write_text(text)
    output = result.stdout + result.stderr
    assert result.returncode == 0, output
    states = sorted(jobs(run_id(output)).items(), key=lambda job: int(job[0]))
    killed = [number for number, state in states if state != "COMPLETED"]
    assert len(killed) in (1, 2), states  # twice or thrice as much is enough
    (log,) = (checkout.folder / ".snakemake/slurm_logs/rule_verify_foundation").glob(f"*/{killed[0]}.log")
    assert "exceeded memory limit" in log.read_text()
    assert (checkout.folder / "results/tiny/checks/tiny.json").exists()
    assert checkout.planned() == set()


def test_after_sigint_the_same_command_goes_on(whole: tuple[Checkout, str]) -> None:
    checkout, _ = whole
    master, log = checkout.start()
    master.send_signal(signal.SIGINT)
    assert master.wait(60) != 0
    assert not {"RUNNING", "PENDING"} & set(jobs(run_id(log)).values()), "jobs are cancelled"
    goes_on(checkout)


def test_after_sigterm_running_jobs_end_and_the_same_command_goes_on(whole: tuple[Checkout, str]) -> None:
    checkout, _ = whole
    master, log = checkout.start()
    master.send_signal(signal.SIGTERM)
    master.wait(180)
    assert set(jobs(run_id(log)).values()) == {"COMPLETED"}
    goes_on(checkout)


def test_after_sigkill_the_documented_way_back_works(whole: tuple[Checkout, str]) -> None:
    checkout, _ = whole
    master, log = checkout.start()
    master.kill()
    master.wait(10)
    assert {"RUNNING", "PENDING"} & set(jobs(run_id(log)).values()), "they go on"
    subprocess.run(["scancel", "--name", run_id(log)], check=True)
    locked = checkout.submit()
    assert locked.returncode != 0 and "--unlock" in locked.stdout + locked.stderr
    checkout.run("--unlock")
    goes_on(checkout)
