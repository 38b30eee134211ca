"""Make the table of languages by resource level (rule tabulate_resources).

python scripts/tabulate_resources.py --foundations NAME --checks results/default/checks/NAME.json \
    --tables results/default/tables/{main,other_directions}.csv --directions en-de en-fr de-fr \
    --csv results/default/tables/resources.csv --md results/default/tables/resources.md

Reads the tables of translation, and what verify_foundation measured.
"""

import argparse
from pathlib import Path

from prefixyarn.errors import run
from prefixyarn.records import atomic, read_json
from prefixyarn.tables.resources import resource_markdown, resource_rows
from prefixyarn.tables.rows import read_csv, write_csv


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foundations", nargs="+", required=True)
    parser.add_argument("--checks", nargs="+", required=True, help="in the order of the foundations")
    parser.add_argument("--tables", nargs="+", required=True, help="which together have the directions")
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--csv", required=True, help="file to write")
    parser.add_argument("--md", required=True, help="file to write")
    args = parser.parse_args()

    tables, rows = {Path(path).stem: read_csv(path) for path in args.tables}, []
    for name, path in zip(args.foundations, args.checks, strict=True):
        own = {
            title: [row for row in table if row["foundation"] == name and row["metric"] == table[0]["metric"]]
            for title, table in tables.items()
        }
        rows += resource_rows(name, own, read_json(path), args.directions)
    write_csv(args.csv, rows)
    with atomic(args.md) as stream:
        stream.write(resource_markdown(rows))


if __name__ == "__main__":
    run(main)
