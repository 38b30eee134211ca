"""Score all systems of one direction (rule score_translation). Needs no model.

python scripts/score_translation.py --direction en-de --languages en de fr \
    --test results/default/data/translation/en-de/test.jsonl \
    --out-of-domain results/default/data/translation/en-de/out_of_domain.jsonl \
    --outputs results/default/decode/translation/en-de/NAME.jsonl --resamples 10000 --seed 1 \
    --scores results/default/scores/translation/en-de/NAME.json

Writes scores with intervals, tests against `none`, fault rates, and the item statistics behind them.
"""

import argparse

from prefixyarn.errors import run
from prefixyarn.languages import Direction
from prefixyarn.metrics.faults import LanguageDetector
from prefixyarn.metrics.units import score_unit
from prefixyarn.records import Item, Output, read_records, write_json


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--direction", required=True, type=Direction.parse)
    parser.add_argument("--languages", nargs="+", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--out-of-domain", required=True)
    parser.add_argument("--outputs", required=True)
    parser.add_argument("--resamples", required=True, type=int)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--scores", required=True, help="file to write")
    args = parser.parse_args()

    scores = score_unit(
        items={
            "test": read_records(args.test, Item),
            "out_of_domain": read_records(args.out_of_domain, Item),
        },
        outputs=read_records(args.outputs, Output),
        target=args.direction.target,
        detector=LanguageDetector(args.languages),
        resamples=args.resamples,
        seed=args.seed,
    )
    write_json(args.scores, scores)


if __name__ == "__main__":
    run(main)
