"""Make the tables of what a prior does (rule tabulate_mechanism). Needs no model."""

from itertools import product
from pathlib import Path

from prefixyarn.analysis.mechanism import TailScore
from prefixyarn.analysis.mechanism.table import (
    MechanismRow,
    SplitRow,
    mechanism_markdown,
    mechanism_rows,
    split_rows,
    tails,
)
from prefixyarn.job import Job, run
from prefixyarn.records import Item, read_records, write_text
from prefixyarn.tables.rows import read_rows, write_rows

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    params, rows, splits = job.params, [], []
    files = dict(zip(product(params.foundations, params.subsets), job.input.scores, strict=True))
    items = {
        subset: [item.id for item in read_records(path, Item)[: params.most_items]]
        for subset, path in zip(params.subsets, job.input.data, strict=True)
    }
    for name in params.foundations:
        scores = {subset: read_rows(files[name, subset], TailScore) for subset in params.subsets}
        measured = tails(scores, items, params.resamples, params.seed)
        rows += mechanism_rows(measured, name)
        splits += split_rows(measured, name)
    write_rows(job.output.csv, rows, MechanismRow)
    write_rows(job.output.split, splits, SplitRow)
    write_text(Path(job.output.md), mechanism_markdown(rows, splits))


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
