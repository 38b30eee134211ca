"""Train the SFT model of one foundation on all subsets of a task together (rule train_sft).

A killed training resumes from its last checkpoint. An adapter is trained on all GPUs that the job sees.
"""

import functools
import logging
from itertools import chain
from pathlib import Path

import torch
from transformers import PreTrainedModel

from prefixyarn.data.splits import check_unseen
from prefixyarn.decode.builtin import Builtin
from prefixyarn.decode.engine import Limits, Parts
from prefixyarn.decode.questions import under_templates
from prefixyarn.decode.session import Session
from prefixyarn.job import Job, run
from prefixyarn.job_files import read_by_subset, state_path
from prefixyarn.languages import Direction
from prefixyarn.metrics.trials import trial_scores
from prefixyarn.models.foundation import load
from prefixyarn.models.manifest import identity
from prefixyarn.models.sft.loss import Example, example
from prefixyarn.models.sft.several import train_on_several
from prefixyarn.models.sft.steps import SftConfig, Training
from prefixyarn.models.sft.train import train
from prefixyarn.models.tokenizer import load_tokenizer
from prefixyarn.progress import Progress
from prefixyarn.prompts import load_prompt
from prefixyarn.records import Item, read_records
from prefixyarn.tasks.measuring import metrics
from prefixyarn.tasks.task import task_of

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    params, model_folder = job.params, Path(job.input.manifest).parent
    training, dev = (read_by_subset(files, params.subsets) for files in (job.input.train, job.input.dev))
    held_out = [item for path in job.input.held_out for item in read_records(path, Item, may_be_empty=True)]
    check_unseen(list(chain(*training.values())), held_out)
    tokenizer, base = load_tokenizer(model_folder), identity(model_folder)
    prompt = load_prompt(job.input.choice, tokenizer.backend_tokenizer, params.max_source_tokens)
    questions, task, metric = under_templates(dev, [prompt]), task_of(params.task), metrics(params.task)[0]

    def examples(split: dict[str, list[Item]]) -> list[Example]:
        made = []
        for subset, items in split.items():
            direction = Direction.parse(subset)
            join = prompt.join(direction)
            made += [example(tokenizer, prompt.fill(i.source, direction), join, i.target) for i in items]
        return made

    config = SftConfig.of(params.sft, params.seed)
    own = Training(
        base=base,
        examples=examples(training),
        dev=examples(dev),
        config=config,
        state_file=state_path(job.log[0], ".pt"),
        scoring=f"at most {params.max_answer_tokens} tokens",
    )
    done, gpus = Progress("train_sft", config.steps, "steps"), torch.cuda.device_count()
    if gpus > 1 and config.method == "lora":
        train_on_several(gpus, model_folder, params.dtype, own, done)
    foundation = load(model_folder, job.wildcards.model, params.dtype)

    @functools.cache
    def session(model: PreTrainedModel) -> Session:
        # While it is trained, a weight has a gradient, two moments and a copy of its best value beside it.
        trained_mb = 4 * sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad) // 2**20
        limits = Limits(job.resources.mem_mb - trained_mb)
        backend = Builtin(foundation.with_model(model), base, limits, parts=Parts(**params.engine))
        return Session(backend, params.max_answer_tokens)

    def dev_score(model: PreTrainedModel) -> float:
        outputs = session(model).answer(questions, task)
        return trial_scores(metric, {subset: (dev[subset], outputs[subset]) for subset in dev})["mean"]

    manifest = train(foundation, own, dev_score, Path(job.output.manifest).parent, done)
    logging.info("kept: after %d steps%s", manifest["step"], " (still improving)" * bool(manifest["still_improving"]))


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
