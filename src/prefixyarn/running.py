"""Who works in this folder: what a killed run left does not stop the next one, and a living run does.

Snakemake's own locks are files, which a killed run leaves behind. Beside them each process of a run, and each job,
holds a shared lock of the system on one file, which ends with the process, however that ends. Where nobody holds it,
Snakemake's locks are of the dead.
"""

from __future__ import annotations

import fcntl
import os
import platform
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from prefixyarn.errors import InputError

FOLDER = Path(".snakemake")
HELD = FOLDER / "running"
MADE = ("results", "resources")  # where runs write
DATED = (*MADE, "scripts", "src")  # the files whose times Snakemake compares
_held: list[IO[bytes]] = []  # open until this process ends


def hold(begins: bool = False) -> None:
    """Say that this process works in the current folder, until it ends.

    Args:
        begins: Whether it begins a run: then, where no other works here, locks and half-written files that a killed
            run of this machine left are removed, and files from the future, of a clock that was ahead, are dated now.

    Raises:
        InputError: The folder cannot be written to.
    """
    try:
        FOLDER.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{FOLDER.absolute()}: could not be made ({error.strerror}). A run writes into the folder that it is "
            "called in: free some space, mend its permissions, or work in a copy that is yours."
        ) from error
    with suppress(OSError):  # another's folder, or a file system without such locks: Snakemake's locks stay
        stream = open(HELD, "a+b", buffering=0)  # noqa: SIM115
        _held.append(stream)
        if begins:
            _recover(stream)
        fcntl.flock(stream, fcntl.LOCK_SH)


def _recover(stream: IO[bytes]) -> None:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    stream.seek(0)
    host, locks = platform.node().encode(), [*FOLDER.glob("locks/*.lock")]
    if locks and stream.read() not in (b"", host):  # not every network file system tells of another machine's locks
        return
    for lock in locks:
        lock.unlink(missing_ok=True)
    stream.truncate(0)
    stream.write(host)
    now = time.time()
    for path in (path for folder in DATED for path in Path(folder).rglob("*")):
        with suppress(OSError):  # another's file
            if path.parts[0] in MADE and path.match(".*.tmp"):  # of `prefixyarn.writing.atomic`
                path.unlink()
            elif path.lstat().st_mtime > now + 1:  # Snakemake lets no job end that is older than its input
                os.utime(path, (now, now), follow_symlinks=False)


def elsewhere() -> None:
    """Say that this run has jobs on other machines. They outlive it, so nobody here can tell whose locks are dead."""
    HELD.write_text("jobs on other machines", encoding="utf-8")


def busy_text() -> str:
    """Return what to do where Snakemake's locks stop a run: one line with the processes that work in this folder."""
    others = " ".join(map(str, holders()))
    if not others:
        return (
            "error: a killed run's last job has just ended, or a run or a job on another machine works in this folder. "
            "Run again; if nothing works here and this stays: snakemake --unlock"
        )
    return (
        "error: another run works in this folder, or a job that a killed run left. Wait until it ends, or end it with "
        f"`kill {others}`; then run again: nothing that is finished is lost."
    )


def holders() -> list[int]:
    """Return the processes of this machine that hold the lock, without this one; none where there is no ``/proc``."""
    found = set()
    for opened in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):  # it has ended, or is another person's
            if opened.samefile(HELD):
                found.add(int(opened.parts[2]))
    return sorted(found - {os.getpid()})
