"""Check that a foundation reads and models text as it should (rule verify_foundation).

python scripts/verify_foundation.py --model resources/foundations/NAME/model --name NAME --dtype float32 \
    --paragraphs results/default/data/translation/paragraphs.json --limits '{"en": 2.5}' \
    --checks results/default/checks/NAME.json

Writes bits and tokens per character by language.
"""

import argparse
import json
import logging
from pathlib import Path

from prefixyarn.errors import InputError, run
from prefixyarn.models.foundation import load
from prefixyarn.models.verify import verify
from prefixyarn.records import read_json, write_json


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="the model's folder")
    parser.add_argument("--name", required=True)
    parser.add_argument("--dtype", required=True)
    parser.add_argument("--paragraphs", required=True)
    parser.add_argument("--parameters", required=True, type=float, help="what the configuration says of its size")
    parser.add_argument("--limits", required=True, type=json.loads)
    parser.add_argument("--checks", required=True, help="file to write")
    args = parser.parse_args()

    found = read_json(Path(args.model) / "manifest.json")["parameters"]
    if found > 1.1 * args.parameters:
        raise InputError(
            f"foundations[].parameters: {args.parameters:.3g}, but {args.name} has {found:.3g}, and jobs ask for "
            f"memory and GPUs by it. Set it to {found:.2g}."
        )
    foundation = load(args.model, args.name, args.dtype)
    write_json(args.checks, verify(foundation, read_json(args.paragraphs), args.limits, logging.info))


if __name__ == "__main__":
    run(main)
