"""Try the inputs of `bad_inputs.py` and judge what comes of each; for `torture.py`."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bad_inputs import AS_RIGHT, TABLE, Bad
from bad_servers import serve
from damage import right_files
from entry_points import ENTRIES, RIGHT, Place
from same_bytes import OF_SNAKEMAKE, snakemakes_tracebacks, tracebacks

from checkout import Copy

LONGEST = 120  # seconds that an input may take
LOCKS = (".fetching", ".lock")  # files that are there to be locked


def outcome(place: Place, bad: Bad) -> tuple[str, Any]:
    """Give an input to its entry point; return what was said as it was refused (or a traceback), or what was made."""

    def late(*_: Any) -> None:
        raise TimeoutError(f"more than {LONGEST} seconds")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(LONGEST)
    here, arguments = Path.cwd(), sys.argv
    os.chdir(place.copy.folder)
    try:
        return "", ENTRIES[bad.entry](place, *([bad.given] if isinstance(bad.given, str) else []))
    except SystemExit as end:
        return str(end.code), None
    except BaseException:
        return traceback.format_exc(), None
    finally:
        signal.alarm(0)
        os.chdir(here)
        sys.argv = arguments


@dataclass(frozen=True)
class Failure:
    """An input that did not get its line: under which count it goes, and what happened."""

    count: str
    line: str


def judge(bad: Bad, text: str, value: Any, right: Any, place: Place) -> Failure | None:
    """Return how an input was not dealt with as the table says, if so."""
    what = f"{bad.entry}, {bad.name}"
    if found := tracebacks(text):
        return Failure("tracebacks", f"{what}: {found[-1]}")
    lines = text.strip().splitlines() or ["it was taken without a word"]
    last = next((own for own in reversed(lines) if "rror" in own), lines[-1])[:400]
    if bad.noted:
        log = (place.folder / "log").read_text(encoding="utf-8", errors="replace")
        noted = not text and re.search(bad.line, log)
        return None if noted else Failure("bad inputs without their line", f"{what}: {last!r}, not read and noted")
    if bad.line == AS_RIGHT:
        if text:
            return Failure("bad inputs without their line", f"{what}: should be read, but: {last}")
        return None if value == right else Failure("silently wrong items", f"{what}: read as something else")
    if not text:
        return Failure("bad inputs without their line", f"{what}: {last}")
    if not re.search(bad.line, text):
        return Failure("bad inputs without their line", f"{what}: {last!r} does not match {bad.line!r}")
    left = [path for path in place.target.rglob("*") if path.is_file() and not path.name.endswith(LOCKS)]
    if place.target.exists() and left:
        return Failure("half-written files", f"{what}: {', '.join(path.name for path in left)}")
    return None


def try_all(folder: Path, copy: Copy) -> tuple[int, list[Failure]]:
    """Try all inputs of the table.

    Args:
        folder: Where; a folder ``bad`` is made in it.
        copy: The copy of the repository. For files that are damaged between two rules it makes a whole run, if it has
            none.

    Returns:
        How many there are, and what went wrong.
    """
    failures: list[Failure] = []
    rights: dict[str, Any] = {}
    (folder / "bad").mkdir()
    copy.command()  # writes its configuration
    right_files(folder / "bad/right", copy.folder / "model")
    with serve() as server:
        for number, bad in enumerate(TABLE):
            if bad.entry.startswith("run"):
                continue
            began = time.monotonic()
            place = Place(folder / f"bad/{number}", copy, server)
            shutil.copytree(folder / "bad/right", place.folder)
            if bad.line == AS_RIGHT and bad.entry not in rights:
                text, rights[bad.entry] = outcome(place, Bad(bad.name, RIGHT.get(bad.entry, bad.entry), (), AS_RIGHT))
                assert not text, f"{bad.entry}: right input is refused: {text}"
                shutil.rmtree(place.folder)
                shutil.copytree(folder / "bad/right", place.folder)
            for change in bad.changes():
                change(place.folder)
            text, value = outcome(place, bad)
            failure = judge(bad, text, value, rights.get(bad.entry), place)
            if failure:
                failures.append(failure)
            what = f"{bad.entry}, {bad.name}"
            failures += [Failure(OF_SNAKEMAKE, f"{what}: {own}") for own in snakemakes_tracebacks(text)]
            seconds = time.monotonic() - began
            print(f"  {'FAILS' if failure else 'ok   '} {seconds:4.1f} s  {bad.entry}: {bad.name}", flush=True)
            shutil.rmtree(place.folder, ignore_errors=True)
    failures += list(between_rules(copy, folder / "bad"))
    return len(TABLE), failures


def between_rules(copy: Copy, folder: Path) -> Iterator[Failure]:
    """Damage files of a whole run, several at once in different jobs' input, and run on."""
    groups = dict.fromkeys(bad.entry for bad in TABLE if bad.entry.startswith("run"))
    if groups:
        copy.run()
    for group in groups:
        rows = [bad for bad in TABLE if bad.entry == group]
        kept = folder / group
        shutil.copytree(copy.folder / "results", kept)
        for bad in rows:
            for change in bad.changes():
                change(copy.folder)
        ended = copy.run("--keep-going", check=False)
        said = ended.stdout + ended.stderr
        yield from (Failure("tracebacks", f"{group}: {own}") for own in tracebacks(said))
        yield from (Failure(OF_SNAKEMAKE, f"{group}: {own}") for own in snakemakes_tracebacks(said))
        # The last line of each failed job, and where its log is, stand at the end.
        said = said.split("At least one job did not complete successfully")[-1]
        for bad in rows:
            place = Place(folder / "none", copy, "")
            failure = judge(bad, said if ended.returncode else "", None, None, place)
            print(f"  {'FAILS' if failure else 'ok   '}         {bad.entry}: {bad.name}", flush=True)
            if failure:
                yield failure
        shutil.rmtree(copy.folder / "results")
        kept.rename(copy.folder / "results")
        copy.run()
