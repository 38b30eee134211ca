"""What to look for after a disturbance: other files, other items, tracebacks; for `torture.py`."""

from __future__ import annotations

import hashlib
import json
import re
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

_FRAME = re.compile(r'File "([^"]+)", line')
_JOINED = re.compile("^(During handling of the above exception|The above exception was the direct cause)", re.MULTILINE)
# Snakemake's packages, its interfaces and plugins among them, but not our logger. Python itself, and code of no file.
_SNAKEMAKES = re.compile("/(site|dist)-packages/snakemake(?!_logger_plugin_prefixyarn)[^/]*/")
_PYTHONS = re.compile("^<|/lib/python3[^/]*/(?!(site|dist)-packages/)")


def different(before: Path, after: Path, exempt: Mapping[str, str]) -> list[str]:
    """Return the files under results/ and resources/ that are not the same bytes, or only in one of both folders.

    Of links it is where they lead. Both folders lie in one, with the folder that they may be copies of: a copy's links
    lead into that one where they are absolute, and where they are not, to what the copy need not have. Where in its
    folder that is must be the same.
    """
    beside = before.resolve().parent

    def content(path: Path) -> str:
        if not path.is_symlink():
            return hashlib.sha256(path.read_bytes()).hexdigest()
        leads = path.resolve()
        return str(Path(*leads.relative_to(beside).parts[1:]) if leads.is_relative_to(beside) else leads)

    def files(folder: Path) -> dict[str, str]:
        paths = [path for name in ("results", "resources") for path in (folder / name).rglob("*")]
        kept = {str(path.relative_to(folder)): path for path in paths if path.is_symlink() or path.is_file()}
        return {
            name: content(path)
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


OF_SNAKEMAKE = "tracebacks of Snakemake's own"  # what these are counted as


def tracebacks(text: str) -> list[str]:
    """Return the last line of each traceback in a text, but for those of `snakemakes_tracebacks`."""
    return [line for line, of_snakemake in _tracebacks(text) if not of_snakemake]


def snakemakes_tracebacks(text: str) -> list[str]:
    """Return the last line of each traceback that is Snakemake's own: it has a frame there, and none that is ours.

    So it is where Snakemake cannot write what it keeps of a job, or is to read a configuration that is not there. One
    that a chain of errors joins to a frame of ours, or of a library that we call, is not Snakemake's own.
    """
    return [line for line, of_snakemake in _tracebacks(text) if of_snakemake]


def _tracebacks(text: str) -> list[tuple[str, bool]]:
    """Return the last line of each traceback in a text, and whether it is Snakemake's own."""
    found: list[tuple[str, bool]] = []
    chain: list[str] = []  # the last lines of tracebacks that are joined, and the files of all their frames
    files: list[str] = []
    for part in text.split("Traceback (most recent call last)")[1:]:
        lines = part.splitlines()
        end = next((n for n, own in enumerate(lines) if n and own.strip() and not own[0].isspace()), len(lines) - 1)
        chain.append(lines[end][:400])
        files += _FRAME.findall("\n".join(lines[:end]))
        if not _JOINED.search("\n".join(lines[end:])):
            of_snakemake = any(map(_SNAKEMAKES.search, files)) and all(
                _SNAKEMAKES.search(file) or _PYTHONS.search(file) for file in files
            )
            found += [(line, of_snakemake) for line in chain]
            chain, files = [], []
    return found + [(line, False) for line in chain]  # text that was cut
