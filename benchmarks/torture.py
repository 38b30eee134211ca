"""Kill a run at many moments, fill its disk, give it bad input; count what that loses. Half an hour on two cores.

python benchmarks/torture.py --folder /tmp/torture --seed 1
python benchmarks/torture.py --folder /tmp/torture --parts bad-inputs

The run is the smoke run's DAG on a tiny random model and made-up texts (`tests/checkout.py`). It first runs twice
undisturbed: files that differ between these two must be of `MEASURED`. Then come:

- **kills** with SIGKILL of the master, of a job, or of both, at moments drawn uniformly from the run's time; some of
  them inside a write (`disturb.py` says how that is known). Each time snakemake is started again and goes on, until the
  run is whole; then everything is made anew. A stale lock is taken away by the documented `snakemake --unlock`.
- **full disks**: the run's folder is a small file system, in which a file takes all space at a drawn moment. The run
  ends; the file is removed; snakemake is started again. Needs root, to mount a tmpfs.
- **bad inputs**: the table of `bad_inputs.py`.

Whole runs are compared with the undisturbed one byte by byte, under results/ and resources/. At the end stand the
counts, all of which must be 0, and a table for docs/reliability.md. Exit status 1 where a count is not 0. Tracebacks
that are Snakemake's own, none of our code in them, are counted apart and told.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from disturb import POLL, Run, Writes, fill, small_disk, temporary_files  # noqa: E402
from same_bytes import MEASURED, OF_SNAKEMAKE, different, items, snakemakes_tracebacks, tracebacks  # noqa: E402

from checkout import Copy  # noqa: E402

PARTS = ("kills", "bad-inputs", "disks")
MADE = ("results", "resources", "state", "logs", ".snakemake")
DISK = 64  # MB of the small file system
OPTIONS = ("--cores", "2", "--max-jobs-per-timespan", "100/1s")


@dataclass
class Counts:
    """What must be 0 at the end, and what else there was.

    Attributes:
        zero: By name what must be 0.
        other: By name what is only told.
        told: A line for each thing that is not as it should be.
    """

    zero: Counter[str] = field(default_factory=Counter)
    other: Counter[str] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)

    def wrong(self, name: str, line: str, number: int = 1) -> None:
        """Count something that must not be, and tell it."""
        self.zero[name] += number
        self.told.append(f"{name}: {line}")
        print(f"  ! {self.told[-1]}", flush=True)

    def note(self, name: str, line: str) -> None:
        """Count something that may be, and tell it."""
        self.other[name] += 1
        self.told.append(f"{name}: {line}")
        print(f"  . {self.told[-1]}", flush=True)


# Disturbs a run at a moment; returns whether it came to that before the run's end.
Disturb = Callable[[Run, "Moment"], bool]


@dataclass(frozen=True)
class Moment:
    """When to disturb: so many jobs are left (None: before that is known), and so many seconds since then."""

    left: int | None
    seconds: float
    what: str = ""
    inside: bool = False


def smoke_like(folder: Path) -> Copy:
    """Return a copy of the repository whose configuration is the smoke run's, on tiny data."""
    made = Copy(folder)
    made.over = ["config/smoke.yaml"]
    config: dict[str, Any] = made.config
    del config["analysis"]
    for task in ("translation", "summarization", "tagging"):
        config[task]["priors"] = {"k": {"tag" if task == "tagging" else "token": [1, 2]}}
        if task != "tagging":
            config[task]["few_shot"] = {"examples": []}
    config["translation"] |= {"other_directions": [], "sft": {**config["translation"]["sft"], "seeds": []}}
    return made


