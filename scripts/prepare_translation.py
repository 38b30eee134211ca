"""Make the translation splits of all directions, from gettext catalogues or FLORES-101 (rule prepare_translation).

Writes the splits of each direction; note.json: what the items are; and paragraphs.json: training text per language, and
its English, by which the foundation is verified.
"""

from pathlib import Path

from prefixyarn.data.splits import write_splits
from prefixyarn.job import Job, run
from prefixyarn.records import write_json
from prefixyarn.tasks.translation.prepare import from_catalogues, from_flores, items_by_subset, paragraphs

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    params = job.params
    codes, sizes, subsets = params.languages, params.sizes, [*params.directions, *params.other_directions]
    if params.flores:
        splits, note = from_flores(params.flores, params.lock, codes, subsets, sizes)
    else:
        wheels = dict(zip(params.packages, job.input.wheels, strict=True))
        splits, note = from_catalogues(wheels, params.held_out, codes, subsets, sizes, params.seed)
    made = items_by_subset(splits, params.directions, params.other_directions, sizes)
    write_splits(Path(job.output.note).parent, made)
    write_json(job.output.paragraphs, paragraphs(splits, codes))
    write_json(job.output.note, {"note": note})


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
