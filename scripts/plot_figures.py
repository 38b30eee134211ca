"""Draw all figures of a run from its tables, as svg and png (rule plot_figures)."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from prefixyarn import figures
from prefixyarn.analysis.agreement.table import AgreementRow
from prefixyarn.analysis.language_resources.table import ResourceRow
from prefixyarn.analysis.mechanism.table import MechanismRow
from prefixyarn.analysis.mixes.table import MixRow, TrainingRow
from prefixyarn.analysis.prior_length.table import PriorLengthRow
from prefixyarn.analysis.prior_quality.table import QualityRow
from prefixyarn.analysis.scale.table import ScaleRow
from prefixyarn.job import Job, run
from prefixyarn.records import read_json
from prefixyarn.tables.cost import CostRow
from prefixyarn.tables.overview import OverviewRow
from prefixyarn.tables.rows import ScoreRow, read_rows, rows_of, write_rows
from prefixyarn.tasks.measuring import metrics

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    labels = {name: figures.plain(label) for name, label in job.params.labels.items()}
    tasks = job.params.tasks
    overview = read_rows(job.input.overview, OverviewRow)
    costs = {task: read_rows(path, CostRow) for task, path in zip(tasks, job.input.costs, strict=True)}
    given = job.input
    translation = read_rows(given.translation, ScoreRow) if given.translation else []
    agreement = read_rows(given.agreement, AgreementRow) if given.agreement else []
    mechanism = read_rows(given.mechanism, MechanismRow) if given.mechanism else []
    quality = read_rows(given.quality, QualityRow) if given.quality else []
    lengths = read_rows(given.length, PriorLengthRow) if given.length else []
    languages = read_rows(given.languages, ResourceRow) if given.languages else []
    for n, (name, label) in enumerate(labels.items()):
        draw(job.output.headline[n], figures.headline(own(overview, name), label))
        if job.params.trained:
            draw(job.output.cost[n], figures.cost({task: own(rows, name) for task, rows in costs.items()}, label))
        if translation:
            main_metric = rows_of(translation, name, translation[0].metric)
            draw(job.output.off_target[n], figures.off_target(main_metric, label))
        if agreement:
            draw(job.output.agreement[n], figures.agreement_by_position(own(agreement, name), label))
            draw(job.output.silent_majority[n], figures.silent_majority(own(agreement, name), label))
        if mechanism:
            draw(job.output.mechanism[n], figures.source_use(own(mechanism, name), label))
        if quality:
            draw(job.output.quality[n], figures.quality_curves(own(quality, name), label))
            draw(job.output.length[n], figures.length_curves(own(lengths, name), label))
        if languages:
            bootstrap = {"resamples": job.params.resamples, "seed": job.params.seed}
            draw(job.output.languages[n], figures.language_lines(own(languages, name), label, **bootstrap))
    trained = [(task, label) for task in job.params.trained for label in labels.values()]
    for (task, label), path, svg in zip(trained, job.input.sft, job.output.loss, strict=True):
        manifest, title = read_json(path, "curve", "dev", "step"), metrics(task)[0].title
        write_rows(Path(svg).with_suffix(".csv"), figures.loss_rows(manifest, title), figures.LossRow)
        draw(svg, figures.sft_loss(manifest, title, label))
    if given.mixes:
        mixes, training = read_rows(given.mixes, MixRow), read_rows(given.training, TrainingRow)
        beside = [row for path in given.beside for row in read_rows(path, MechanismRow)]
        draw(job.output.mixes, figures.mixes(mixes, beside, labels))
        draw(job.output.budget, figures.mixes_budget(training, mixes))
    if job.input.scale:
        draw(job.output.scale, figures.scale(read_rows(job.input.scale, ScaleRow), labels))


def own(rows: list[Any], foundation: str) -> list[Any]:
    return [row for row in rows if row.foundation == foundation]


def draw(svg: str, figure: Figure) -> None:
    for kind in (".svg", ".png"):
        figures.save(figure, Path(svg).with_suffix(kind))
    plt.close(figure)


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
