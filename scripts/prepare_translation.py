"""Make the translation splits of all directions from gettext catalogues (rule prepare_translation).

python scripts/prepare_translation.py --catalogues django=resources/catalogues/django.whl … --languages en de \
    --directions en-de --other-directions de-fr --held-out gramps \
    --sizes '{"dev": 32, "trial": 8, "test": 32, "out_of_domain": 12, "other": 12}' --seed 1 \
    --folder results/default/data/translation --paragraphs results/default/data/translation/paragraphs.json

Reads the wheels. Writes {folder}/{direction}/{train,dev,trial,test,out_of_domain}.jsonl, and a paragraph of training
text per language, by which the foundation is verified. Trial items are the first of dev. Other directions have fewer
test items, the first of the rest's, and none out of domain.
"""

import argparse
import json
import logging
from pathlib import Path

from prefixyarn.data.splits import items, split
from prefixyarn.errors import InputError, run
from prefixyarn.languages import Direction, language
from prefixyarn.records import write_json, write_records
from prefixyarn.tasks.translation.catalogues import read_catalogue

PARAGRAPH_SENTENCES = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalogues", nargs="+", required=True, help="package=wheel")
    parser.add_argument("--languages", nargs="+", required=True)
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--other-directions", nargs="*", required=True)
    parser.add_argument("--held-out", required=True, help="package held out of training")
    parser.add_argument("--sizes", required=True, type=json.loads)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--folder", required=True, type=Path)
    parser.add_argument("--paragraphs", required=True)
    args = parser.parse_args()

    directions = {unit: Direction.parse(unit) for unit in [*args.directions, *args.other_directions]}
    sentences, everywhere = [], [Direction("en", code) for code in args.languages if code != "en"]
    for entry in args.catalogues:
        package, wheel = entry.split("=", 1)
        own = read_catalogue(wheel, package, args.languages)
        complete = sum(all(s.serves(direction) for direction in everywhere) for s in own)
        logging.info("%s: %d sentences, %d of them in all languages", package, len(own), complete)
        sentences += own
    wanted = [*everywhere, *directions.values()]
    splits = split(sentences, wanted, args.held_out, args.sizes, args.seed, "translation")
    logging.info("%d training sentences; %d dropped as (near) duplicates", len(splits.train), splits.dropped)
    for unit, direction in directions.items():
        other = unit in args.other_directions
        sentences_of = {
            "train": splits.train,
            "dev": splits.dev,
            "trial": splits.dev[: args.sizes["trial"]],
            "test": splits.test[: args.sizes["other"]] if other else splits.test,
            "out_of_domain": [] if other else splits.out_of_domain,
        }
        for name, own in sentences_of.items():
            write_records(args.folder / unit / f"{name}.jsonl", items(own, direction))
    paragraphs = {}
    for code in args.languages:
        texts = [s.sources[code] for s in splits.train if code in s.sources][:PARAGRAPH_SENTENCES]
        if not texts:
            raise InputError(f"languages: no training sentence is left in {code!r}; add a catalogue that has some")
        paragraphs[code] = language(code).join.join(texts)
    write_json(args.paragraphs, paragraphs)


if __name__ == "__main__":
    run(main)
