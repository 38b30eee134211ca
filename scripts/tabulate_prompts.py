"""Make the table of a task's prompts (rule tabulate_prompts).

python scripts/tabulate_prompts.py --foundations NAME --prompts results/default/prompts/translation/NAME.json \
    --examples results/default/examples/translation/NAME.json --csv results/default/tables/prompts_translation.csv \
    --md results/default/tables/prompts_translation.md

Reads what choose_prompt and choose_examples wrote: dev scores, and the choice.
"""

import argparse

from prefixyarn.errors import run
from prefixyarn.records import atomic, read_json
from prefixyarn.tables.prompts import prompt_markdown, prompt_rows
from prefixyarn.tables.rows import write_csv


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foundations", nargs="+", required=True)
    parser.add_argument("--prompts", nargs="+", required=True, help="choices of choose_prompt, one per foundation")
    parser.add_argument("--examples", nargs="*", required=True, help="choices of choose_examples, one per foundation")
    parser.add_argument("--csv", required=True, help="file to write")
    parser.add_argument("--md", required=True, help="file to write")
    args = parser.parse_args()

    rows = []
    for paths in (args.prompts, args.examples):
        rows += prompt_rows({name: read_json(p) for name, p in zip(args.foundations, paths, strict=False)})
    write_csv(args.csv, rows)
    with atomic(args.md) as stream:
        stream.write(prompt_markdown(rows) + "\n")


if __name__ == "__main__":
    run(main)
