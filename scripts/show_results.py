"""Print what a run shows, in short, and where its results are. Called at the end of `make results`.

python scripts/show_results.py config/smoke.yaml

Reads the configuration files, in the order of overlays, for the run's name and its foundations, and the tables of it.
"""

import argparse
import textwrap
from pathlib import Path

from prefixyarn.analysis.mechanism.table import MechanismRow
from prefixyarn.config.files import read_config
from prefixyarn.errors import InputError, run
from prefixyarn.tables.groups import GroupRow
from prefixyarn.tables.headline import mechanism_text, overview_text, sentences
from prefixyarn.tables.overview import OverviewRow
from prefixyarn.tables.rows import read_rows
from prefixyarn.watch import WIDTH


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", nargs="+", type=Path)
    args = parser.parse_args()

    config = read_config(*args.configs)
    results = Path("results") / config["run"]
    overview = results / "tables/overview.csv"
    if not overview.exists():
        raise InputError(f"{overview} is not there: run `make results CONFIG='{' '.join(map(str, args.configs))}'`")
    rows = read_rows(overview, OverviewRow)
    labels = {own["name"]: own["label"] for own in config["foundations"]}
    print(f"\n{overview_text(rows, labels)}\n")
    groups, mechanism = (results / f"tables/{name}.csv" for name in ("translation_groups", "mechanism"))
    if groups.exists():
        used = read_rows(mechanism, MechanismRow) if mechanism.exists() else []
        print(f"{mechanism_text(read_rows(groups, GroupRow), used, labels)}\n")
    for sentence in sentences(rows, labels):
        print(textwrap.fill(sentence, WIDTH))
    print(f"\nReport   {results}/report.html")
    print(f"Explorer {results}/explorer.html, every item and answer")
    print(f"Tables   {results}/tables/, findings.md first")
    print(f"Answers  {results}/decode/, a line per item and system")


if __name__ == "__main__":
    run(main)
