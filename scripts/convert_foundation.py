"""Make a loadable model of a foundation's files, and check the conversion (rule convert_foundation).

Writes weights, tokenizer and manifest into the manifest's folder.
"""

import logging
from pathlib import Path

from prefixyarn.job import Job, run
from prefixyarn.models.convert import convert

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    manifest = convert(Path(job.input.files).with_suffix(""), Path(job.output.manifest).parent)
    for name, value in manifest["checked"].items():
        logging.info("as in the source: %s = %s", name, value)


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
