"""Choose number and set of few-shot examples with the best dev score over all directions (rule choose_examples).

python scripts/choose_examples.py --task translation --directions en-de en-fr \
    --items results/default/data/translation/{en-de,en-fr}/trial.jsonl \
    --outputs results/default/examples/translation/NAME.jsonl \
    --examples 1 2 4 --draws 2 --choice results/default/examples/translation/NAME.json

Reads trial items and the outputs of decode_examples of all directions. Writes the choice and all dev scores.
"""

import argparse
import logging

from prefixyarn.errors import run
from prefixyarn.examples import candidates
from prefixyarn.metrics.trials import choose
from prefixyarn.records import Item, Output, read_records, write_json
from prefixyarn.tasks.measuring import metrics


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True)
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--items", nargs="+", required=True, help="trial items, in the order of the directions")
    parser.add_argument("--outputs", required=True, help="of all directions")
    parser.add_argument("--examples", nargs="+", required=True, type=int)
    parser.add_argument("--draws", required=True, type=int)
    parser.add_argument("--choice", required=True, help="file to write")
    args = parser.parse_args()

    units = {
        unit: (read_records(items, Item), read_records(args.outputs, Output, unit))
        for unit, items in zip(args.directions, args.items, strict=True)
    }
    choice = choose(metrics(args.task)[0], candidates(args.examples, args.draws), units)
    logging.info("examples %r: mean dev score %.1f", choice["chosen"], choice["scores"][choice["chosen"]]["mean"])
    write_json(args.choice, choice)


if __name__ == "__main__":
    run(main)
