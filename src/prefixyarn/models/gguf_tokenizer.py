"""Making a fast tokenizer of a GGUF file, as a program of its own: conversion runs it beside itself.

python -m prefixyarn.models.gguf_tokenizer x.gguf folder
"""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prefixyarn.errors import InputError


@contextmanager
def tokenizer_of(path: Path, folder: Path) -> Iterator[None]:
    """Make the tokenizer of a GGUF file in a process of its own, which the context's end waits for.

    Most of the time of both goes into parsing the vocabulary. No fork, since threads run; no ``multiprocessing``,
    which would run the user's own script again.

    Raises:
        InputError: It could not be made or written.
    """
    found = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}  # as here, however it came about
    command = [sys.executable, "-m", __name__, str(path), str(folder)]
    child = subprocess.Popen(command, env=found, stderr=subprocess.PIPE, text=True, errors="replace")
    try:
        yield
        said = child.communicate()[1].strip()
        if child.returncode:
            raise InputError(f"{path}: its tokenizer could not be made ({said.splitlines()[-1] if said else 'killed'})")
    finally:
        child.kill()
        child.wait()


def parse_once() -> None:
    """Make this process parse a GGUF file once: ``transformers`` has it parsed for each thing that it reads there."""
    import gguf

    parsed = functools.cache(gguf.GGUFReader)
    gguf.GGUFReader = lambda path, *mode: parsed(str(path), *mode)  # type: ignore[misc,assignment]


def main() -> None:
    """Make the tokenizer; Ctrl-C is for the process that waits for this one, and ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    begun_by = os.getppid()
    from transformers import AutoTokenizer

    parse_once()
    path, folder = map(Path, sys.argv[1:])
    # The tokenizer's own file tells whether only local files were allowed: the same wherever it is made.
    made = AutoTokenizer.from_pretrained(
        path.parent, gguf_file=path.name, trust_remote_code=False, local_files_only=True
    )
    if os.getppid() == begun_by:  # else it was killed, and another may be at work in the folder
        made.save_pretrained(folder)


if __name__ == "__main__":
    main()
