"""Make the tables of what SFT models forget, of text and of the other tasks (rule tabulate_forgetting). Needs no model.

Files that are one per foundation and subset come foundation by foundation.
"""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

from prefixyarn.analysis.forgetting import BitsRow
from prefixyarn.analysis.forgetting.table import CrossTaskRow, cross_task_rows, forgetting_markdown
from prefixyarn.job import Job, run
from prefixyarn.records import Item, Output, check_answered, read_records, write_text
from prefixyarn.tables.rows import read_rows, write_rows
from prefixyarn.tasks.measuring import metrics

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
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
        tested = {s: items[task, s] for s in subsets[task]}
        own = {s: answers(tuned[name, task], own, s) for s, own in tested.items()}
        rows += cross_task_rows(
            foundation=name,
            task=task,
            metric=metrics(task)[0],
            items=tested,
            own={s: [*answers(decoded[name, (task, s)], tested[s]), *own[s]] for s in tested},
            cross_task={
                other: {s: answers(tried[name, task, other], own, s) for s, own in tested.items()}
                for other in sorted(others[task])
            },
            resamples=params.resamples,
            seed=params.seed,
        )
    write_rows(job.output.forgetting, bits, BitsRow)
    write_rows(job.output.cross_task, rows, CrossTaskRow)
    write_text(Path(job.output.md), forgetting_markdown(bits, rows))


def answers(path: str, items: Sequence[Item], subset: str = "") -> list[Output]:
    """Return the answers in a file, all of these items among them; in a file of several subsets, those of one."""
    found = read_records(path, Output, subset)
    check_answered(path, found, items, others=True)
    return found


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
