"""The splits of summarisation: Debian's package descriptions or CrossSum's articles, as items of every direction."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from prefixyarn.data.splits import items, split
from prefixyarn.languages import Direction
from prefixyarn.records import Item
from prefixyarn.tasks.summarization import crosssum, descriptions

# By subset the items of each split. ``parallel`` has short parallel texts for a dictionary.
Made = dict[str, dict[str, list[Item]]]


def from_debian(
    files: Mapping[str, str | Path], subsets: Sequence[str], sizes: Mapping[str, int], seed: int
) -> tuple[Made, str]:
    """Return the splits of Debian's descriptions, and a note that says what they are.

    Args:
        files: The descriptions by language code; English among them.
        subsets: The directions.
        sizes: Number of texts by split; ``train`` at most.
        seed: Seed of the draw.
    """
    directions = {subset: Direction.parse(subset) for subset in subsets}
    read = {code: descriptions.read(path) for code, path in files.items()}
    texts = descriptions.parallels(read, sorted({direction.source for direction in directions.values()}))
    splits = split(texts, list(directions.values()), "", {**sizes, "out_of_domain": 0}, seed, "summarization")
    logging.info("%d training descriptions; %d dropped as (near) duplicates", len(splits.train), splits.dropped)
    made: Made = {}
    for subset, direction in directions.items():
        made[subset] = {name: items(getattr(splits, name), direction) for name in ("train", "dev", "test")}
        made[subset]["parallel"] = [
            Item(item.package, item.targets[direction.source], item.targets[direction.target])
            for item in splits.train
            if {direction.source, direction.target} <= {*item.targets}
        ]
    note = "Debian's translated package descriptions, families of packages in one split"
    return _complete(made, sizes), note


def from_crosssum(folder: str | Path, subsets: Sequence[str], sizes: Mapping[str, int]) -> tuple[Made, str]:
    """Return CrossSum's own splits, cut to the sizes, and a note that says what they are.

    Args:
        folder: Has CrossSum's files, or its archives.
        subsets: The directions.
        sizes: Number of texts by split; ``train`` at most.
    """
    directions = {subset: Direction.parse(subset) for subset in subsets}
    return _complete(crosssum.splits(folder, directions, sizes), sizes), "CrossSum's own splits"


def _complete(made: Made, sizes: Mapping[str, int]) -> Made:
    """Add trial items, the first ones of dev; there are none out of domain."""
    for subset, own in made.items():
        logging.info("%s: %s", subset, ", ".join(f"{len(records)} {name}" for name, records in own.items()))
    return {subset: {**own, "trial": own["dev"][: sizes["trial"]], "out_of_domain": []} for subset, own in made.items()}
