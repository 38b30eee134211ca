"""Have apt fetch Debian's package descriptions in one language (rule fetch_descriptions). Needs no root.

Writes apt's Translation files of all package sources, one after the other.
"""

import logging
from pathlib import Path

from prefixyarn.job import Job, run
from prefixyarn.tasks.summarization.descriptions import fetch

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    code, path = job.wildcards.language, Path(job.output.descriptions)
    fetch(code, path)
    logging.info("%s: %.1f MB", code, path.stat().st_size / 1e6)


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
