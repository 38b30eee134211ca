"""Make the tables of foundations that the run trained itself (rule tabulate_mixes). Needs no model."""

from itertools import product

from prefixyarn.analysis.mechanism.read import read_tails
from prefixyarn.analysis.mechanism.table import MechanismRow
from prefixyarn.analysis.mixes.table import (
    FormatRow,
    MixRow,
    TrainingRow,
    format_rows,
    in_scripts,
    mix_rows,
    mixes_markdown,
    training_rows,
)
from prefixyarn.analysis.mixes.verdict import VerdictRow, verdict_rows, verdicts_markdown
from prefixyarn.job import Job, run
from prefixyarn.languages import Direction
from prefixyarn.records import Output, read_json, read_records, read_subsets, write_text
from prefixyarn.tables.rows import ScoreRow, read_rows, write_rows

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    params, given, output = job.params, job.input, job.output
    sources, cells = params.sources, params.cells
    trained = {name: read_json(path) for name, path in zip(sources, given.training, strict=True)}
    training = training_rows(sources, cells, trained)
    tuned = {name: read_subsets(path, Output, params.subsets) for name, path in zip(sources, given.tuned, strict=True)}
    scripts = {
        (name, subset): in_scripts([*read_records(path, Output), *tuned[name][subset]], Direction.parse(subset))
        for (name, subset), path in zip(product(sources, params.subsets), given.decoded, strict=True)
    }
    rows = mix_rows(
        sources, cells, read_rows(given.mechanism, MechanismRow), read_rows(given.translation, ScoreRow), scripts
    )
    formats = format_rows(sources, cells, dict(read_tails(job, [*sources], given.formats)), params.unseen)
    untrained = [row.foundation for row in training if not row.tokens]
    verdicts = verdict_rows(sources, cells, dict(read_tails(job, [*sources], given.tails)), params.parallel, untrained)
    beside = [row for path in given.beside for row in read_rows(path, MechanismRow)]
    write_rows(output.training, training, TrainingRow)
    write_rows(output.csv, rows, MixRow)
    write_rows(output.formats, formats, FormatRow)
    write_rows(output.verdicts, verdicts, VerdictRow)
    text = mixes_markdown(training, rows, formats, beside, params.labels)
    write_text(output.md, f"{text}\n{verdicts_markdown(verdicts)}" if verdicts else text)


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
