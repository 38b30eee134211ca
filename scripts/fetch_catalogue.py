"""Download one package that holds gettext catalogues, and check it (rule fetch_catalogue). Needs pip."""

from prefixyarn.data.pip_download import fetch_wheel
from prefixyarn.job import Job, run

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    fetch_wheel(job.wildcards.package, job.params.version, job.params.sha256, job.output.wheel)


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