class Torture:
    """The run, its undisturbed results, and the counts."""

    def __init__(self, folder: Path, seed: int) -> None:
        """Make the copy of the repository in a folder that does not exist yet."""
        self.folder, self.random = folder, random.Random(seed)
        (folder / "run").mkdir(parents=True)
        self.copy = smoke_like(folder / "run")
        self.counts = Counts()
        self.timeline: list[tuple[float, int | None]] = []
        self._starts, self._orphans = 0, list[Run]()
        self._said: set[str] = set()
        self._answers: dict[Path, int] = {}

    def start(self) -> Run:
        """Start snakemake, after taking away the lock of a killed one."""
        if any((self.copy.folder / ".snakemake/locks").glob("*")):
            self.counts.other["times that snakemake --unlock was needed"] += 1
            subprocess.run(**self.copy.command("--unlock", "--cores", "1"), capture_output=True)
        self._starts += 1
        return Run(self.copy.command(*OPTIONS), self.folder / f"start{self._starts:03}.log")

    def undisturbed(self) -> None:
        """Run twice; keep the first one's files and its course."""
        for name in ("undisturbed", "again"):
            self.clear()
            run, seen = self.start(), list[tuple[float, int | None]]()
            while not run.ended():
                if not seen or seen[-1][1] != run.left():
                    seen.append((time.monotonic() - run.began, run.left()))
                time.sleep(POLL)
            if run.process.returncode:
                sys.exit(f"error: the undisturbed run failed:\n{run.text()[-3000:]}")
            print(f"{name}: {seen[-1][0]:.0f} s", flush=True)
            for made in ("results", "resources"):
                shutil.copytree(self.copy.folder / made, self.folder / name / made, symlinks=True)
            self.timeline = self.timeline or seen
        print("differ between two undisturbed runs, and are not compared:")
        for path in different(self.folder / "undisturbed", self.folder / "again", {}):
            why = next((own for pattern, own in MEASURED.items() if fnmatch(path, pattern)), "")
            if why:
                print(f"  {path}: {why}")
            else:
                self.counts.wrong("differ between two undisturbed runs", path)

    def clear(self) -> None:
        """Remove what runs made, but for folders: what is written in them can then be watched from the start."""
        self.end()
        for name in MADE:
            shutil.rmtree(self.copy.folder / name, ignore_errors=True)
        for path in (self.folder / "undisturbed").rglob("*"):
            if path.is_dir() and not path.is_symlink():
                (self.copy.folder / path.relative_to(self.folder / "undisturbed")).mkdir(parents=True, exist_ok=True)
        self._answers = {}

    def end(self) -> None:
        """Kill what killed runs left running."""
        for run in self._orphans:
            run.end()
        self._orphans = []

    def moments(self, n: int, kinds: Sequence[str] = ("",), inside: int = 0) -> list[Moment]:
        """Return moments drawn uniformly from the undisturbed run's time, latest first."""
        times = sorted((self.random.uniform(0, self.timeline[-1][0]) for _ in range(n)), reverse=True)
        in_writes = {*self.random.sample(range(n), inside)}
        found = []
        for place, at in enumerate(times):
            began, left = [own for own in self.timeline if own[0] <= at][-1]
            # The master writes nothing itself: of kills inside a write it is the job that dies, or both.
            known = [kind for kind in kinds if kind != "master" or place not in in_writes]
            found.append(Moment(left, at - began, self.random.choice(known), place in in_writes))
        return found

    def part(
        self, name: str, n: int, disturb: Disturb, each: int, kinds: Sequence[str] = ("",), inside: int = 0
    ) -> None:
        """Disturb runs at ``n`` moments, one run at most ``each`` times; those that came too late are drawn again."""
        moments, rounds = self.moments(n, kinds, inside), -(-n // each)
        left: list[Moment] = []
        for number in range(rounds):
            print(f"{name}, run {number + 1} of {rounds}", flush=True)
            left += self.pass_of(moments[number::rounds], disturb)
        for _ in range(3):
            if left:
                print(f"{name}, {len(left)} more", flush=True)
                again = self.moments(len(left), kinds, sum(own.inside for own in left))
                left = self.pass_of(again, disturb)
        if left:
            self.counts.wrong(f"{name} that never came", "the runs ended before", len(left))

    def pass_of(self, moments: list[Moment], disturb: Disturb) -> list[Moment]:
        """Run until the run is whole, disturbed at each moment; return the moments that were not reached."""
        self.clear()
        failed = 0
        while failed < 4:
            run = self.start()
            if moments and reached(run, moments[-1]) and disturb(run, moments[-1]):
                moments.pop()
                self.look(run)
                continue
            code = run.wait()
            self.look(run)
            if code == 0:
                self.compare()
                return moments
            if "another process writes this journal" in run.text():
                self.counts.other["times that the run said to wait for a job of the killed one"] += 1
                while any(orphan.jobs() for orphan in self._orphans):
                    time.sleep(0.2)
                continue
            failed += 1
            self.counts.wrong("starts that did not go on", " | ".join(run.text().strip().splitlines()[-3:])[-600:])
        self.counts.wrong("runs that never became whole", f"see {run.output}")
        return moments

    def look(self, run: Run) -> None:
        """Look for tracebacks in what a start, and its jobs' logs, said; the same one counts once."""
        for path in [run.output, *(self.copy.folder / "logs").rglob("*.log")]:
            text, where = path.read_text(encoding="utf-8", errors="replace"), path.relative_to(self.folder)
            for said in tracebacks(text):
                if said not in self._said:
                    self.counts.wrong("tracebacks", f"{where}: {said}")
                self._said.add(said)
            for said in snakemakes_tracebacks(text):
                if said not in self._said:
                    self.counts.note(OF_SNAKEMAKE, f"{where}: {said}")
                self._said.add(said)

    def kill(self, run: Run, moment: Moment) -> bool:
        """Kill at a moment, or at the first write after it; return whether it came to that."""
        writing: dict[int, list[Path]] = {}
        if moment.inside:
            made = (self.copy.folder / "results", self.copy.folder / "resources")
            writes = Writes(path for root in made for path in [root, *root.rglob("*")] if path.is_dir())
            while not run.ended() and not writing:
                if writes.wait(0.5):
                    run.freeze()
                    writing = run.being_written()
                    if not writing:
                        run.go_on()
                    writes.forget()
            writes.close()
            if not writing:
                return False
        else:
            run.freeze()
            if run.ended():
                return False
        victims, what = [pid for pid in writing if pid not in (0, run.process.pid)] or run.jobs(), moment.what
        if what == "job" and not victims:
            what = "both"
        for path in (self.copy.folder / "state").rglob("*.jsonl"):
            self._answers[path] = path.read_bytes().count(b"\n")
        run.kill(what, victims if writing else self.random.sample(victims, min(1, len(victims))))
        if what == "master":
            self._orphans.append(run)
        self.counts.other[f"kills of {what}{' inside a write' if moment.inside else ''}"] += 1
        half = ", ".join(
            f"{path.relative_to(self.copy.folder)} ({path.stat().st_size} bytes)"
            for paths in writing.values()
            for path in paths
            if path.exists()
        )
        print(f"  killed {what}, {moment.left} jobs left" + (f", writing {half}" if half else ""), flush=True)
        return True

    def fill(self, run: Run, moment: Moment) -> bool:
        """Fill the disk at a moment; return whether the run met that."""
        free = 4096 * self.random.randrange(0, 16)
        filler = fill(self.copy.folder, free)
        code = run.wait()
        filler.unlink()
        said = run.text() + "".join(
            path.read_text(encoding="utf-8", errors="replace") for path in (self.copy.folder / "logs").rglob("*.log")
        )
        if not code:
            return False
        self.counts.other["full disks"] += 1
        lines = [own for own in run.text().splitlines() if re.match(r"error|\w*Error", own)] or ["it says nothing"]
        print(f"  full, {moment.left} jobs left, {free} bytes free: {lines[-1][:200]}", flush=True)
        if "No space left" not in said:
            self.counts.wrong("full disks that were not named", lines[-1][:300])
        return True

    def compare(self) -> None:
        """Compare a whole run with the undisturbed one."""
        before, after = self.folder / "undisturbed", self.copy.folder
        self.counts.other["whole runs compared"] += 1
        for path in different(before, after, MEASURED):
            self.counts.wrong("results not byte-identical", path)
            lost, other = items(before / path, after / path)
            if lost:
                self.counts.wrong("lost items", path, lost)
            if other:
                self.counts.wrong("silently wrong items", path, other)
        for journal, count in self._answers.items():
            gone = count - (journal.read_bytes().count(b"\n") if journal.exists() else 0)
            if gone > 0:
                self.counts.wrong("answers lost from a journal", str(journal.relative_to(after)), gone)
        self.counts.other["temporary files that kills left behind"] += len(temporary_files(after))


def reached(run: Run, moment: Moment) -> bool:
    """Wait for a moment of a run; return whether it came before the run's end."""
    since = 0.0
    while not run.ended():
        left = run.left()
        if not since and (moment.left is None or (left is not None and left <= moment.left)):
            since = time.monotonic()
        if since and time.monotonic() - since >= moment.seconds:
            return True
        time.sleep(POLL)
    return False


def report(counts: Counts, seed: int, seconds: float) -> str:
    """Return the table for docs/reliability.md."""
    zero = [
        *("lost items", "silently wrong items", "tracebacks", "results not byte-identical"),
        *("bad inputs without their line", "half-written files", "answers lost from a journal"),
        *("starts that did not go on", "full disks that were not named"),
        *sorted({*counts.zero}),
    ]
    rows = [(name, counts.other[name]) for name in sorted({*counts.other, OF_SNAKEMAKE})]
    rows += [(f"**{name}**", counts.zero[name]) for name in dict.fromkeys(zero)]
    lines = "\n".join(f"| {name} | {number} |" for name, number in rows)
    said = f"`python benchmarks/torture.py --seed {seed}`, {seconds / 60:.0f} minutes"
    return f"{said}\n\n| | |\n|---|---:|\n{lines}"


def torture_all(torture: Torture, args: argparse.Namespace) -> None:
    """Do the parts that were asked for."""
    if {"kills", "disks"} & {*args.parts}:
        torture.undisturbed()
    if "kills" in args.parts:
        torture.part("kills", args.kills, torture.kill, args.each, ("master", "job", "both"), args.inside)
    if "bad-inputs" in args.parts:
        from try_inputs import try_all

        tried, failures = try_all(torture.folder, torture.copy)
        torture.counts.other["kinds of bad input"] = tried
        for failure in failures:
            tell = torture.counts.note if failure.count == OF_SNAKEMAKE else torture.counts.wrong
            tell(failure.count, failure.line)
    if "disks" in args.parts:
        torture.clear()
        with small_disk(torture.folder / "disk", DISK):
            shutil.copytree(torture.copy.folder, torture.folder / "disk", dirs_exist_ok=True, symlinks=True)
            torture.copy.folder = torture.folder / "disk"
            torture.part("full disks", args.disks, torture.fill, args.each)
            torture.clear()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="a new folder for everything that is made")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--inside", type=int, default=24, help="of the kills: inside a write")
    parser.add_argument("--disks", type=int, default=20)
    parser.add_argument("--each", type=int, default=12, help="most disturbances of one run")
    args = parser.parse_args()
    if args.folder.exists():
        sys.exit(f"error: {args.folder} is there already. Give a folder that is not.")
    print(f"seed {args.seed}", flush=True)
    began = time.monotonic()
    torture = Torture(args.folder.resolve(), args.seed)
    counts = torture.counts
    try:
        torture_all(torture, args)
    finally:
        torture.end()
    print(f"\n{report(counts, args.seed, time.monotonic() - began)}\n")
    print("\n".join(counts.told))
    sys.exit(int(bool(counts.zero.total())))


if __name__ == "__main__":
    main()
