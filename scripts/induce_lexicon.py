"""Make the dictionary of one direction (rule induce_lexicon).

python scripts/induce_lexicon.py --direction en-de --train results/default/data/translation/en-de/train.jsonl \
    --lexicon results/default/lexicon/en-de.tsv
python scripts/induce_lexicon.py --direction de-fr --dictionaries muse/de-en.txt muse/en-fr.txt --lexicon …

Reads the training split, or one dictionary file, or two that pivot through English. Files in a folder
named muse are checked against --lock.
"""

import argparse
import logging
from pathlib import Path

from prefixyarn.data.lexicon import induce, read_dictionaries, write
from prefixyarn.data.lock import check_files
from prefixyarn.errors import run
from prefixyarn.languages import Direction
from prefixyarn.records import Item, read_records


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--direction", required=True, type=Direction.parse)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--train", help="training split to induce from")
    source.add_argument("--dictionaries", nargs="*", help="two-column dictionary files; none for an empty dictionary")
    parser.add_argument("--lock", help="lock file with the checksums of dictionaries that are MUSE's")
    parser.add_argument("--lexicon", required=True, help="file to write")
    args = parser.parse_args()

    if args.dictionaries is not None:
        muse = {f"muse/{Path(path).name}": path for path in args.dictionaries if Path(path).parent.name == "muse"}
        if muse:
            check_files(args.lock, muse)
        lexicon = read_dictionaries(args.dictionaries) if args.dictionaries else {}
    else:
        items = read_records(args.train, Item)
        lexicon = induce(((i.source, i.target) for i in items), args.direction.source, args.direction.target)
    logging.info("%d source words with a translation", len(lexicon))
    write(args.lexicon, lexicon)


if __name__ == "__main__":
    run(main)
