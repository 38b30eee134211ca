"""Print the main table of a run and where its results are. Called at the end of `make results`.

python scripts/show_results.py config/smoke.yaml

Reads the configuration file for the run's name, and the tables of that run.
"""

import argparse
from pathlib import Path

import yaml

from prefixyarn.errors import InputError, run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    args = parser.parse_args()

    default = yaml.safe_load(Path("config/config.yaml").read_text(encoding="utf-8"))
    name = {**default, **(yaml.safe_load(args.config.read_text(encoding="utf-8")) or {})}["run"]
    tables = Path("results") / name / "tables"
    if not (tables / "main.md").exists():
        raise InputError(f"{tables}/main.md is not there: run `make results CONFIG={args.config}`")
    print((tables / "main.md").read_text(encoding="utf-8"))
    print(f"Tables:  {tables}/*.md and *.csv\nOutputs: results/{name}/decode/, a line per item and system")


if __name__ == "__main__":
    run(main)
