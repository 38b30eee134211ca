"""Have apt fetch Debian's package descriptions in one language (rule fetch_descriptions).

python scripts/fetch_descriptions.py --language fr --descriptions resources/descriptions/fr.txt

Needs no root. Writes apt's Translation files of all package sources, one after the other.
"""

import argparse
import logging
from pathlib import Path

from prefixyarn.errors import run
from prefixyarn.tasks.summarization.descriptions import LOCALES, fetch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--language", required=True, choices=LOCALES)
    parser.add_argument("--descriptions", required=True, type=Path, help="file to write")
    args = parser.parse_args()

    fetch(args.language, args.descriptions)
    logging.info("%s: %.1f MB", args.language, args.descriptions.stat().st_size / 1e6)


if __name__ == "__main__":
    run(main)
