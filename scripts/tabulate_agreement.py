"""Make the table of agreement of foundation and SFT model (rule tabulate_agreement). Needs no model."""

from itertools import product
from pathlib import Path

from prefixyarn.analysis.agreement import Step
from prefixyarn.analysis.agreement.table import AgreementRow, agreement_markdown, agreement_rows
from prefixyarn.job import Job, run
from prefixyarn.records import write_text
from prefixyarn.tables.rows import read_rows, write_rows

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    params, rows = job.params, []
    files = dict(zip(product(params.foundations, params.subsets), job.input.steps, strict=True))
    for name in params.foundations:
        steps = {subset: read_rows(files[name, subset], Step) for subset in params.subsets}
        rows += agreement_rows(steps, name, params.resamples, params.seed)
    write_rows(job.output.csv, rows, AgreementRow)
    write_text(Path(job.output.md), agreement_markdown(rows))


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
