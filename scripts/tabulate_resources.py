"""Make the table of languages by resource level (rule tabulate_resources).

python scripts/tabulate_resources.py --foundations NAME --checks results/default/checks/NAME.json \
    --main results/default/tables/main.csv --directions en-de en-fr --csv results/default/tables/resources.csv \
    --md results/default/tables/resources.md

Reads the main table, and what verify_foundation measured.
"""

import argparse

from prefixyarn.errors import run
from prefixyarn.records import atomic, read_json
from prefixyarn.tables.resources import resource_markdown, resource_rows
from prefixyarn.tables.rows import read_csv, write_csv


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foundations", nargs="+", required=True)
    parser.add_argument("--checks", nargs="+", required=True, help="in the order of the foundations")
    parser.add_argument("--main", required=True)
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--csv", required=True, help="file to write")
    parser.add_argument("--md", required=True, help="file to write")
    args = parser.parse_args()

    table, rows = read_csv(args.main), []
    for name, path in zip(args.foundations, args.checks, strict=True):
        own = [row for row in table if row["foundation"] == name and row["metric"] == table[0]["metric"]]
        rows += resource_rows(name, own, read_json(path), args.directions)
    write_csv(args.csv, rows)
    with atomic(args.md) as stream:
        stream.write(resource_markdown(rows))


if __name__ == "__main__":
    run(main)
