"""Download one package that holds gettext catalogues, and check it (rule fetch_catalogue).

python scripts/fetch_catalogue.py --package django --version 5.2.19 --sha256 5965d974… \
    --wheel resources/catalogues/django.whl

Writes the wheel. Needs pip and the network.
"""

import argparse

from prefixyarn.data.wheels import fetch_wheel
from prefixyarn.errors import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--sha256", required=True)
    parser.add_argument("--wheel", required=True, help="file to write")
    args = parser.parse_args()
    fetch_wheel(args.package, args.version, args.sha256, args.wheel)


if __name__ == "__main__":
    run(main)
