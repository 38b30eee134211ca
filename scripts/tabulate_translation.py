"""Make the translation table and the table of prompts (rule tabulate_translation).

python scripts/tabulate_translation.py --foundations '[["NAME", "label"]]' --directions en-de en-fr \
    --scores results/default/scores/translation/{en-de,en-fr}/NAME.json \
    --prompts results/default/prompts/translation/NAME.json --examples results/default/examples/translation/NAME.json \
    --resamples 10000 --seed 1 --induced \
    --tables results/default/tables

Reads scores foundation by foundation, direction by direction. Writes translation.{csv,md} and prompts.{csv,md}.
"""

import argparse
import json
from itertools import product
from pathlib import Path

from prefixyarn.errors import run
from prefixyarn.records import atomic, read_json
from prefixyarn.tables.render import write_csv
from prefixyarn.tables.translation import (
    prompt_markdown,
    prompt_rows,
    translation_markdown,
    translation_notes,
    translation_rows,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foundations", required=True, type=json.loads, help="pairs of name and label")
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--scores", nargs="+", required=True)
    parser.add_argument("--prompts", nargs="+", required=True, help="choices of choose_prompt, one per foundation")
    parser.add_argument("--examples", nargs="*", required=True, help="choices of choose_examples, one per foundation")
    parser.add_argument("--resamples", required=True, type=int)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--held-out", required=True, help="package of the out-of-domain items")
    parser.add_argument("--induced", action="store_true", help="the dictionary was induced from training text")
    parser.add_argument("--tables", required=True, type=Path, help="folder to write to")
    args = parser.parse_args()
    args.foundations = dict(args.foundations)  # pairs keep the order, in which the files are given

    scores: dict[str, dict[str, dict]] = {name: {} for name in args.foundations}
    for (name, unit), path in zip(product(args.foundations, args.directions), args.scores, strict=True):
        scores[name][unit] = read_json(path)
    choices = {name: read_json(path) for name, path in zip(args.foundations, args.prompts, strict=True)}
    examples = {name: read_json(path) for name, path in zip(args.foundations, args.examples, strict=False)}

    rows = translation_rows(scores, args.resamples, args.seed)
    write_csv(args.tables / "translation.csv", rows)
    notes = translation_notes(scores, choices, args.resamples, args.held_out, args.induced)
    text = translation_markdown(rows, args.directions, args.foundations) + "\n" + notes
    with atomic(args.tables / "translation.md") as stream:
        stream.write(text)
    trials = [*prompt_rows(choices), *prompt_rows(examples)]
    write_csv(args.tables / "prompts.csv", trials)
    with atomic(args.tables / "prompts.md") as stream:
        stream.write(prompt_markdown(trials) + "\n")


if __name__ == "__main__":
    run(main)
