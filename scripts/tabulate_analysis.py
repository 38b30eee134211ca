"""Make the tables of the analyses of agreement and of prior quality (rule tabulate_analysis).

python scripts/tabulate_analysis.py --foundations NAME --directions en-de en-fr --number 16 --k 1 2 4 \
    --corrupt-words 4 8 \
    --agreement results/default/analysis/agreement/{en-de,en-fr}/NAME.csv \
    --items results/default/data/translation/{en-de,en-fr}/test.jsonl \
    --outputs results/default/analysis/outputs/{en-de,en-fr}/NAME.jsonl \
    --sft results/default/sft/translation/NAME.jsonl \
    --tokenizers resources/foundations/NAME/model/tokenizer.json --resamples 10000 --seed 1 \
    --tables results/default/tables

Reads files foundation by foundation, direction by direction. Writes agreement.{csv,md}, quality.{csv,md},
prior_units.csv and propagation.csv.
"""

import argparse
from collections import defaultdict
from itertools import product
from pathlib import Path

from tokenizers import Tokenizer

from prefixyarn.errors import run
from prefixyarn.languages import Direction
from prefixyarn.metrics.continuation import Cutter
from prefixyarn.records import Item, Output, System, atomic, read_records
from prefixyarn.tables.agreement import agreement_markdown, agreement_rows
from prefixyarn.tables.quality import Answered, Scorer, propagation_rows, quality_markdown, quality_rows, units_rows
from prefixyarn.tables.rows import read_csv, write_csv


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foundations", nargs="+", required=True)
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--number", required=True, type=int, help="of items")
    parser.add_argument("--k", nargs="+", required=True, type=int)
    parser.add_argument("--corrupt-words", nargs="+", required=True, type=int)
    for name in ("agreement", "items", "outputs", "sft", "tokenizers"):
        parser.add_argument(f"--{name}", nargs="+", required=True)
    parser.add_argument("--resamples", required=True, type=int)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--tables", required=True, type=Path, help="folder to write to")
    args = parser.parse_args()

    items = {
        unit: read_records(path, Item)[: args.number] for unit, path in zip(args.directions, args.items, strict=True)
    }
    pairs = list(product(args.foundations, args.directions))
    agreement, quality, units, propagation = [], [], [], []
    for name, tokenizer_file, sft in zip(args.foundations, args.tokenizers, args.sft, strict=True):
        own = [n for n, (foundation, _) in enumerate(pairs) if foundation == name]
        steps = {pairs[n][1]: read_csv(args.agreement[n]) for n in own}
        agreement += agreement_rows(steps, name, args.resamples, args.seed)
        tokenizer, answered = Tokenizer.from_file(tokenizer_file), []
        for n in own:
            outputs: dict[System, dict[str, Output]] = defaultdict(dict)
            of_sft = read_records(sft, Output, pairs[n][1])
            for output in [*read_records(args.outputs[n], Output), *of_sft]:
                outputs[output.system][output.item] = output
            direction = Direction.parse(pairs[n][1])
            answered.append(Answered(direction, items[pairs[n][1]], outputs, Cutter(tokenizer, direction)))
        scorer = Scorer(answered, args.resamples, args.seed)
        quality += quality_rows(scorer, name, args.corrupt_words)
        units += units_rows(scorer, name, args.k)
        propagation += propagation_rows(answered, name, args.resamples, args.seed)
    for table, rows in (
        ("agreement", agreement),
        ("quality", quality),
        ("prior_units", units),
        ("propagation", propagation),
    ):
        write_csv(args.tables / f"{table}.csv", rows)
    for table, text in (
        ("agreement", agreement_markdown(agreement)),
        ("quality", quality_markdown(quality, units, propagation)),
    ):
        with atomic(args.tables / f"{table}.md") as stream:
            stream.write(text)


if __name__ == "__main__":
    run(main)
