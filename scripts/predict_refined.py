"""Predict the start of each test item's translation with the refined model (rule predict_refined).

python scripts/predict_refined.py --manifest results/default/models/refined/translation/manifest.json \
    --direction en-de --items results/default/data/translation/en-de/{test,out_of_domain}.jsonl --batch 32 \
    --predictions results/default/refined/translation/en-de.jsonl

Writes a prediction record per item.
"""

import argparse
from pathlib import Path

from prefixyarn.errors import run
from prefixyarn.models.refined import KINDS
from prefixyarn.records import Item, Prediction, read_json, read_records, write_records


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", required=True, type=Path, help="the refined model's manifest")
    parser.add_argument("--direction", required=True)
    parser.add_argument("--items", nargs="+", required=True)
    parser.add_argument("--batch", required=True, type=int, help="items side by side")
    parser.add_argument("--predictions", required=True, help="file to write")
    args = parser.parse_args()

    items = [item for path in args.items for item in read_records(path, Item)]
    kind = KINDS[read_json(args.manifest)["kind"]]
    texts, whole = kind.predict(args.manifest.parent, args.direction, items, args.batch)
    write_records(args.predictions, (Prediction(item.id, text, whole) for item, text in zip(items, texts, strict=True)))


if __name__ == "__main__":
    run(main)
