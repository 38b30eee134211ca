"""Make the table of costs (rule tabulate_cost).

python scripts/tabulate_cost.py --foundations NAME --train results/default/data/translation/{en-de,en-fr}/train.jsonl \
    --timings train_sft results/default/timings/train_sft/translation/NAME.tsv --timings decode_sft … \
    --answers decode_sft results/default/sft/translation/{en-de,en-fr}/NAME.jsonl --answers decode … \
    --sft results/default/models/sft/translation/NAME/manifest.json \
    --refined results/default/models/refined/translation/manifest.json --csv results/default/tables/cost_translation.csv

Reads, by rule, the benchmark files of its jobs, and the records that they wrote, which are counted. Files of one
foundation bear its name; those of the dictionary and of the refined model serve all.
"""

import argparse
from pathlib import Path

from prefixyarn.errors import run
from prefixyarn.records import read_json
from prefixyarn.tables.cost import cost_rows
from prefixyarn.tables.render import write_csv

SHARED = ("induce_lexicon", "train_refined", "predict_refined")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foundations", nargs="+", required=True)
    parser.add_argument("--train", nargs="+", required=True)
    parser.add_argument("--timings", nargs="+", action="append", required=True, help="rule, then files")
    parser.add_argument("--answers", nargs="+", action="append", required=True, help="rule, then files")
    parser.add_argument("--sft", nargs="*", required=True, help="manifests of the SFT models, one per foundation")
    parser.add_argument("--refined", nargs="?", help="manifest of the refined model")
    parser.add_argument("--csv", required=True, help="file to write")
    args = parser.parse_args()

    def files_of(groups: list[list[str]], foundation: str) -> dict[str, list[str]]:
        return {
            rule: [path for path in files if rule in SHARED or Path(path).stem == foundation] for rule, *files in groups
        }

    def count(path: str) -> int:
        with open(path, encoding="utf-8") as stream:
            return sum(1 for _ in stream)

    rows = []
    for n, foundation in enumerate(args.foundations):
        answers = {rule: sum(map(count, files)) for rule, files in files_of(args.answers, foundation).items()}
        rows += cost_rows(
            foundation=foundation,
            timings=files_of(args.timings, foundation),
            answers=answers,
            sft=read_json(args.sft[n]) if args.sft else None,
            refined=read_json(args.refined) if args.refined else None,
            train_sentences=sum(map(count, args.train)),
        )
    write_csv(args.csv, rows)


if __name__ == "__main__":
    run(main)
