"""Decode questions: items under a prompt, with or without priors (rule decode, and those that use it).

What is asked follows from what the rule gives: prompt templates, sets of examples, or priors; else the SFT model alone.
A killed job resumes from its journal.
"""

import logging
from pathlib import Path

from prefixyarn.decode.questions import Questions, behind_examples, of_sft, under_templates, with_priors
from prefixyarn.decode.session import Session
from prefixyarn.examples import system_prompts
from prefixyarn.job import Job, run
from prefixyarn.job_files import read_by_subset, state_path
from prefixyarn.languages import Direction
from prefixyarn.metrics.trials import choose
from prefixyarn.progress import Progress
from prefixyarn.prompts import Prompt, load_prompt, within
from prefixyarn.records import (
    Prior,
    check_answered,
    read_json,
    read_subsets,
    write_by_subset,
    write_json,
    write_records,
)
from prefixyarn.tasks.measuring import metrics
from prefixyarn.tasks.task import task_of

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    params = job.params
    tried = params.prompts or params.trials
    if tried and len(tried) == 1:  # nothing to choose between
        write_by_subset(job.output.outputs, {subset: [] for subset in params.subsets})
        write_json(job.output.choice, choose(metrics(params.task)[0], tried, {}))
        return
    with Session.open(
        folder=Path(job.input.manifest).parent,
        name=job.wildcards.model,
        dtype=params.dtype,
        max_answer_tokens=params.max_answer_tokens,
        memory_mb=job.resources.mem_mb,
        sft=job.input.get("sft"),
        journal=state_path(job.log[0], ".jsonl"),
        backend=params.backend,
        engine=params.engine,
    ) as session:
        questions = asked(job, session)
        progress = Progress(f"decode {params.task}", sum(map(len, questions.values())), "answers")
        outputs = session.answer(questions, task_of(params.task), progress)
    if hasattr(job.wildcards, "subset"):
        write_records(job.output.outputs, outputs[job.wildcards.subset])
    else:
        write_by_subset(job.output.outputs, outputs)
    if job.output.get("choice"):
        items = read_by_subset(job.input.data, params.subsets)
        answered = {subset: (items[subset], own) for subset, own in outputs.items()}
        choice = choose(metrics(params.task)[0], tried, answered)
        logging.info("chosen: %r, mean dev score %.1f", choice["chosen"], choice["scores"][choice["chosen"]]["mean"])
        write_json(job.output.choice, choice)


def asked(job: Job, session: Session) -> Questions:
    """Return the questions of the job's rule."""
    params, tokenizer = job.params, session.tokenizer.backend_tokenizer
    items, train = (read_by_subset(files, params.subsets) for files in (job.input.data, job.input.get("train") or []))
    if params.prompts:
        templates = [within(Prompt(**own), tokenizer, params.max_source_tokens) for own in params.prompts]
        return under_templates(items, templates)
    prompt = load_prompt(job.input.choice, tokenizer, params.max_source_tokens)
    if params.trials:
        return behind_examples(items, prompt, params.trials, train, params.seed)
    if priors := job.input.get("priors"):
        choice = read_json(job.input.examples, "prompt") if job.input.get("examples") else None
        given = read_subsets(priors, Prior, items)
        for subset, own in given.items():
            begun = {prior.item for prior in own}  # analyses look at some of the items
            check_answered(priors, own, [item for item in items[subset] if item.id in begun])
        return with_priors(
            items,
            given,
            {s: system_prompts(prompt, choice, train[s], params.seed, Direction.parse(s)) for s in items},
        )
    return of_sft(items, prompt, params.variant)


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
