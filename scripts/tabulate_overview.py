"""Make the overview of all tasks (rule tabulate_overview).

python scripts/tabulate_overview.py --tasks translation tagging --tables results/default/tables/{main,tagging}.csv \
    --foundations '[["NAME", "label"]]' --csv results/default/tables/overview.csv \
    --md results/default/tables/overview.md --tex results/default/tables/overview.tex \
    --metrics results/default/metrics.json

Reads the tasks' main tables.
"""

import argparse
import json

from tabulate import tabulate

from prefixyarn.errors import run
from prefixyarn.records import atomic, write_json
from prefixyarn.tables.overview import overview_cells, overview_markdown, overview_metrics, overview_rows
from prefixyarn.tables.rows import read_csv, write_csv


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", required=True)
    parser.add_argument("--tables", nargs="+", required=True, help="in the order of the tasks")
    parser.add_argument("--foundations", required=True, type=json.loads, help="pairs of name and label")
    parser.add_argument("--csv", required=True, help="file to write")
    parser.add_argument("--md", required=True, help="file to write")
    parser.add_argument("--tex", required=True, help="file to write")
    parser.add_argument("--metrics", required=True, help="file to write, for `dvc metrics`")
    args = parser.parse_args()

    rows = overview_rows({task: read_csv(path) for task, path in zip(args.tasks, args.tables, strict=True)})
    write_csv(args.csv, rows)
    write_json(args.metrics, overview_metrics(rows))
    text = overview_markdown(rows, dict(args.foundations))
    with atomic(args.md) as stream:
        stream.write(text)
    cells = overview_cells(rows)
    with atomic(args.tex) as stream:
        table = tabulate(
            [[value.replace("–", "--") for value in row.values()] for row in cells],
            list(cells[0]),
            "latex_booktabs",
            disable_numparse=True,
        )
        stream.write(table + "\n")
    print(f"\n{text}")


if __name__ == "__main__":
    run(main)
