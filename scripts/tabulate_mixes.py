"""Make the tables of foundations that the run trained itself (rule tabulate_mixes). Needs no model."""

from prefixyarn.analysis.mechanism.table import MechanismRow
from prefixyarn.analysis.mixes.table import MixRow, TrainingRow, mix_rows, mixes_markdown, training_rows
from prefixyarn.job import Job, run
from prefixyarn.records import read_json, write_text
from prefixyarn.tables.rows import read_rows, write_rows

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    params, sources = job.params, job.params.sources
    trained = {name: read_json(path) for name, path in zip(sources, job.input.training, strict=True)}
    training = training_rows(sources, params.cells, trained)
    mechanism = read_rows(job.input.mechanism, MechanismRow) if job.input.get("mechanism") else []
    rows = mix_rows(sources, params.cells, mechanism)
    write_rows(job.output.training, training, TrainingRow)
    write_rows(job.output.csv, rows, MixRow)
    write_text(job.output.md, mixes_markdown(training, rows, params.labels))


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
