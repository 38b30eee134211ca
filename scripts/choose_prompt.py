"""Choose the prompt template with the best dev score without prior, over all directions (rule choose_prompt).

python scripts/choose_prompt.py --task translation --directions en-de en-fr \
    --items results/default/data/translation/{en-de,en-fr}/trial.jsonl \
    --outputs results/default/prompts/translation/NAME.jsonl \
    --prompts '[{"name": "labels", "text": "…"}]' --choice results/default/prompts/translation/NAME.json

Reads the trial items and the outputs of decode_prompts of all directions. Writes the choice and all dev scores.
"""

import argparse
import json
import logging

from prefixyarn.errors import run
from prefixyarn.metrics.trials import choose
from prefixyarn.records import Item, Output, read_records, write_json
from prefixyarn.tasks.measuring import metrics


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True)
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--items", nargs="+", required=True, help="trial items, in the order of the directions")
    parser.add_argument("--outputs", required=True, help="of all directions")
    parser.add_argument("--prompts", required=True, type=json.loads)
    parser.add_argument("--choice", required=True, help="file to write")
    args = parser.parse_args()

    units = {
        unit: (read_records(items, Item), read_records(args.outputs, Output, unit))
        for unit, items in zip(args.directions, args.items, strict=True)
    }
    choice = choose(metrics(args.task)[0], args.prompts, units)
    logging.info("prompt %r: mean dev score %.1f", choice["chosen"], choice["scores"][choice["chosen"]]["mean"])
    write_json(args.choice, choice)


if __name__ == "__main__":
    run(main)
