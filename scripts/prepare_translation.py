"""Make the translation splits of all directions, from gettext catalogues or FLORES-101 (rule prepare_translation).

python scripts/prepare_translation.py --catalogues django=resources/catalogues/django.whl … --held-out gramps \
    --languages en de --directions en-de --other-directions de-fr \
    --sizes '{"dev": 32, "trial": 8, "test": 32, "out_of_domain": 12, "other": 12}' --seed 1 \
    --folder results/default/data/translation
python scripts/prepare_translation.py --flores resources/official --lock config/data.lock.json --languages …

Reads the wheels, or FLORES's dev and, if it is there, devtest. Writes {folder}/{direction}/{train,dev,trial,test,
out_of_domain}.jsonl; note.json: what the items are; and paragraphs.json: training text per language, by which the
foundation is verified. Trial items are the first of dev. Other directions have fewer test items, the first of the
rest's, and none out of domain.
"""

import argparse
import json
import logging
from pathlib import Path

from prefixyarn.data.lock import check_files
from prefixyarn.data.official import flores_file
from prefixyarn.data.splits import Splits, items, split
from prefixyarn.errors import InputError, run
from prefixyarn.languages import Direction, language
from prefixyarn.records import write_json, write_records
from prefixyarn.tasks.translation.catalogues import read_catalogue
from prefixyarn.tasks.translation.flores import flores_splits, read_flores

PARAGRAPH_SENTENCES = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--catalogues", nargs="+", help="package=wheel")
    source.add_argument("--flores", type=Path, help="folder that holds flores101_dataset")
    parser.add_argument("--lock", help="lock file with the checksums of FLORES's files")
    parser.add_argument("--languages", nargs="+", required=True)
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--other-directions", nargs="*", required=True)
    parser.add_argument("--held-out", help="package held out of training")
    parser.add_argument("--sizes", required=True, type=json.loads)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--folder", required=True, type=Path)
    args = parser.parse_args()

    directions = {unit: Direction.parse(unit) for unit in [*args.directions, *args.other_directions]}
    wanted = [*(Direction("en", code) for code in args.languages if code != "en"), *directions.values()]
    splits, note = (from_flores if args.flores else from_catalogues)(args, wanted)
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
    write_json(args.folder / "paragraphs.json", paragraphs)
    write_json(args.folder / "note.json", {"note": note})


def from_catalogues(args: argparse.Namespace, directions: list[Direction]) -> tuple[Splits, str]:
    sentences = []
    for entry in args.catalogues:
        package, wheel = entry.split("=", 1)
        own = read_catalogue(wheel, package, args.languages)
        complete = sum(all(s.serves(direction) for direction in directions) for s in own)
        logging.info("%s: %d sentences, %d of them in all languages", package, len(own), complete)
        sentences += own
    splits = split(sentences, directions, args.held_out, args.sizes, args.seed, "translation")
    packages = ", ".join(entry.split("=", 1)[0] for entry in args.catalogues)
    return splits, f"Sentences of gettext catalogues ({packages}); {args.held_out} is out of domain, never trained on"


def from_flores(args: argparse.Namespace, directions: list[Direction]) -> tuple[Splits, str]:
    read = {}
    for name in ("dev", "devtest"):
        files = {file: args.flores / file for file in (flores_file(code, name) for code in args.languages)}
        # Some mirrors have dev alone; of devtest all files are wanted, or none.
        present = name == "dev" or any(path.exists() for path in files.values())
        if present:
            check_files(args.lock, files)
        read[name] = read_flores(args.flores, name, args.languages) if present else []
    return flores_splits(read["dev"], read["devtest"], directions, args.sizes)


if __name__ == "__main__":
    run(main)
