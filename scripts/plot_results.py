"""Draw the headline, cost, and off-target outputs, of one foundation (rule plot_results).

python scripts/plot_results.py --foundation NAME --label "NAME" --overview results/default/tables/overview.csv \
    --tasks translation --costs results/default/tables/cost_translation.csv --main results/default/tables/main.csv \
    --figures results/default/figures

Reads the tables. Writes headline_NAME, cost_NAME, and off_target_NAME where there is a main table, as svg and png.
"""

import argparse
from pathlib import Path

from prefixyarn.errors import run
from prefixyarn.figures import cost, headline, off_target, save
from prefixyarn.tables.rows import read_csv


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foundation", required=True)
    parser.add_argument("--label", required=True, help="the foundation's name for readers")
    parser.add_argument("--overview", required=True)
    parser.add_argument("--tasks", nargs="+", required=True)
    parser.add_argument("--costs", nargs="+", required=True, help="the tasks' tables of costs")
    parser.add_argument("--main", nargs="?", help="the main table of translation")
    parser.add_argument("--figures", required=True, type=Path, help="folder to write to")
    args = parser.parse_args()

    def own(path: str) -> list[dict]:
        return [row for row in read_csv(path) if row["foundation"] == args.foundation]

    costs = {task: own(path) for task, path in zip(args.tasks, args.costs, strict=True)}
    drawn = {"headline": headline(own(args.overview), args.label), "cost": cost(costs, args.label)}
    if args.main:
        rows = own(args.main)
        drawn["off_target"] = off_target([row for row in rows if row["metric"] == rows[0]["metric"]], args.label)
    for name, figure in drawn.items():
        for kind in ("svg", "png"):
            save(figure, args.figures / f"{name}_{args.foundation}.{kind}")


if __name__ == "__main__":
    run(main)
