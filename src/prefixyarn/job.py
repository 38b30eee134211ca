"""A script's side of its rule: what it is given, its log, and how it ends.

A script of ``scripts/`` is run by Snakemake's ``script:``, which gives it an object ``snakemake``.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from prefixyarn.errors import InputError, told
from prefixyarn.progress import log_gpu_memory
from prefixyarn.running import hold

LOGS_ONLY = "PREFIXYARN_LOGS_ONLY"  # set in the environment: what jobs print goes to their logs alone


class Job(Protocol):
    """What Snakemake gives a script: the rule's inputs, outputs and params by their names, wildcards, resources."""

    input: Any
    output: Any
    params: Any
    wildcards: Any
    resources: Any
    log: Any


def run(main: Callable[[Job], None], job: Job) -> None:
    """Run a script's ``main``; what it and its libraries print goes to the rule's log, and to the terminal.

    An input error or a full disk ends it with one line, any other error with its traceback; the exit status is 1.
    """
    with _logged(job.log[0]):
        logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
        try:
            hold()
            main(job)
            log_gpu_memory()
            return
        except (InputError, OSError) as error:
            print(told(error), file=sys.stderr)
        except Exception:
            traceback.print_exc()
    sys.exit(1)


@contextmanager
def _logged(path: str) -> Iterator[None]:
    """Copy standard output and error to a file, those of libraries in other languages too; see `LOGS_ONLY`."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    kept = os.dup(1), os.dup(2)
    seen = subprocess.DEVNULL if os.environ.get(LOGS_ONLY) else None
    tee = subprocess.Popen(["tee", path], stdin=subprocess.PIPE, stdout=seen)
    assert tee.stdin is not None
    for number in (1, 2):
        os.dup2(tee.stdin.fileno(), number)
    tee.stdin.close()
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        for number, own in zip((1, 2), kept, strict=True):
            os.dup2(own, number)
            os.close(own)
        # tee ends when nobody can write to it any more. A helper of multiprocessing can for as long as this one lives.
        with suppress(subprocess.TimeoutExpired):
            tee.wait(timeout=1)


def failures(log: str) -> list[str]:
    """Return, for each failed job of Snakemake's own log, the last line of the job's log and where that is."""
    text = Path(log).read_text(encoding="utf-8", errors="replace")
    found = []
    for path in dict.fromkeys(re.findall(r"^    log: (.+) \(check log file", text, re.M)):
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines() if Path(path).exists() else []
        last = next((line for line in reversed(lines) if line.strip()), "it says nothing")
        if not re.match(r"[\w.]*([Ee]rror|Exception|Interrupt)\b", last):
            last = f"a job ended without an error message: was it killed, for lack of memory? Last it said: {last}"
        found.append(f"{last}\n  ({path})")
    return found
