"""Download files of a published data set into its official layout (rules fetch_flores, fetch_muse, fetch_treebanks).

python scripts/fetch_official.py --address https://…/en-de.txt --names muse/en-de.txt --folder resources/official \
    --lock config/data.lock.json

Checks them against the lock file, which records those that it does not know.
"""

import argparse
import logging
from pathlib import Path

from prefixyarn.data.official import fetch
from prefixyarn.errors import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--address", required=True, help="of the file, or of a tar archive that holds the files")
    parser.add_argument("--names", nargs="+", required=True, help="the files, as the official layout names them")
    parser.add_argument("--folder", required=True, type=Path)
    parser.add_argument("--lock", required=True, type=Path)
    args = parser.parse_args()

    fetch(args.address, args.names, args.folder, args.lock)
    logging.info("%d files in %s", len(args.names), args.folder)


if __name__ == "__main__":
    run(main)
