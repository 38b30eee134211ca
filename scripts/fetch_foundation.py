"""Bring a foundation's files here and check them (rules fetch_foundation and fetch_refined).

python scripts/fetch_foundation.py --source '{"kind": "hub", "id": "…", "revision": "main"}' \
    --lock config/data.lock.json --folder resources/foundations/NAME/source \
    --files resources/foundations/NAME/source.json

Writes the files, and source.json with the SHA-256 of each.
"""

import argparse
import json
import logging

from prefixyarn.data.wheels import sha256
from prefixyarn.errors import run
from prefixyarn.models.fetch import fetch
from prefixyarn.records import write_json


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True, type=json.loads, help="the config's foundations.source")
    parser.add_argument("--key", default="foundations.source", help="where in the config the source stands")
    parser.add_argument("--lock", required=True, help="lock file for the commits of hub revisions")
    parser.add_argument("--folder", required=True)
    parser.add_argument("--files", required=True, help="list of files to write")
    args = parser.parse_args()

    files = fetch(args.source, args.folder, args.key, args.lock)
    write_json(args.files, {path.name: sha256(path) for path in files})
    logging.info("%d files in %s: %s", len(files), args.folder, ", ".join(path.name for path in files))


if __name__ == "__main__":
    run(main)
