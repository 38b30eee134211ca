"""Fetch CrossSum's archive of one direction from the hub (rule fetch_crosssum).

python scripts/fetch_crosssum.py --source '{"kind": "crosssum-hub", "id": "csebuetnlp/CrossSum", "revision": "main"}' \
    --pair english-french --lock config/data.lock.json --archive resources/crosssum/english-french_CrossSum.tar.bz2
"""

import argparse
import json
import logging
from pathlib import Path

from prefixyarn.data.hub import fetch_data_file
from prefixyarn.errors import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True, type=json.loads, help="the config's summarization.source")
    parser.add_argument("--pair", required=True, help="languages as CrossSum names them")
    parser.add_argument("--lock", required=True)
    parser.add_argument("--archive", required=True, type=Path, help="file to write")
    args = parser.parse_args()

    name, key = f"{args.pair}_CrossSum.tar.bz2", "summarization.source"
    fetch_data_file(args.source["id"], args.source["revision"], name, args.archive, key, args.lock, f"crosssum/{name}")
    logging.info("%s", args.archive)


if __name__ == "__main__":
    run(main)
