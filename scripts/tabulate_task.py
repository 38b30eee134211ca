"""Make the main table of a task, and print it (rule tabulate_task).

python scripts/tabulate_task.py --task translation --config '{…}' --foundations '[["NAME", "label"]]' \
    --directions en-de en-fr \
    --scores results/default/scores/translation/{en-de,en-fr}/NAME.json \
    --sft results/default/models/sft/translation/NAME/manifest.json \
    --refined results/default/models/refined/translation/manifest.json --resamples 10000 --seed 1 \
    --note results/default/data/translation/note.json \
    --csv results/default/tables/main.csv --md results/default/tables/main.md --tex results/default/tables/main.tex

Reads scores foundation by foundation, unit by unit; manifests of trained models where there are any.
"""

import argparse
import json
from itertools import product

from prefixyarn.errors import run
from prefixyarn.records import atomic, read_json
from prefixyarn.tables.claims import claims_markdown
from prefixyarn.tables.main import main_latex, main_markdown, main_notes, main_rows
from prefixyarn.tables.rows import write_csv
from prefixyarn.tasks import scoring


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True, type=scoring.scores)
    parser.add_argument("--config", required=True, type=json.loads, help="the task's block of the config")
    parser.add_argument("--foundations", required=True, type=json.loads, help="pairs of name and label")
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--scores", nargs="+", required=True)
    parser.add_argument("--sft", nargs="*", required=True, help="manifests of the SFT models, one per foundation")
    parser.add_argument("--refined", nargs="?", help="manifest of the refined model")
    parser.add_argument("--resamples", required=True, type=int)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--csv", required=True, help="file to write")
    parser.add_argument("--md", required=True, help="file to write")
    parser.add_argument("--tex", help="file to write")
    parser.add_argument("--note", required=True, help="note on the data")
    parser.add_argument("--left-out", type=json.loads, default=[], help="why units of the config are not in the table")
    parser.add_argument("--claims", action="store_true", help="judge the paper's claims")
    args = parser.parse_args()
    args.foundations = dict(args.foundations)  # pairs keep the order, in which the files are given

    scores: dict[str, dict[str, dict]] = {name: {} for name in args.foundations}
    for (name, unit), path in zip(product(args.foundations, args.directions), args.scores, strict=True):
        scores[name][unit] = read_json(path)
    sft = {name: read_json(path) for name, path in zip(args.foundations, args.sft, strict=False)}
    refined = read_json(args.refined) if args.refined else None

    rows = main_rows(args.task, scores, args.resamples, args.seed)
    write_csv(args.csv, rows)
    if args.tex:
        with atomic(args.tex) as stream:
            stream.write(main_latex(args.task, rows, args.directions, args.foundations))
    text = main_markdown(args.task, rows, args.directions, args.foundations)
    if args.claims:
        text = claims_markdown(rows, args.foundations) + "\n" + text
    text += "\n" + main_notes(args.task, rows, scores, sft, refined, args.resamples, args.config)
    text += "".join(
        f"- {note}.\n" for note in (read_json(args.note)["note"], *map("Left out: {}".format, args.left_out))
    )
    with atomic(args.md) as stream:
        stream.write(text)
    print(f"\n{text}")


if __name__ == "__main__":
    run(main)
