"""Write and draw the loss curve of an SFT model (rule plot_sft).

python scripts/plot_sft.py --task translation --manifest results/default/models/sft/translation/NAME/manifest.json \
    --label "NAME" --csv results/default/figures/sft_loss_translation_NAME.csv \
    --figures results/default/figures/sft_loss_translation_NAME.{svg,png}

Reads the manifest of train_sft.
"""

import argparse
from pathlib import Path

from prefixyarn.errors import run
from prefixyarn.figures import save, sft_loss
from prefixyarn.records import read_json
from prefixyarn.tables.rows import write_csv
from prefixyarn.tasks.measuring import metrics


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True)
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--label", required=True, help="the foundation's name for readers")
    parser.add_argument("--csv", required=True, help="file to write")
    parser.add_argument("--figures", nargs="+", required=True, type=Path, help="files to write")
    args = parser.parse_args()

    manifest, title = read_json(args.manifest), metrics(args.task)[0].title
    dev = {point["step"]: point for point in manifest["dev"]}
    missing = {"loss": None, "score": None}
    write_csv(
        args.csv,
        [
            {**point, "dev loss": own["loss"], f"dev {title}": own["score"]}
            for point in manifest["curve"]
            for own in [dev.get(point["step"], missing)]
        ],
    )
    figure = sft_loss(manifest, title, args.label)
    for path in args.figures:
        save(figure, path)


if __name__ == "__main__":
    run(main)
