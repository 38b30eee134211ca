"""Make the table of translation scores by direction (rule tabulate_translation).

python scripts/tabulate_translation.py --foundations '[["NAME", "label"]]' --directions en-de en-fr \
    --scores results/default/scores/translation/{en-de,en-fr}/NAME.json \
    --prompts results/default/prompts/translation/NAME.json --resamples 10000 --seed 1 --induced \
    --note results/default/data/translation/note.json \
    --csv results/default/tables/translation.csv --md results/default/tables/translation.md

Reads scores foundation by foundation, direction by direction.
"""

import argparse
import json
from itertools import product

from prefixyarn.errors import run
from prefixyarn.records import atomic, read_json
from prefixyarn.tables.rows import write_csv
from prefixyarn.tables.translation import translation_markdown, translation_notes, translation_rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foundations", required=True, type=json.loads, help="pairs of name and label")
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--scores", nargs="+", required=True)
    parser.add_argument("--prompts", nargs="+", required=True, help="choices of choose_prompt, one per foundation")
    parser.add_argument("--resamples", required=True, type=int)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--note", required=True, help="note on the data")
    parser.add_argument("--induced", action="store_true", help="the dictionary was induced from training text")
    parser.add_argument("--csv", required=True, help="file to write")
    parser.add_argument("--md", required=True, help="file to write")
    args = parser.parse_args()
    args.foundations = dict(args.foundations)  # pairs keep the order, in which the files are given

    scores: dict[str, dict[str, dict]] = {name: {} for name in args.foundations}
    for (name, unit), path in zip(product(args.foundations, args.directions), args.scores, strict=True):
        scores[name][unit] = read_json(path)
    choices = {name: read_json(path) for name, path in zip(args.foundations, args.prompts, strict=True)}

    rows = translation_rows(scores, args.resamples, args.seed)
    write_csv(args.csv, rows)
    notes = translation_notes(scores, choices, args.resamples, read_json(args.note)["note"], args.induced)
    text = translation_markdown(rows, args.directions, args.foundations) + "\n" + notes
    with atomic(args.md) as stream:
        stream.write(text)


if __name__ == "__main__":
    run(main)
