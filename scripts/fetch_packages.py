"""Have apt download the Debian packages of a source of the corpus, and check them (rule fetch_packages). Needs no root.

Writes the packages, and packages.json: by package its file's name.
"""

import logging
import os
import tempfile
from pathlib import Path

from prefixyarn.data.apt import download_packages
from prefixyarn.data.corpus.sources import SOURCES
from prefixyarn.data.lock import check_files
from prefixyarn.job import Job, run
from prefixyarn.records import write_json

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    folder = Path(job.output.packages).parent
    folder.mkdir(parents=True, exist_ok=True)
    needed, wanted = SOURCES[job.wildcards.source].packages_of(job.params.languages)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        files = download_packages(needed, wanted, Path(temporary), "Take it out of pretraining.sources in the config.")
        # Their names have versions: another release of Debian has other files, not altered ones.
        check_files(job.params.lock, {f"debian/{path.name}": path for path in files})
        for path in files:
            os.replace(path, folder / path.name)
    write_json(job.output.packages, {path.name.partition("_")[0]: path.name for path in files})
    size = sum((folder / path.name).stat().st_size for path in files)
    logging.info("%s: %d packages, %.1f MB", job.wildcards.source, len(files), size / 1e6)


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
