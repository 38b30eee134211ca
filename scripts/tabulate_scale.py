"""Make the table and the figure of shares of SFT by the size of the foundation (rule tabulate_scale).

python scripts/tabulate_scale.py --foundations '[["SMALL", "label"], ["LARGE", "label"]]' \
    --overview results/scale/tables/overview.csv --manifests resources/foundations/{SMALL,LARGE}/model/manifest.json \
    --csv results/scale/tables/scale.csv --md results/scale/tables/scale.md \
    --figures results/scale/figures/scale.{svg,png}
"""

import argparse
import json
from pathlib import Path

from prefixyarn.errors import run
from prefixyarn.figures import save, scale
from prefixyarn.records import atomic, read_json
from prefixyarn.tables.rows import read_csv, write_csv
from prefixyarn.tables.scale import scale_markdown, scale_rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foundations", required=True, type=json.loads, help="pairs of name and label")
    parser.add_argument("--overview", required=True, help="the overview's csv")
    parser.add_argument("--manifests", nargs="+", required=True, help="the foundations' manifests")
    parser.add_argument("--csv", required=True, help="file to write")
    parser.add_argument("--md", required=True, help="file to write")
    parser.add_argument("--figures", nargs="+", required=True, type=Path, help="files to write")
    args = parser.parse_args()

    labels = dict(args.foundations)
    parameters = {name: read_json(path)["parameters"] for name, path in zip(labels, args.manifests, strict=True)}
    rows = scale_rows(read_csv(args.overview), parameters)
    write_csv(args.csv, rows)
    with atomic(args.md) as stream:
        stream.write(scale_markdown(rows, labels))
    figure = scale(rows, labels)
    for path in args.figures:
        save(figure, path)


if __name__ == "__main__":
    run(main)
