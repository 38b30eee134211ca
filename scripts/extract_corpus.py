"""Read the text of a source of the corpus, and keep its prose (rule extract_corpus).

Writes its works, and how many characters were left out by language and reason.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from prefixyarn.data.corpus.prose import cleaned, dropped_json
from prefixyarn.data.corpus.sources import SOURCES
from prefixyarn.data.corpus.works import Work, write_works
from prefixyarn.job import Job, run
from prefixyarn.records import read_json, write_json

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    source, codes, given = job.wildcards.source, job.params.languages, [Path(path) for path in job.input.files]
    if source == "descriptions":
        files = dict(zip(codes, given, strict=True))
    else:
        files = {package: given[0].parent / name for package, name in read_json(given[0]).items()}
    dropped: Counter[tuple[str, str]] = Counter()
    kept: Counter[str] = Counter()

    def works() -> Iterator[Work]:
        for work in SOURCES[source].read(files, codes):
            segments = tuple(own for segment in work.segments for own in cleaned(segment, codes, dropped))
            for segment in segments:
                kept.update({code: len(text) for code, text in segment.items()})
            if segments:
                yield Work(work.source, work.name, segments)

    write_works(job.output.works, works())
    write_json(job.output.dropped, dropped_json(dropped))
    for code in codes:
        logging.info("%s, %s: %.2f M characters kept", source, code, kept[code] / 1e6)


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
