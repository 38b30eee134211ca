"""Make the table of findings: a row per claim of the paper (rule tabulate_findings).

python scripts/tabulate_findings.py --foundations '[["NAME", "label"]]' \
    --tables results/default/tables/{main,summarization,tagging,agreement,quality,prior_units,crossed,resources}.csv \
    --csv results/default/tables/findings.csv --md results/default/tables/findings.md

Reads the tables that the run has; claims about others are left out. Prints the Markdown too.
"""

import argparse
import json
from pathlib import Path

from prefixyarn.errors import run
from prefixyarn.records import atomic
from prefixyarn.tables.findings import findings, findings_markdown
from prefixyarn.tables.rows import read_csv, write_csv


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foundations", required=True, type=json.loads, help="pairs of name and label")
    parser.add_argument("--tables", nargs="+", required=True, type=Path)
    parser.add_argument("--csv", required=True, help="file to write")
    parser.add_argument("--md", required=True, help="file to write")
    args = parser.parse_args()
    foundations = dict(args.foundations)

    tables = {path.stem: read_csv(path) for path in args.tables}
    rows = []
    for name in foundations:
        own = {table: [row for row in every if row["foundation"] == name] for table, every in tables.items()}
        rows += [{"foundation": name, **row} for row in findings(own, len(foundations))]
    write_csv(args.csv, rows)
    text = findings_markdown(rows, foundations)
    with atomic(args.md) as stream:
        stream.write(text)
    print(f"\n{text}")


if __name__ == "__main__":
    run(main)
