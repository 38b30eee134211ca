"""Make the summarisation splits of all directions, from Debian's descriptions or CrossSum (rule prepare_summarization).

Writes the splits of each direction (out_of_domain is empty); parallel.jsonl: short parallel texts for a dictionary, the
synopses in both languages; and note.json: what the items are.
"""

from pathlib import Path

from prefixyarn.data.splits import write_splits
from prefixyarn.job import Job, run
from prefixyarn.records import write_json
from prefixyarn.tasks.summarization.prepare import from_crosssum, from_debian

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    params = job.params
    if params.crosssum:
        made, note = from_crosssum(params.crosssum, params.subsets, params.sizes)
    else:
        files = dict(zip(params.described, job.input.descriptions, strict=True))
        made, note = from_debian(files, params.subsets, params.sizes, params.seed)
    write_splits(Path(job.output.note).parent, made)
    write_json(job.output.note, {"note": note})


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
