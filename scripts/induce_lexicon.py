"""Make the dictionaries of a task, one a direction (rules induce_lexicon_translation, induce_lexicon_summarization).

Each is induced from short parallel texts, or read from one dictionary file, or from two that pivot through English.
"""

import logging

from prefixyarn.data.lexicon import make, write
from prefixyarn.job import Job, run
from prefixyarn.languages import Direction

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    params = job.params
    for (subset, files), path in zip(params.files.items(), job.output.lexicons, strict=True):
        lexicon = make(Direction.parse(subset), params.induced, files, params.lock)
        logging.info("%s: %d source words with a translation", subset, len(lexicon))
        write(path, lexicon)


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
