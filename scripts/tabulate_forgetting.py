"""Make the tables of forgetting of one or more foundations (rule tabulate_forgetting).

python scripts/tabulate_forgetting.py --foundations NAME --languages results/default/analysis/forgetting/NAME.csv \
    --results results/default --units '{"translation": ["en-de"], "tagging": ["de"]}' \
    --csv results/default/tables/forgetting.csv --crossed results/default/tables/crossed.csv \
    --md results/default/tables/forgetting.md

Reads bits per character, and, in the run's folder, items, outputs and those of adapters on other tasks.
"""

import argparse
import json
from pathlib import Path

from prefixyarn.errors import run
from prefixyarn.records import Item, Output, atomic, read_records
from prefixyarn.tables.forgetting import crossed_rows, forgetting_markdown
from prefixyarn.tables.rows import read_csv, write_csv
from prefixyarn.tasks.measuring import metrics


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foundations", nargs="+", required=True)
    parser.add_argument("--languages", nargs="+", required=True, help="what measure_forgetting wrote")
    parser.add_argument("--results", required=True, type=Path, help="folder of the run's results")
    parser.add_argument("--units", required=True, type=json.loads, help="by task, the units of the crossed outputs")
    parser.add_argument("--csv", required=True, help="file to write")
    parser.add_argument("--crossed", required=True, help="file to write")
    parser.add_argument("--md", required=True, help="file to write")
    args = parser.parse_args()

    languages = [row for path in args.languages for row in read_csv(path)]
    crossed = []
    for name in args.foundations:
        for task, units in args.units.items():

            def outputs(folder: str, units: list[str] = units, name: str = name) -> dict[str, list[Output]]:
                return {unit: read_records(args.results / folder / f"{name}.jsonl", Output, unit) for unit in units}

            own = outputs(f"sft/{task}")
            for unit in units:
                own[unit] += read_records(args.results / f"decode/{task}/{unit}/{name}.jsonl", Output)
            crossed += crossed_rows(
                foundation=name,
                task=task,
                metric=metrics(task)[0],
                items={u: read_records(args.results / f"data/{task}/{u}/test.jsonl", Item) for u in units},
                own=own,
                crossed={other: outputs(f"analysis/crossed/{other}/{task}") for other in args.units if other != task},
            )
    write_csv(args.csv, languages)
    write_csv(args.crossed, crossed)
    with atomic(args.md) as stream:
        stream.write(forgetting_markdown(languages, crossed))


if __name__ == "__main__":
    run(main)
