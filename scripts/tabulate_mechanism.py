"""Make the tables of what a prior does (rule tabulate_mechanism). Needs no model."""

from pathlib import Path

from prefixyarn.analysis.mechanism.read import read_tails
from prefixyarn.analysis.mechanism.table import MechanismRow, SplitRow, mechanism_markdown, mechanism_rows, split_rows
from prefixyarn.job import Job, run
from prefixyarn.records import write_text
from prefixyarn.tables.rows import write_rows

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    rows, splits = [], []
    for name, measured in read_tails(job, job.params.foundations, job.input.scores):
        rows += mechanism_rows(measured, name)
        splits += split_rows(measured, name)
    write_rows(job.output.csv, rows, MechanismRow)
    write_rows(job.output.split, splits, SplitRow)
    write_text(Path(job.output.md), mechanism_markdown(rows, splits))


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
