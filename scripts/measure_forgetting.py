"""Measure how well a foundation and its SFT models predict held-out text of each language (rule measure_forgetting).

python scripts/measure_forgetting.py --model resources/foundations/NAME/model --name NAME --dtype float32 \
    --directions en-de en-fr --items results/default/data/translation/{en-de,en-fr}/test.jsonl \
    --tasks translation tagging --sft results/default/models/sft/{translation,tagging}/NAME/manifest.json \
    --csv results/default/analysis/forgetting/NAME.csv

Reads test sentences, sources and targets. Writes bits per character: a row per language, a column per model.
"""

import argparse
import gc
import logging
from pathlib import Path

import torch

from prefixyarn.errors import run
from prefixyarn.languages import Direction, language
from prefixyarn.models.foundation import load
from prefixyarn.models.sft import SftModel, identity
from prefixyarn.models.verify import bits_per_character
from prefixyarn.records import Item, read_records
from prefixyarn.tables.rows import write_csv


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="the foundation's folder")
    parser.add_argument("--name", required=True)
    parser.add_argument("--dtype", required=True)
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--items", nargs="+", required=True, help="in the order of the directions")
    parser.add_argument("--tasks", nargs="+", required=True, help="tasks of the SFT models")
    parser.add_argument("--sft", nargs="+", required=True, type=Path, help="their manifests")
    parser.add_argument("--csv", required=True, help="file to write")
    args = parser.parse_args()

    sentences: dict[str, list[str]] = {}
    for unit, path in zip(args.directions, args.items, strict=True):
        direction = Direction.parse(unit)
        for item in read_records(path, Item):
            for code, text in ((direction.source, item.source), (direction.target, item.target)):
                if text not in sentences.setdefault(code, []):
                    sentences[code].append(text)
    texts = {code: language(code).join.join(own) for code, own in sorted(sentences.items())}
    rows = {code: {"foundation": args.name, "language": code, "characters": len(text)} for code, text in texts.items()}
    adapters = {f"sft {task}": manifest.parent for task, manifest in zip(args.tasks, args.sft, strict=True)}
    for column, folder in {"base": None, **adapters}.items():
        for code, bits in measured(args, folder, texts).items():
            rows[code][column] = bits
        # Of models in turn the job has memory for one.
        gc.collect()
        torch.cuda.empty_cache()
        logging.info("bits per character measured: %s", column)
    write_csv(args.csv, list(rows.values()))


def measured(args: argparse.Namespace, sft: Path | None, texts: dict[str, str]) -> dict[str, float]:
    """Return bits per character by language, of an untouched foundation or with an SFT model on it."""
    foundation = load(args.model, args.name, args.dtype)
    if sft is None:
        return {code: bits_per_character(foundation, text) for code, text in texts.items()}
    with SftModel(foundation, identity(args.model), sft).on() as model:
        return {code: bits_per_character(foundation.with_model(model), text) for code, text in texts.items()}


if __name__ == "__main__":
    run(main)
