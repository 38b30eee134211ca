"""Measure how well a foundation and its SFT models predict held-out text of each language (rule measure_forgetting).

Reads test sentences, sources and targets. Writes bits per character: a row per language and model.
"""

from pathlib import Path

from prefixyarn.analysis.forgetting import BitsRow
from prefixyarn.analysis.forgetting.measure import measure
from prefixyarn.job import Job, run
from prefixyarn.records import Item, read_records
from prefixyarn.tables.rows import write_rows

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    params = job.params
    items = {s: read_records(path, Item) for s, path in zip(params.subsets, job.input.data, strict=True)}
    sft = {task: Path(path).parent for task, path in zip(params.tasks, job.input.sft, strict=True)}
    rows = measure(Path(job.input.manifest).parent, job.wildcards.model, params.dtype, sft, items)
    write_rows(job.output.bits, rows, BitsRow)


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
