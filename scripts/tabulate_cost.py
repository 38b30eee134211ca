"""Make the table of costs (rule tabulate_cost).

python scripts/tabulate_cost.py --foundations '[["NAME", "label"]]' \
    --train results/default/data/translation/{en-de,en-fr}/train.jsonl \
    --timings train_sft results/default/timings/train_sft/translation/NAME.tsv --timings decode_sft … \
    --answers decode_sft results/default/sft/translation/NAME.jsonl --answers decode … \
    --sft results/default/models/sft/translation/NAME/manifest.json \
    --refined results/default/models/refined/translation/manifest.json --task translation \
    --overview results/default/tables/overview.csv --csv results/default/tables/cost_translation.csv \
    --md results/default/tables/cost_translation.md

Reads, by rule, the benchmark files of its jobs, and the records that they wrote, which are counted. Files of one
foundation bear its name; those of the dictionary and of the refined model serve all.
"""

import argparse
import json
from pathlib import Path

from prefixyarn.errors import run
from prefixyarn.records import Prior, atomic, read_json, read_records
from prefixyarn.tables.cost import cost_markdown, cost_rows
from prefixyarn.tables.rows import read_csv, write_csv

SHARED = ("induce_lexicon", "train_refined", "predict_refined")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True)
    parser.add_argument("--foundations", required=True, type=json.loads, help="pairs of name and label")
    parser.add_argument("--train", nargs="+", required=True)
    parser.add_argument("--timings", nargs="+", action="append", required=True, help="rule, then files")
    parser.add_argument("--answers", nargs="+", action="append", required=True, help="rule, then files")
    parser.add_argument("--sft", nargs="*", required=True, help="manifests of the SFT models, one per foundation")
    parser.add_argument("--refined", nargs="?", help="manifest of the refined model")
    parser.add_argument("--overview", required=True, help="the overview's csv")
    parser.add_argument("--csv", required=True, help="file to write")
    parser.add_argument("--md", required=True, help="file to write")
    args = parser.parse_args()
    foundations = dict(args.foundations)

    def files_of(groups: list[list[str]], foundation: str) -> dict[str, list[str]]:
        return {
            rule: [path for path in files if rule in SHARED or Path(path).stem == foundation] for rule, *files in groups
        }

    def count(path: str) -> int:
        with open(path, encoding="utf-8") as stream:
            return sum(1 for _ in stream)

    rows, overview = [], [row for row in read_csv(args.overview) if row["task"] == args.task]
    for n, foundation in enumerate(foundations):
        found = files_of(args.answers, foundation)
        answers = {rule: sum(map(count, files)) for rule, files in found.items() if rule != "build_priors"}
        priors = [[prior.item for prior in read_records(path, Prior)] for path in found["build_priors"]]
        answers["build_priors"] = sum(len(set(own)) for own in priors)
        rows += cost_rows(
            foundation=foundation,
            timings=files_of(args.timings, foundation),
            answers=answers,
            sft=read_json(args.sft[n]) if args.sft else None,
            refined=read_json(args.refined) if args.refined else None,
            train_sentences=sum(map(count, args.train)),
            directions=len(args.train),
            overview=[row for row in overview if row["foundation"] == foundation],
        )
    write_csv(args.csv, rows)
    with atomic(args.md) as stream:
        stream.write(cost_markdown(args.task, rows, foundations))


if __name__ == "__main__":
    run(main)
