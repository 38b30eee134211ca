"""Print the main table of a run and where its results are. Called at the end of `make results`.

python scripts/show_results.py config/smoke.yaml

Reads the configuration files, in the order of overlays, for the run's name, and the tables of that run.
"""

import argparse
from pathlib import Path

import yaml

from prefixyarn.errors import InputError, run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", nargs="+", type=Path)
    args = parser.parse_args()

    name = ""
    for path in (Path("config/config.yaml"), *args.configs):
        name = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("run", name)
    tables = Path("results") / name / "tables"
    # A run without translation has no such table.
    shown = next((path for path in (tables / "translation.md", tables / "overview.md") if path.exists()), None)
    if shown is None:
        raise InputError(
            f"{tables}/overview.md is not there: run `make results CONFIG='{' '.join(map(str, args.configs))}'`"
        )
    print(shown.read_text(encoding="utf-8"))
    print(f"Report:  results/{name}/report.html\nTables:  {tables}/*.md and *.csv, findings.md first")
    print(f"Outputs: results/{name}/decode/, a line per item and system")


if __name__ == "__main__":
    run(main)
