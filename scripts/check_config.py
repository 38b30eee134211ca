"""Check configuration files. Called by `make results` and the targets of its stages, before Snakemake reads them.

python scripts/check_config.py config/paper.yaml mine.yaml

Reads the files, in the order of overlays; says what is wrong with them, and where.
"""

import argparse
from pathlib import Path

from prefixyarn.config.validate import checked_config
from prefixyarn.errors import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", nargs="+", type=Path)
    checked_config(*parser.parse_args().configs)


if __name__ == "__main__":
    run(main)
