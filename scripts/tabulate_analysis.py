"""Make the tables of a run's analyses (rule tabulate_analysis). Needs no model.

Files that are one per foundation and subset come foundation by foundation.
"""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from prefixyarn.analysis.agreement import Step
from prefixyarn.analysis.agreement.table import AgreementRow, agreement_markdown, agreement_rows
from prefixyarn.analysis.answered import Answered, Scorer, by_system
from prefixyarn.analysis.forgetting import BitsRow
from prefixyarn.analysis.forgetting.table import CrossTaskRow, cross_task_rows, forgetting_markdown
from prefixyarn.analysis.prior_length.table import PriorLengthRow, length_rows
from prefixyarn.analysis.prior_quality.propagation import PropagationRow, propagation_rows
from prefixyarn.analysis.prior_quality.table import QualityRow, quality_markdown, quality_rows
from prefixyarn.job import Job, run
from prefixyarn.languages import Direction
from prefixyarn.metrics.continuation import PrefixStripper
from prefixyarn.records import Item, Output, read_records, write_text
from prefixyarn.tables.rows import read_rows, write_rows
from prefixyarn.tasks.measuring import metrics

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    agreement(job)
    priors(job)
    forgetting(job)


def write(path: str, rows: list[Any], kind: type[Any], text: str = "") -> None:
    """Write a table, and its text beside it."""
    write_rows(path, rows, kind)
    if text:
        write_text(Path(path).with_suffix(".md"), text)


def per_subset(job: Job, files: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yield foundation, main direction and file of files that are one for each."""
    pairs = product(job.params.foundations, job.params.subsets)
    for (foundation, subset), path in zip(pairs, files, strict=True):
        yield foundation, subset, path


def agreement(job: Job) -> None:
    params, rows = job.params, []
    files = list(per_subset(job, job.input.steps))
    for name in params.foundations:
        steps = {subset: read_rows(path, Step) for foundation, subset, path in files if foundation == name}
        rows += agreement_rows(steps, name, params.resamples, params.seed)
    write(job.output.agreement, rows, AgreementRow, agreement_markdown(rows))


def priors(job: Job) -> None:
    params, quality, lengths, propagation = job.params, [], [], []
    files = list(per_subset(job, job.input.outputs))
    items = {
        subset: read_records(path, Item)[: params.most_items]
        for subset, path in zip(params.subsets, job.input.data, strict=True)
    }
    for name, sft, manifest in zip(params.foundations, job.input.sft, job.input.manifests, strict=True):
        tokenizer = Tokenizer.from_file(str(Path(manifest).parent / "tokenizer.json"))
        answered = []
        for subset, path in ((subset, path) for foundation, subset, path in files if foundation == name):
            outputs = by_system([*read_records(path, Output), *read_records(sft, Output, subset)])
            direction = Direction.parse(subset)
            answered.append(Answered(direction, items[subset], outputs, PrefixStripper(tokenizer, direction)))
        scorer = Scorer(answered, params.resamples, params.seed)
        quality += quality_rows(scorer, name, params.corrupt_words)
        lengths += length_rows(scorer, name, params.k)
        propagation += propagation_rows(answered, name, params.resamples, params.seed)
    write(job.output.quality, quality, QualityRow, quality_markdown(quality, lengths, propagation))
    write(job.output.length, lengths, PriorLengthRow)
    write(job.output.propagation, propagation, PropagationRow)


def forgetting(job: Job) -> None:
    params, given, rows = job.params, job.input, []
    subsets, bits = params.cross_task, [row for path in given.bits for row in read_rows(path, BitsRow)]
    pairs = [(task, subset) for task in subsets for subset in subsets[task]]
    models = params.foundations
    items = {pair: read_records(path, Item) for pair, path in zip(pairs, given.cross_data, strict=True)}
    decoded = dict(zip(product(models, pairs), given.decoded, strict=True))
    tuned = dict(zip(product(models, subsets), given.tuned, strict=True))
    others = {task: [other for other in subsets if other != task] for task in subsets}
    tried = dict(
        zip(
            [(name, task, other) for name in models for task in subsets for other in others[task]],
            given.tried,
            strict=True,
        )
    )
    for name, task in product(models, sorted(subsets)):
        own = {s: read_records(tuned[name, task], Output, s) for s in subsets[task]}
        rows += cross_task_rows(
            foundation=name,
            task=task,
            metric=metrics(task)[0],
            items={s: items[task, s] for s in subsets[task]},
            own={s: [*read_records(decoded[name, (task, s)], Output), *own[s]] for s in subsets[task]},
            cross_task={
                other: {s: read_records(tried[name, task, other], Output, s) for s in subsets[task]}
                for other in sorted(others[task])
            },
        )
    write(job.output.forgetting, bits, BitsRow, forgetting_markdown(bits, rows))
    write(job.output.cross_task, rows, CrossTaskRow)


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
