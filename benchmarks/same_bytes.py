"""What to look for after a disturbance: other files, other items, tracebacks; for `torture.py`."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path

# Files that two undisturbed runs need not have alike, and why.
MEASURED = {
    "results/*/timings/*": "seconds",
    "*.provenance.json": "times, versions and the commit",
    "results/*/tables/cost_*": "seconds",
    "results/*/figures/cost_*": "seconds",
    "results/*/report.html": "shows the seconds",
    "resources/foundations/*/model/stamps.json": "times and numbers of files on the disk",
}


def different(before: Path, after: Path, exempt: Mapping[str, str]) -> list[str]:
    """Return the files under results/ and resources/ that are not the same bytes, or only in one of both folders.

    Of links it is where they lead: a copy of a folder need not have what is beside it.
    """

    def content(path: Path, whole: Path) -> str:
        return (
            os.path.relpath(path.resolve(), whole.resolve())
            if path.is_symlink()
            else hashlib.sha256(path.read_bytes()).hexdigest()
        )

    def files(folder: Path) -> dict[str, str]:
        paths = [path for name in ("results", "resources") for path in (folder / name).rglob("*")]
        kept = {str(path.relative_to(folder)): path for path in paths if path.is_symlink() or path.is_file()}
        return {
            name: content(path, folder)
            for name, path in kept.items()
            if not name.endswith(".tmp") and not any(fnmatch(name, pattern) for pattern in exempt)
        }

    one, two = files(before), files(after)
    return sorted(name for name in {*one, *two} if one.get(name) != two.get(name))


def items(before: Path, after: Path) -> tuple[int, int]:
    """Return how many records of a file of JSON lines are missing, and how many are other ones."""
    if before.suffix != ".jsonl":
        return 0, 0

    def records(path: Path) -> Iterator[tuple[str, str]]:
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
            record = json.loads(line)
            names = ("subset", "id", "item", "kind", "variant", "k", "unit", "model", "prompt")
            yield json.dumps([record.get(name) for name in names]), line

    one, two = dict(records(before)), dict(records(after))
    return len(one.keys() - two.keys()), sum(two[key] != one.get(key) for key in two)


def tracebacks(text: str) -> list[str]:
    """Return the last line of each traceback in a text."""
    found = []
    for part in text.split("Traceback (most recent call last)")[1:]:
        lines = part.splitlines()
        found.append(next((own for own in lines[1:] if own.strip() and not own[0].isspace()), lines[-1])[:400])
    return found
