"""Put the sources of the corpus together: split, without repetition and without the run's items (rule assemble_corpus).

Writes the works to train on, those held out, and how many characters were left out by language and reason.
"""

import logging

from prefixyarn.data.corpus.assemble import assemble
from prefixyarn.data.corpus.prose import dropped_json
from prefixyarn.data.corpus.works import read_works, write_works
from prefixyarn.job import Job, run
from prefixyarn.records import Item, read_json, read_records, write_json

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    works = (work for path in job.input.works for work in read_works(path))
    items = {
        text
        for path in job.input.tested
        for item in read_records(path, Item, may_be_empty=True)
        for text in (item.source, item.target)
    }
    made = assemble(works, items, job.params.share, job.params.seed)
    for path in job.input.dropped:
        for code, own in read_json(path).items():
            made.dropped.update({(code, reason): count for reason, count in own.items()})
    write_works(job.output.train, made.train)
    write_works(job.output.held_out, made.held_out)
    write_json(job.output.dropped, dropped_json(made.dropped))
    logging.info("%d works to train on, %d held out", len(made.train), len(made.held_out))


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
