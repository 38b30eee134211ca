"""Make a loadable model of a foundation's files, and check the conversion (rule convert_foundation).

python scripts/convert_foundation.py --source resources/foundations/NAME/source \
    --manifest resources/foundations/NAME/model/manifest.json

Writes weights, tokenizer and manifest into the manifest's folder.
"""

import argparse
import logging
from pathlib import Path

from prefixyarn.errors import run
from prefixyarn.models.convert import convert


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True, help="folder of the fetched files")
    parser.add_argument("--manifest", required=True, type=Path, help="manifest to write, in the model's folder")
    args = parser.parse_args()

    manifest = convert(args.source, args.manifest.parent)
    for name, value in manifest["checked"].items():
        logging.info("as in the source: %s = %s", name, value)


if __name__ == "__main__":
    run(main)
