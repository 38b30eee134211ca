"""Train the refined model on all directions (rule train_refined).

python scripts/train_refined.py --kind linear --directions en-de en-fr \
    --train results/default/data/translation/{en-de,en-fr}/train.jsonl \
    --dev results/default/data/translation/{en-de,en-fr}/dev.jsonl \
    --held-out results/default/data/translation/*/{dev,test,out_of_domain}.jsonl \
    --config '{"units": 2, "seed": 1}' --pretrained resources/refined/source --state state/default/train_refined \
    --manifest results/default/models/refined/translation/manifest.json

Reads training and dev items in the order of the directions. Writes the model into the manifest's folder; the
manifest has the share of dev items whose first unit the model has right, by direction.
"""

import argparse
import json
import logging
import shutil
from itertools import chain
from pathlib import Path

from prefixyarn.data.splits import check_unseen
from prefixyarn.errors import run
from prefixyarn.languages import Direction
from prefixyarn.models.refined import KINDS, first_unit_accuracy
from prefixyarn.records import Item, read_records, write_json


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", required=True, choices=KINDS)
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--train", nargs="+", required=True)
    parser.add_argument("--dev", nargs="+", required=True)
    parser.add_argument("--held-out", nargs="+", required=True, help="what must not be trained on")
    parser.add_argument("--config", required=True, type=json.loads, help="the kind's settings")
    parser.add_argument(
        "--pretrained", required=True, help="folder of the fetched model, for kinds that start from one"
    )
    parser.add_argument("--state", required=True, type=Path, help="folder for checkpoints")
    parser.add_argument("--manifest", required=True, type=Path, help="manifest to write, in the model's folder")
    args = parser.parse_args()

    def by_direction(paths: list[str]) -> dict[str, list[Item]]:
        return {unit: read_records(path, Item) for unit, path in zip(args.directions, paths, strict=True)}

    training, dev, folder = by_direction(args.train), by_direction(args.dev), args.manifest.parent
    check_unseen(list(chain(*training.values())), [item for path in args.held_out for item in read_records(path, Item)])
    kind = KINDS[args.kind]
    shutil.rmtree(folder, ignore_errors=True)  # what an earlier kind left there
    folder.mkdir(parents=True)
    parameters = kind.train(training, dev, args.config, args.pretrained, folder, args.state)
    accuracy = {}
    for unit, items in dev.items():
        texts, _ = kind.predict(folder, unit, items, 32)
        found = first_unit_accuracy(texts, items, Direction.parse(unit).target)
        accuracy[unit] = {"n": len(items), "first_unit_accuracy": round(found, 4), "train": len(training[unit])}
        logging.info("%s: first unit right in %.0f %% of %d dev items", unit, 100 * found, len(items))
    write_json(args.manifest, {"kind": args.kind, "config": args.config, "parameters": parameters, "dev": accuracy})


if __name__ == "__main__":
    run(main)
