"""Run a pilot of a configuration, and print what the whole would take. Called by `make pilot`.

python scripts/run_pilot.py config/paper.yaml -- --cores all
python scripts/run_pilot.py config/paper.yaml -- --workflow-profile workflow/profiles/slurm

Reads the configuration files, in the order of overlays; what follows `--` are options of snakemake's. The pilot's
results are in results/{run}-pilot/, with the table in pilot.md.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import yaml
from snakemake.utils import validate

from prefixyarn.config.files import SCHEMA, merged
from prefixyarn.config.validate import checked_config
from prefixyarn.errors import run
from prefixyarn.pilot import pilot_config, pilot_markdown
from prefixyarn.records import write_text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", nargs="+", type=Path)
    parser.add_argument("--foundation", default="", help="which; by default the largest")
    here = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    args, options = parser.parse_args(sys.argv[1:here]), sys.argv[here + 1 :]

    config = checked_config(*args.configs)
    validate(config, str(SCHEMA))  # puts defaults in
    overlay = pilot_config(config, args.foundation)
    folder = Path("results") / overlay["run"]
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / "pilot.yaml"
    write_text(written, yaml.safe_dump(overlay, allow_unicode=True, sort_keys=False))
    files = [*map(str, args.configs), str(written)]
    # Options first: --configfile takes every name that follows it for a configuration.
    done = subprocess.run([sys.executable, "-m", "snakemake", *options, "--configfile", *files])
    if done.returncode:
        sys.exit(done.returncode)
    table = pilot_markdown(config, merged(config, overlay), folder, Path("logs") / overlay["run"])
    write_text(folder / "pilot.md", table + "\n")
    print(table)


if __name__ == "__main__":
    run(main)
