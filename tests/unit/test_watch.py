"""What a person sees of a run while it goes on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from configs import DEFAULT
from prefixyarn import watch
from prefixyarn.config.sources import described
from prefixyarn.plan import OTHER_SECONDS, SECONDS, seconds_by_job
from prefixyarn.watch import WIDTH, Watch, downloads, duration, start_text

MODEL = {"model": "gemma-3-270m", "run": "default"}


def begun(counts: dict[str, int], cores: int = 1, slower: float = 1) -> Watch:
    return Watch(DEFAULT, counts, cores, slower)


def test_time_left_is_that_of_the_jobs_that_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("prefixyarn.watch.time.monotonic", lambda: clock[0])
    counts = {"convert_foundation": 1, "score": 2}
    own = begun(counts)
    whole = SECONDS["convert_foundation"] + 2 * OTHER_SECONDS
    assert own.seconds_left() == pytest.approx(whole)
    assert begun(counts, cores=2).seconds_left() == pytest.approx(whole / 2)
    assert begun(counts, slower=3).seconds_left() == pytest.approx(3 * whole)
    expected = SECONDS["convert_foundation"]
    own.running[7] = watch.Running("convert_foundation", "Converting", "no.log", expected, clock[0])
    clock[0] += 2 * expected
    assert own.finished(7) == "convert_foundation"
    slower = (watch.TRUSTED + 2 * expected) / (watch.TRUSTED + expected)
    assert own.seconds_left() == pytest.approx(2 * OTHER_SECONDS * slower)
    assert own.finished(99) == "", "a job that was never seen"


def test_a_job_is_expected_to_take_as_long_as_those_of_its_task() -> None:
    own = begun({"decode": 9})
    own.started(1, "decode", "Decoding", "", {**MODEL, "task": "tagging", "subset": "de"})
    assert own.running[1].expected == seconds_by_job(DEFAULT)["decode", "tagging", "gemma-3-270m"]
    own.started(2, "unheard_of", "", "", {})
    assert own.running[2].expected == OTHER_SECONDS


def test_the_share_never_falls_and_ends_at_all_of_it() -> None:
    counts = {"train_sft": 3, "decode_analysis": 2, "score": 1}
    own, shares = begun(counts), []
    jobs = [("train_sft", task) for task in DEFAULT["tasks"]] + [("decode_analysis", "")] * 2 + [("score", "tagging")]
    for job, (rule, task) in enumerate(jobs):
        own.started(job, rule, "", "", {"model": "gemma-3-270m", "task": task} if task else {"model": "gemma-3-270m"})
        shares.append(int(own.line().split("%")[0].split()[-1]))
        own.finished(job)
        shares.append(int(own.line().split("%")[0].split()[-1]))
    assert shares[-1] == 100 and shares[1::2] == sorted(shares[1::2]) and all(0 <= share <= 100 for share in shares)
    analysed = seconds_by_job(DEFAULT)["decode_analysis", "translation", "gemma-3-270m"]
    own.started(9, "decode_analysis", "", "", {"model": "gemma-3-270m"})
    assert own.running[9].expected == analysed
    assert own.failed(9) == "" and not own.running


def test_a_log_of_a_run_before_says_nothing(tmp_path: Path) -> None:
    log = tmp_path / "old.log"
    log.write_text("train_sft: 21 of 42 steps, 0.3/s, 1:10 left\n")
    running = watch.Running("train_sft", "", str(log), 9)
    os.utime(log, (running.began + 1, running.began + 1))
    assert running.share() == 0.5
    os.utime(log, (1, 1))
    assert running.share() == 0


def test_a_job_that_goes_through_its_subsets_counts_on_from_one_to_the_next(tmp_path: Path) -> None:
    log = tmp_path / "priors.log"
    own = begun({"build_priors": 1})
    own.started(1, "build_priors", "Building priors", str(log), {**MODEL, "task": "summarization"})
    subsets = len(DEFAULT["summarization"]["directions"])
    shares = []
    lines = ["en-de: 4 of 4 candidates", "en-de: 8 of 8 openings", "en-fr: 2 of 8 openings", "en-zh: 4 of 8 openings"]
    for n in range(len(lines)):
        log.write_text("".join(f"build_priors {line}, 0.3/s, 1:46 left\nbetween\n" for line in lines[: n + 1]))
        os.utime(log, (own.running[1].began + 1,) * 2)
        shares.append(own.running[1].share() * subsets)
    assert shares == pytest.approx([1, 1, 1.25, 2.5])


def test_on_gpus_one_job_runs_at_a_time_however_many_cores_there_are() -> None:
    half = {**DEFAULT, "foundations": [{**DEFAULT["foundations"][0], "dtype": "bfloat16"}]}
    one, many = (Watch(half, {"decode": 4}, cores, slower) for cores, slower in ((1, 1.0), (64, 9.0)))
    assert one.seconds_left() == many.seconds_left()
    cores = os.cpu_count() or 1
    assert begun({"score": 8}, cores=64 * cores).seconds_left() == begun({"score": 8}, cores=cores).seconds_left()


def test_the_line_has_stage_share_time_and_what_runs(tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    own = begun({"train_sft": 1, "score": 2})
    own.started(
        1,
        "train_sft",
        "Training the SFT model of gemma-3-270m for translation",
        str(log),
        {**MODEL, "task": "translation"},
    )
    log.write_text(
        "train_sft: 10 of 42 steps, 0.3/s, 1:46 left\ntrain_sft: 21 of 42 steps, 0.3/s, 1:10 left\nwarning\n"
    )
    os.utime(log, (own.running[1].began + 1,) * 2)
    own.started(2, "score", "Scoring", str(tmp_path / "none.log"), {**MODEL, "task": "tagging"})
    line = own.line()
    assert line.startswith("models ") and "left · Training the SFT model for translation 50 % · Scoring" in line
    own.finished(2)
    assert "Scoring" not in own.line() and "100 %" not in own.line()
    own.finished(1)
    for job in range(40):
        own.started(job, "score", "A long description of a job", "", {})
    assert len(own.line()) == WIDTH and own.line().endswith("…")


def test_what_is_said_at_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    text = start_text(DEFAULT, 71, 840, 2, "", ".snakemake/log/a.log")
    assert "Run default: translation, summarization, tagging with gemma-3-270m" in text
    assert "71 jobs, about 14 min with 2 side by side" in text and "results/default/" in text
    assert "make results CONFIG=config/smoke.yaml" in text and max(map(len, text.splitlines())) <= WIDTH
    assert "smaller" not in start_text({**DEFAULT, "run": "smoke"}, 4, 20, 2, "1 model", "")
    models, catalogues = "1 model", f"{len(DEFAULT['translation']['catalogues'])} catalogues of translations"
    assert (
        downloads(DEFAULT)
        == f"{catalogues}, {len(described(DEFAULT))} languages of package descriptions by apt, {models}"
    )
    Path("resources/foundations/gemma-3-270m").mkdir(parents=True)
    Path("resources/foundations/gemma-3-270m/source.json").write_text("{}")
    assert models not in downloads(DEFAULT)


@pytest.mark.parametrize(
    ("seconds", "text"), [(1, "10 s"), (44, "40 s"), (100, "2 min"), (840, "14 min"), (12_000, "3 h 20 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_this_machine_is_measured_against_the_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    once = watch.slower()
    monkeypatch.setattr("prefixyarn.watch.REFERENCE", 2 * watch.REFERENCE)
    assert 0 < once < watch.slower() * 1.5


def test_only_tables_of_tasks_are_shown_when_they_are_made() -> None:
    rules: list[Any] = ["score", "tabulate_across", ""]
    assert [watch.table_of(rule) for rule in rules] == ["", "", ""]
