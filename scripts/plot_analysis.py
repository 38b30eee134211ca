"""Draw the figures of the analyses of one foundation (rule plot_analysis).

python scripts/plot_analysis.py --foundation NAME --label "NAME" --tables results/default/tables \
    --figures results/default/figures

Reads agreement.csv, quality.csv and prior_units.csv. Writes agreement_NAME, silent_majority_NAME, quality_NAME and
prior_units_NAME, as svg and png.
"""

import argparse
from pathlib import Path

from prefixyarn.errors import run
from prefixyarn.figures import agreement_by_position, quality_curves, save, silent_majority, units_curves
from prefixyarn.tables.rows import read_csv


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foundation", required=True)
    parser.add_argument("--label", required=True, help="the foundation's name for readers")
    parser.add_argument("--tables", required=True, type=Path, help="folder of the tables")
    parser.add_argument("--figures", required=True, type=Path, help="folder to write to")
    args = parser.parse_args()

    agreement, quality, units = (
        [row for row in read_csv(args.tables / f"{table}.csv") if row["foundation"] == args.foundation]
        for table in ("agreement", "quality", "prior_units")
    )
    drawn = {
        "agreement": agreement_by_position(agreement, args.label),
        "silent_majority": silent_majority(agreement, args.label),
        "quality": quality_curves(quality, args.label),
        "prior_units": units_curves(units, args.label),
    }
    for name, figure in drawn.items():
        for kind in ("svg", "png"):
            save(figure, args.figures / f"{name}_{args.foundation}.{kind}")


if __name__ == "__main__":
    run(main)
