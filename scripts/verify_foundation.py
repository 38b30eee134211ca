"""Check that a foundation reads and models text as it should (rule verify_foundation).

Writes bits and tokens per character by language.
"""

import logging
from pathlib import Path

from prefixyarn.job import Job, run
from prefixyarn.models.foundation import load
from prefixyarn.models.verify import check_parameters, verify
from prefixyarn.records import read_json, write_json

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    name, params = job.wildcards.model, job.params
    check_parameters(name, read_json(job.input.manifest, "parameters")["parameters"], params.parameters)
    foundation = load(Path(job.input.manifest).parent, name, params.dtype)
    read = read_json(job.input.paragraphs, "text", "english")
    write_json(job.output.checks, verify(foundation, read["text"], read["english"], params.limits, logging.info))


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
