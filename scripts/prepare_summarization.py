"""Make the summarisation splits of all directions (rule prepare_summarization).

python scripts/prepare_summarization.py --source '{"kind": "debian"}' --directions en-de en-fr \
    --descriptions en=resources/descriptions/en.txt de=resources/descriptions/de.txt … \
    --sizes '{"train": 3000, "dev": 24, "trial": 6, "test": 24}' --seed 1 --folder results/default/data/summarization
python scripts/prepare_summarization.py --source '{"kind": "crosssum", "folder": "…"}' …

Reads Debian's descriptions, or CrossSum's files. Writes {folder}/{direction}/{train,dev,trial,test,out_of_domain}.jsonl
(the last one empty) and parallel.jsonl: short parallel texts for a dictionary, the synopses in both languages.
"""

import argparse
import json
import logging
from pathlib import Path

from prefixyarn.data.splits import items, split
from prefixyarn.errors import run
from prefixyarn.languages import Direction
from prefixyarn.records import Item, write_json, write_records
from prefixyarn.tasks.summarization import crosssum, descriptions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True, type=json.loads, help="the config's summarization.source")
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--descriptions", nargs="*", required=True, help="language=file, for Debian's")
    parser.add_argument("--sizes", required=True, type=json.loads)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--folder", required=True, type=Path)
    args = parser.parse_args()

    directions = {unit: Direction.parse(unit) for unit in args.directions}
    by_split: dict[str, dict[str, list[Item]]]
    note = "Debian's translated package descriptions, families of packages in one split"
    if args.source["kind"] != "debian":
        note = "CrossSum's own splits"
        by_split = crosssum.splits(args.source["folder"], directions, args.sizes)
    else:
        by_split = debian(args.descriptions, directions, args.sizes, args.seed)
    for unit, own in by_split.items():
        for name, records in {**own, "trial": own["dev"][: args.sizes["trial"]], "out_of_domain": []}.items():
            write_records(args.folder / unit / f"{name}.jsonl", records)
        logging.info("%s: %s", unit, ", ".join(f"{len(records)} {name}" for name, records in own.items()))
    write_json(args.folder / "note.json", {"note": note})


def debian(
    files: list[str], directions: dict[str, Direction], sizes: dict[str, int], seed: int
) -> dict[str, dict[str, list[Item]]]:
    read = {code: descriptions.read(path) for code, path in (entry.split("=", 1) for entry in files)}
    texts = descriptions.parallels(read, sorted({direction.source for direction in directions.values()}))
    splits = split(texts, list(directions.values()), "", {**sizes, "out_of_domain": 0}, seed, "summarization")
    logging.info("%d training descriptions; %d dropped as (near) duplicates", len(splits.train), splits.dropped)
    made = {}
    for unit, direction in directions.items():
        made[unit] = {name: items(getattr(splits, name), direction) for name in ("train", "dev", "test")}
        made[unit]["parallel"] = [
            Item(item.package, item.targets[direction.source], item.targets[direction.target])
            for item in splits.train
            if {direction.source, direction.target} <= {*item.targets}
        ]
    return made


if __name__ == "__main__":
    run(main)
