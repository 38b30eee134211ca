"""Bring a model's files here and check them (rules fetch_foundation and fetch_refined).

Writes the files, and source.json with the SHA-256 of each.
"""

import logging
import os
from pathlib import Path

from prefixyarn.data.wheels import sha256
from prefixyarn.job import Job, run
from prefixyarn.models.fetch import fetch
from prefixyarn.records import write_json

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    os.environ["HF_HUB_OFFLINE"] = "0"  # the Snakefile sets it to 1; the hub's library reads it when it is imported
    folder = Path(job.output.files).with_suffix("")
    files = fetch(job.params.source, folder, job.params.key, job.params.lock)
    write_json(job.output.files, {path.name: sha256(path) for path in files})
    logging.info("%d files in %s: %s", len(files), folder, ", ".join(path.name for path in files))


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
