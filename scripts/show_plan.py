"""Print what the jobs that run a model need: memory, GPUs, time. Called by `make plan`.

python scripts/show_plan.py config/paper.yaml mine.yaml

Reads the configuration files, in the order of overlays. Where jobs of this run were made, their times stand beside.
"""

import argparse
from pathlib import Path

import yaml
from snakemake.utils import update_config, validate

from prefixyarn.config.validate import problems
from prefixyarn.errors import InputError, run
from prefixyarn.plan import plan_markdown

SCHEMA = Path("workflow/schemas/config.schema.yaml")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", nargs="+", type=Path)
    args = parser.parse_args()

    def read(path: Path) -> dict:
        return yaml.safe_load(path.read_text(encoding="utf-8")) or {}

    config, default = read(Path("config/config.yaml")), read(Path("config/config.yaml"))
    for path in args.configs:
        update_config(config, read(path))
    found = problems(config, read(SCHEMA), default)
    if found:
        raise InputError("invalid configuration:\n" + "\n".join(f"  {line}" for line in found))
    validate(config, str(SCHEMA.resolve()))
    print(plan_markdown(config, Path("results") / config["run"] / "timings"))


if __name__ == "__main__":
    run(main)
