"""What a person sees of a run: what it will do, a line on what it does, the tables when they are there.

Snakemake's events come here through `snakemake_logger_plugin_prefixyarn`; nothing here knows Snakemake.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prefixyarn.config.sources import fetched
from prefixyarn.config.subsets import all_subsets, main_subsets
from prefixyarn.plan import OTHER_SECONDS, SECONDS, seconds_by_job

WIDTH = 120  # no line is longer
# fp32 operations per second of one thread's matrix products on the machine that `prefixyarn.plan` was measured on.
REFERENCE = 160e9
CONFIG: dict[str, Any] = {}  # of the workflow in this process: its Snakefile puts it here
SMALLER = "smoke"  # the run that is the fastest proof that everything works
TRUSTED = 120  # so many seconds of finished jobs weigh as much as what was measured at the start
# By the first word of a rule's name, what it is part of.
STAGES = {
    **dict.fromkeys(("fetch", "prepare", "induce"), "data"),
    **dict.fromkeys(("convert", "verify", "choose", "train"), "models"),
    **dict.fromkeys(("build", "decode", "measure"), "answers"),
    **dict.fromkeys(("score", "tabulate", "plot", "write"), "tables"),
}
# What `prefixyarn.progress` writes into a job's log: what is counted, and how much of it is done.
PROGRESS = re.compile(r"^(.*): (\d+) of (\d+) \w+, [\d.]+/s", re.MULTILINE)


@dataclass
class Running:
    """A job that runs.

    Attributes:
        rule: Its rule.
        what: What it does, for a reader.
        log: Its log.
        expected: How many seconds it was expected to take.
        start: When it started, by `time.monotonic`.
        began: When it started, by the clock of files.
        parts: How many subsets it goes through one after the other, each with a progress of its own.
    """

    rule: str
    what: str
    log: str
    expected: float
    start: float = field(default_factory=time.monotonic)
    began: float = field(default_factory=time.time)
    parts: int = 1

    def share(self) -> float:
        """Return which share of it is done, by what it wrote into its log; 0 if it said nothing."""
        try:
            if os.path.getmtime(self.log) < self.began:
                return 0.0  # of a run before
            found = PROGRESS.findall(Path(self.log).read_text(encoding="utf-8", errors="replace"))
        except OSError:
            return 0.0
        if not found:
            return 0.0
        _, done, total = found[-1]
        before = len({what for what, _, _ in found}) - 1 if self.parts > 1 else 0
        return min(1.0, (before + int(done) / max(int(total), 1)) / self.parts)


class Watch:
    """A run as it goes on: what runs, what is done, how long the rest takes."""

    def __init__(self, config: Mapping[str, Any], counts: Mapping[str, int], cores: int, slower: float) -> None:
        """Begin.

        Args:
            config: The run's configuration.
            counts: How many jobs of each rule will run.
            cores: How many jobs run side by side.
            slower: How many times slower a core here is than those of `prefixyarn.plan`.
        """
        self._by_job, self._one = seconds_by_job(config), len(config["foundations"]) == 1
        main = len(main_subsets(config)["translation"])
        self._parts = {("build_priors", task): len(subsets) for task, subsets in all_subsets(config).items()}
        self._parts |= {(rule, ""): main for rule in ("build_analysis_priors", "build_mechanism_priors")}
        self._cores, self._slower = min(cores, os.cpu_count() or 1), slower
        if any(own["dtype"] != "float32" for own in config["foundations"]):
            self._cores, self._slower = 1, 1.0  # on GPUs: one job at a time has them, and cores say nothing of them
        self._left = dict(counts)
        self._total = self._expected_left()
        self._done = self._took = self._more = 0.0
        self.running: dict[int, Running] = {}

    def _mean(self, rule: str) -> float:
        found = [seconds for (own, _, _), seconds in self._by_job.items() if own == rule]
        return sum(found) / len(found) if found else SECONDS.get(rule, OTHER_SECONDS)

    def _expected_left(self) -> float:
        return sum(count * self._mean(rule) for rule, count in self._left.items())

    def started(self, job: int, rule: str, what: str, log: str, wildcards: Mapping[str, str]) -> None:
        """Take note of a job that starts."""
        model, task, mean = wildcards.get("model", ""), wildcards.get("task", ""), self._mean(rule)
        # A rule of one task has no such wildcard.
        own = [s for (r, t, m), s in self._by_job.items() if (r, m) == (rule, model) and task in ("", t)]
        expected = own[0] if own else mean
        self._more += expected - mean  # than was counted
        self._total += expected - mean
        if self._one and model:  # where there is one, its name tells nothing
            what = re.sub(rf"( of| with|,) {re.escape(model)}", "", what)
        self.running[job] = Running(rule, what, log, expected, parts=self._parts.get((rule, task), 1))

    def finished(self, job: int) -> str:
        """Take note of a job's end, and return its rule; empty if it was never seen to start."""
        own = self.running.pop(job, None)
        if own is None:
            return ""
        self._left[own.rule] = max(0, self._left.get(own.rule, 0) - 1)
        self._more -= own.expected - self._mean(own.rule)
        self._done += own.expected
        self._took += time.monotonic() - own.start
        return own.rule

    def failed(self, job: int) -> str:
        """Take note of a job that failed, and return what it did."""
        own = self.running.pop(job, None)
        return own.what if own else ""

    def _rest(self) -> float:
        """Return the expected seconds of all that is left, of jobs that run what is not done."""
        done = sum(own.share() * own.expected for own in self.running.values())
        return max(0.0, self._expected_left() + self._more - done)

    def seconds_left(self) -> float:
        """Return about how many seconds the rest takes."""
        slower = (self._slower * TRUSTED + self._took) / (TRUSTED + self._done)
        return self._rest() * slower / self._cores

    def line(self) -> str:
        """Return one line: the stage, the share done, the time left, what runs."""
        running = list(self.running.values())
        share = min(1.0, max(0.0, 1 - self._rest() / self._total)) if self._total else 1.0
        stage = STAGES.get(running[0].rule.split("_")[0], "") if running else ""
        told = f"{stage:<7} {100 * share:3.0f} %, about {duration(self.seconds_left())} left"
        jobs = [own.what + (f" {100 * done:.0f} %" if (done := own.share()) else "") for own in running]
        return cut(" · ".join([told, *jobs]))


