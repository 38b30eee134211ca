"""Print what the jobs that run a model need: memory, GPUs, time. Called by `make plan`.

python scripts/show_plan.py config/paper.yaml mine.yaml

Reads the configuration files, in the order of overlays. Where jobs of this run were made, their times stand beside.
"""

import argparse
from pathlib import Path

from snakemake.utils import validate

from prefixyarn.config.files import SCHEMA
from prefixyarn.config.validate import checked_config
from prefixyarn.errors import run
from prefixyarn.plan import plan_markdown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", nargs="+", type=Path)
    args = parser.parse_args()
    config = checked_config(*args.configs)
    validate(config, str(SCHEMA))
    print(plan_markdown(config, Path("results") / config["run"] / "timings"))


if __name__ == "__main__":
    run(main)
