"""Make the tables of a task, and print the main one (rules tabulate_task_…).

Translation also has a table of other directions, where there are any, one by direction, one by groups of directions and
items, and the tests that were fixed beforehand.
"""

from collections.abc import Sequence
from typing import Any

from prefixyarn.findings.claims import load
from prefixyarn.findings.primary import PrimaryRow, primary_markdown, primary_rows
from prefixyarn.job import Job, run
from prefixyarn.metrics.subsets import SubsetScores, read_scores
from prefixyarn.records import read_json, write_text
from prefixyarn.tables.by_direction import by_direction_markdown, by_direction_notes, by_direction_rows
from prefixyarn.tables.groups import (
    ContrastRow,
    GroupRow,
    contrast_markdown,
    contrast_rows,
    group_markdown,
    group_rows,
)
from prefixyarn.tables.prompts import PromptRow, prompt_markdown, prompt_rows
from prefixyarn.tables.rows import ScoreRow, write_rows
from prefixyarn.tables.task import task_latex, task_markdown, task_notes, task_rows
from prefixyarn.tasks.scoring import scores

snakemake: Job  # given by Snakemake
Scored = dict[str, dict[str, SubsetScores]]


def main(job: Job) -> None:
    params, output = job.params, job.output
    found = {
        name: read_scores(path, [*params.subsets, *params.other_directions])
        for name, path in zip(params.foundations, job.input.scores, strict=True)
    }
    main_scores = chosen(found, params.subsets)
    rows, text = table(job, main_scores, params.subsets)
    if params.task == "translation":
        if params.other_directions:
            other, other_text = table(job, chosen(found, params.other_directions), params.other_directions)
            latex = task_latex(scores(params.task), other, params.other_directions, params.foundations)
            write(other, other_text, latex, output.other_directions)
        write_by_direction(job, main_scores, rows)
        text += "\n" + write_groups(job, main_scores) + "\n" + write_primary(job, main_scores)
    latex = task_latex(scores(params.task), rows, params.subsets, params.foundations)
    write(rows, text, latex, [output.csv, output.md, output.tex])
    write_prompts(job)
    print(f"\n{text}")


def chosen(found: Scored, subsets: Sequence[str]) -> Scored:
    """Return the scores of some subsets, in their order."""
    return {name: {subset: own[subset] for subset in subsets} for name, own in found.items()}


def table(job: Job, scored: Scored, subsets: Sequence[str]) -> tuple[list[ScoreRow], str]:
    """Return the rows of a table of systems, and what a reader sees."""
    params, task = job.params, scores(job.params.task)
    sft = of_foundations(job, job.input.sft)
    refined = read_json(job.input.refined) if job.input.refined else None
    rows = task_rows(task, scored, params.resamples, params.seed)
    told = [read_json(job.input.note, "note")["note"], *(f"Left out: {reason}" for reason in params.left_out)]
    return rows, (
        task_markdown(task, rows, subsets, params.foundations)
        + "\n"
        + task_notes(task, scored, rows, sft, refined, params.resamples, params.block)
        + "".join(f"- {note}.\n" for note in told)
    )


def of_foundations(job: Job, paths: Sequence[str]) -> dict[str, Any]:
    """Return what files hold, by foundation; nothing without files."""
    return dict(zip(job.params.foundations, map(read_json, paths), strict=True)) if paths else {}


def write(rows: Sequence[ScoreRow], text: str, latex: str, paths: Sequence[str]) -> None:
    """Write a table of systems as csv, md and tex."""
    csv, md, tex = paths
    write_rows(csv, rows, ScoreRow)
    write_text(md, text)
    write_text(tex, latex)


def write_by_direction(job: Job, scored: Scored, rows: Sequence[ScoreRow]) -> None:
    """Write the table by direction."""
    params, (csv, md) = job.params, job.output.by_direction
    choices = of_foundations(job, job.input.prompts)
    own, note = by_direction_rows(rows), read_json(job.input.note, "note")["note"]
    write_rows(csv, own, ScoreRow)
    text = by_direction_markdown(own, params.subsets, params.foundations)
    write_text(md, text + "\n" + by_direction_notes(scored, choices, params.resamples, note, params.induced))


def write_groups(job: Job, scored: Scored) -> str:
    """Write the tables by groups of directions and items and of comparisons, and return what a reader sees."""
    params, metric = job.params, scores(job.params.task).metrics[0]
    rows = group_rows(metric, scored, params.resamples, params.seed)
    contrasts = contrast_rows(metric, scored, params.resamples, params.seed)
    write_rows(job.output.groups, rows, GroupRow)
    write_rows(job.output.contrasts, contrasts, ContrastRow)
    told = (
        group_markdown(rows, metric.title, params.foundations),
        contrast_markdown(contrasts, metric.title, params.foundations),
    )
    return "\n".join(told)


def write_primary(job: Job, scored: Scored) -> str:
    """Write the tests that were fixed beforehand, and return what a reader sees."""
    params, claims = job.params, load()
    rows = primary_rows(claims, scores(params.task).metrics[0], scored, params.resamples, params.seed)
    write_rows(job.output.primary, rows, PrimaryRow)
    return primary_markdown(rows, claims.version)


def write_prompts(job: Job) -> None:
    """Write the table of the prompts' dev scores."""
    csv, md = job.output.prompts
    rows: list[PromptRow] = []
    for paths in (job.input.prompts, job.input.examples):
        rows += prompt_rows(of_foundations(job, paths))
    write_rows(csv, rows, PromptRow)
    write_text(md, prompt_markdown(rows) + "\n")


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
