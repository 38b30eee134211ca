"""Make the tagging splits of all languages (rule prepare_tagging).

Gold tags are read from treebanks. Silver tags are given to translation's sentences, in each language to one side of a
direction. Writes the splits of each language (out_of_domain is empty), and note.json: what a reader of tables must know
of the tags.
"""

from pathlib import Path

from prefixyarn.data.splits import write_splits
from prefixyarn.job import Job, run
from prefixyarn.records import write_json
from prefixyarn.tasks.tagging.prepare import from_silver, from_treebank, items_by_split

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    params, folder = job.params, Path(job.output.note).parent
    made, notes = {}, []
    for n, code in enumerate(params.languages):
        if params.treebanks:
            sentences = from_treebank(params.treebanks, code, params.sizes, params.lock)
        else:
            subset, side = params.silver_sides[n]
            sentences = from_silver(folder.parent / "translation" / subset, side, code, params.sizes)
        made[code] = items_by_split(sentences, code, params.sizes, params.tag_names)
        notes.append(f"{code}: {sentences[1]}")
    write_splits(folder, made)
    write_json(job.output.note, {"note": "; ".join(notes)})


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
