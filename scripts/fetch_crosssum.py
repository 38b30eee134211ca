"""Fetch CrossSum's archive of one direction from the hub (rule fetch_crosssum)."""

import logging
import os
from pathlib import Path

from prefixyarn.data.hub import fetch_data_file
from prefixyarn.job import Job, run
from prefixyarn.tasks.summarization.crosssum import ENDING, check_archive

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    os.environ["HF_HUB_OFFLINE"] = "0"  # the Snakefile sets it to 1; the hub's library reads it when it is imported
    source, archive = job.params.source, Path(job.output.archive)
    name, key = archive.name, "summarization.source"
    known_as, pair = f"crosssum/{name}", name.removesuffix(ENDING)
    fetch_data_file(
        *(source["id"], source["revision"], name, archive, key, job.params.lock, known_as),
        prove=lambda path: check_archive(path, pair),
    )
    logging.info("%s", archive)


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
