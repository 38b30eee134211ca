"""Disturb a run of snakemake: freeze it in the middle of a write, kill parts of it, fill its disk.

A run is a session of its own: the master and its jobs are one process group, which one signal stops. What a stopped
process has open for writing is known for certain, and a killed one never wakes: so it is known, not guessed, that a
kill was inside a write. Where nothing was found open, all go on as if nothing had been.
"""

from __future__ import annotations

import ctypes
import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

IN_CREATE, IN_MODIFY = 0x100, 0x2  # of inotify(7)
POLL = 0.02  # seconds between two looks at a run
LONGEST = 1200  # seconds that a run may take
WRITTEN = ("results", "resources")  # logs and journals are open all the time; they are looked at on their own

_libc = ctypes.CDLL(None, use_errno=True)


class Run:
    """A start of snakemake, whose output goes to a file."""

    def __init__(self, command: dict[str, Any], output: Path) -> None:
        """Start it: ``command`` is what ``subprocess`` takes."""
        self.folder, self.output = Path(command["cwd"]), output
        self._stream = open(output, "w+", encoding="utf-8")  # noqa: SIM115 - open as long as the run is
        self.process = subprocess.Popen(
            **command, stdout=self._stream, stderr=subprocess.STDOUT, start_new_session=True
        )
        self.group = self.process.pid
        self.began = time.monotonic()
        self.first_job = 0.0  # when jobs were first chosen, by the same clock
        self._known = {str(path) for path in temporary_files(self.folder)}  # of earlier kills

    def text(self) -> str:
        """Return what it has said so far."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def ended(self) -> bool:
        """Return whether the master is gone."""
        return self.process.poll() is not None

    def left(self) -> int | None:
        """Return how many jobs are still to do; None until that is known."""
        text = self.text()
        if not self.first_job and "Select jobs to execute" in text:
            self.first_job = time.monotonic()
        if steps := re.findall(r"^(\d+) of (\d+) steps", text, re.M):
            return int(steps[-1][1]) - int(steps[-1][0])
        total = re.search(r"^total +(\d+)", text, re.M)
        return int(total[1]) if total and self.first_job else None

    def members(self) -> list[int]:
        """Return the processes of the group that are not dead: the master and its jobs, also when it is gone itself."""
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            with suppress(OSError):
                state, _, group = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[:3]
                if int(group) == self.group and state not in "ZX":
                    found.append(int(name))
        return found

    def jobs(self) -> list[int]:
        """Return the processes that run a script of a rule."""
        found = []
        for pid in self.members():
            with suppress(OSError):
                if b".snakemake/scripts/" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(pid)
        return found

    def freeze(self) -> None:
        """Stop master and jobs; return when none of them runs any more.

        A process that waits for its child's exec is not stopped as long as the child is: after a second it counts.
        """
        self._signal(signal.SIGSTOP)
        until = time.monotonic() + 1
        for pid in self.members():
            with suppress(OSError):
                while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "TZX":
                    if time.monotonic() > until:
                        break
                    time.sleep(0.001)

    def go_on(self) -> None:
        """Let what was stopped go on."""
        self._signal(signal.SIGCONT)

    def wait(self) -> int:
        """Wait for the master's end and return its exit status; one that hangs is killed."""
        try:
            return self.process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            self.end()
            return -1

    def end(self) -> None:
        """Kill whatever is left."""
        self._signal(signal.SIGKILL)
        self.process.wait()

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.group, number)

    def being_written(self) -> dict[int, list[Path]]:
        """Return, of a stopped run, which process is writing which files: open for writing, or not yet renamed.

        Temporary files that no process has open any more count for 0: of all but their renaming they are done.
        """
        found: dict[int, list[Path]] = {}
        roots = tuple(f"{self.folder / name}/" for name in WRITTEN)
        for pid in self.members():
            with suppress(OSError):
                for fd in os.listdir(f"/proc/{pid}/fd"):
                    path = os.readlink(f"/proc/{pid}/fd/{fd}")
                    if path.startswith(roots) and not path.endswith(" (deleted)"):
                        flags = re.search(r"flags:\s*(\d+)", Path(f"/proc/{pid}/fdinfo/{fd}").read_text())
                        if flags and int(flags[1], 8) & os.O_ACCMODE:
                            found.setdefault(pid, []).append(Path(path))
        opened = {str(path) for paths in found.values() for path in paths}
        if closed := [p for p in temporary_files(self.folder) if str(p) not in opened | self._known]:
            found.setdefault(0, []).extend(closed)
        return found

    def kill(self, what: str, pids: Iterable[int] = ()) -> None:
        """Send SIGKILL to a stopped run's ``master``, to ``job`` processes, or to ``both``; the others go on."""
        if what == "both":
            self.end()
            return
        for pid in [self.process.pid] if what == "master" else pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.go_on()
        self.wait()


def temporary_files(folder: Path) -> list[Path]:
    """Return the files that are named as `prefixyarn.records.atomic` names what it is writing."""
    return [path for name in WRITTEN for path in (folder / name).rglob(".*.tmp")]


class Writes:
    """Tells when something is written in some folders, through inotify."""

    def __init__(self, folders: Iterable[Path]) -> None:
        """Watch these folders; not those within them."""
        self._fd = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "inotify")
        for folder in folders:
            _libc.inotify_add_watch(self._fd, os.fsencode(folder), IN_CREATE | IN_MODIFY)

    def wait(self, seconds: float) -> bool:
        """Return, as soon as something is written, true; false if nothing is for so long."""
        ready = bool(select.select([self._fd], [], [], seconds)[0])
        return ready and bool(os.read(self._fd, 2**16))

    def forget(self) -> None:
        """Drop what happened until now."""
        with suppress(BlockingIOError):
            while os.read(self._fd, 2**16):
                pass

    def close(self) -> None:
        """Watch no more."""
        os.close(self._fd)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Have a file system of its own in a folder for a while: a tmpfs, for which one must be root."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(disk: Path, free: int) -> Path:
    """Write a file that leaves so many bytes of a disk free, rounded down to pages; return it."""
    filler = disk / "filler"
    with open(filler, "wb") as stream, suppress(OSError):
        while True:
            about = os.statvfs(disk)
            more = about.f_bavail * about.f_frsize - free
            if more <= 0:
                break
            stream.write(bytes(min(more, 2**22)))
            stream.flush()
    return filler
