"""Download files of a published data set into its official layout (rules fetch_flores, fetch_muse, fetch_treebanks).

The files are read as what they should be, and checked against the lock file, which records those that it does not know.
"""

import logging
from pathlib import Path

from prefixyarn.data.distributions import fetch
from prefixyarn.job import Job, run

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    names, folder = job.params.names, job.params.folder
    fetch(job.params.address, names, Path(folder), Path(job.params.lock))
    logging.info("%d files in %s", len(names), folder)


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