def start_text(config: Mapping[str, Any], jobs: int, seconds: float, cores: int, fetching: str, log: str) -> str:
    """Return what is said at the start: what will run, how long about, what is downloaded, where results go.

    Args:
        config: The run's configuration.
        jobs: How many jobs will run.
        seconds: About how many seconds they take.
        cores: How many jobs run side by side.
        fetching: What is downloaded; see `downloads`.
        log: Snakemake's own log.
    """
    models = ", ".join(own["name"] for own in config["foundations"])
    lines = [
        f"Run {config['run']}: {', '.join(config['tasks'])} with {models}",
        f"  to do      {jobs} jobs, about {duration(seconds)} with {cores} side by side on this machine",
        f"  downloads  {fetching or 'nothing'}",
        f"  results    results/{config['run']}/, the log in {log}",
    ]
    if config["run"] != SMALLER:
        lines.append(f"  smaller    make results CONFIG=config/{SMALLER}.yaml; Ctrl-C here loses no finished job")
    return "\n".join(map(cut, lines))


def table_of(rule: str) -> str:
    """Return the table that a rule has just made, in short; empty for a rule without one."""
    task = rule.removeprefix("tabulate_task_")
    if task == rule:
        return ""
    from prefixyarn.tables.headline import task_text  # numpy, and only now
    from prefixyarn.tables.rows import ScoreRow, read_rows

    path = Path("results", CONFIG["run"], "tables", f"{task}.csv")
    labels = {own["name"]: own["label"] for own in CONFIG["foundations"]}
    return f"{task}: {path.with_suffix('.md')}\n\n{task_text(read_rows(path, ScoreRow), labels)}"


def downloads(config: Mapping[str, Any]) -> str:
    """Return, for a reader, what a run downloads that is not there yet; empty for nothing."""
    kinds = {"foundations": "model", "refined": "model", "catalogues": "catalogue", "descriptions": "language"}
    of = {"catalogue": " of translations", "language": " of package descriptions by apt", "model": "", "file": ""}
    found: dict[str, int] = {}
    for path in fetched(config):
        if not Path(path).exists():
            kind = kinds.get(Path(path).parts[1], "file")
            found[kind] = found.get(kind, 0) + 1
    return ", ".join(f"{count} {kind}{'s' if count > 1 else ''}{of[kind]}" for kind, count in found.items())


def duration(seconds: float) -> str:
    """Return a duration for a reader: ``40 s``, ``12 min``, ``3 h 20 min``."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{10 * max(1, round(seconds / 10))} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def cut(text: str, width: int = WIDTH) -> str:
    """Return a text within a width."""
    return text if len(text) <= width else text[: width - 1] + "…"


def slower() -> float:
    """Measure for a second or two how many times slower a core here is than those of `prefixyarn.plan`."""
    import numpy as np
    from threadpoolctl import threadpool_limits

    size = 1024
    a = np.ones((size, size), dtype=np.float32)
    best, end = 0.0, time.monotonic() + 2
    with threadpool_limits(1):
        while time.monotonic() < end:
            begin = time.thread_time()  # the first jobs run beside it
            np.dot(a, a)
            best = max(best, 2 * size**3 / (time.thread_time() - begin))
    return REFERENCE / best
