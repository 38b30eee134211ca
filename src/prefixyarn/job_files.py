"""What jobs have in common: reading items by subset, where a job keeps its state, writing running times."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prefixyarn.errors import InputError
from prefixyarn.records import AGAIN, Item, atomic, read_records


def read_by_subset(given: str | Sequence[str], subsets: Sequence[str]) -> dict[str, list[Item]]:
    """Return the items of files by subset: as many files for each, those of a subset after one another.

    Args:
        given: A rule's input: several files, or one.
        subsets: The subsets, in the order of the files.

    Raises:
        InputError: A file is not as expected, all of a subset are empty, or two of them have the same item.
    """
    return {subset: read_items(paths) for subset, paths in files_by_subset(given, subsets).items()}


def read_items(paths: Sequence[str]) -> list[Item]:
    """Return the items of a subset's files, after one another; see `read_by_subset`."""
    found: dict[str, Item] = {}
    for path in paths:
        own = {item.id: item for item in read_records(path, Item, may_be_empty=len(paths) > 1)}
        if both := found.keys() & own.keys():
            raise InputError(f"{path}: the item {min(both)!r} is in {paths[0]} already. {AGAIN}")
        found |= own
    if paths and not found:
        raise InputError(f"{', '.join(paths)}: empty, expected items. {AGAIN}")
    return [*found.values()]


def files_by_subset(given: str | Sequence[str], subsets: Sequence[str]) -> dict[str, list[str]]:
    """Return files by subset, divided as in `read_by_subset`."""
    files = [given] if isinstance(given, str) else list(given)
    each, rest = divmod(len(files), len(subsets))
    assert not rest, f"{len(files)} files for {len(subsets)} subsets"
    return {subset: files[n * each : (n + 1) * each] for n, subset in enumerate(subsets)}


def state_path(log: str, suffix: str) -> Path:
    """Return where a job keeps what it resumes from after it was killed: ``logs/a/b.log`` -> ``state/a/b<suffix>``.

    No rule has it as output: Snakemake deletes the outputs of a job that did not end well.
    """
    return Path("state", *Path(log).parts[1:]).with_suffix(suffix)


def write_seconds(path: str, seconds: float) -> None:
    """Write a running time as Snakemake's ``benchmark:`` does."""
    with atomic(path) as stream:
        stream.write(f"s\n{seconds:.4f}\n")
