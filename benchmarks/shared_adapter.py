"""One SFT adapter over all tasks, or one per task?

python benchmarks/shared_adapter.py --run default --foundation gemma-3-270m

Needs a finished run, whose splits, prompts, settings and adapters it takes. Trains one adapter on as many examples of
each task as that task's own adapter saw, mixed, and prints dev scores of both: a line per task. Takes as long as the
run's trainings together.
"""

import argparse
import logging
import math
import random
import tempfile
from pathlib import Path

from prefixyarn.config.files import read_config
from prefixyarn.config.subsets import all_subsets
from prefixyarn.decode.builtin import Builtin
from prefixyarn.decode.engine import Limits
from prefixyarn.decode.questions import under_templates
from prefixyarn.decode.session import Session
from prefixyarn.languages import Direction
from prefixyarn.metrics.trials import trial_scores
from prefixyarn.models.foundation import load
from prefixyarn.models.manifest import identity
from prefixyarn.models.sft.loss import example
from prefixyarn.models.sft.steps import SftConfig, Training
from prefixyarn.models.sft.train import train
from prefixyarn.progress import Progress
from prefixyarn.prompts import load_prompt
from prefixyarn.records import Item, read_json, read_records
from prefixyarn.tasks.measuring import metrics
from prefixyarn.tasks.task import task_of

BATCH = 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default="default")
    parser.add_argument("--foundation", default="gemma-3-270m")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    config = read_config()
    subsets, tasks = all_subsets(config), config["tasks"]
    results, model = Path("results") / args.run, Path("resources/foundations") / args.foundation / "model"
    foundation = load(model, args.foundation, "float32")
    tokenizer = foundation.tokenizer
    prompts = {
        task: load_prompt(
            results / f"prompts/{task}/{args.foundation}.json",
            tokenizer.backend_tokenizer,
            config[task].get("max_source_tokens"),
        )
        for task in tasks
    }

    def items(task: str, split: str) -> dict[str, list[Item]]:
        return {subset: read_records(results / f"data/{task}/{subset}/{split}.jsonl", Item) for subset in subsets[task]}

    def examples(task: str, split: str) -> list:
        return [
            example(tokenizer, prompts[task].fill(i.source, direction), prompts[task].join(direction), i.target)
            for subset, own in items(task, split).items()
            for direction in [Direction.parse(subset)]
            for i in own
        ]

    def score(decoding, task: str) -> float:  # type: ignore[no-untyped-def]
        dev = items(task, "dev")
        session = Session(Builtin(foundation.with_model(decoding), "", Limits(4000)), config[task]["max_answer_tokens"])
        outputs = session.answer(under_templates(dev, [prompts[task]]), task_of(task))
        return trial_scores(metrics(task)[0], {subset: (dev[subset], outputs[subset]) for subset in dev})["mean"]

    own = {
        task: read_json(results / f"models/sft/{task}/{args.foundation}/manifest.json")["dev"][-1]["score"]
        for task in tasks
    }
    mixed, shared = [], {}
    for task in tasks:
        number = config[task]["sft"]["steps"] * config[task]["sft"]["batch"]
        mixed += random.Random(config["seed"]).sample(examples(task, "train"), number)

    def all_scores(decoding) -> float:  # type: ignore[no-untyped-def]
        shared.update({task: score(decoding, task) for task in tasks})
        print({task: round(value, 1) for task, value in shared.items()}, flush=True)
        return sum(shared[task] / own[task] for task in tasks)

    steps = math.ceil(len(mixed) / BATCH)
    sft = SftConfig.of(config["translation"]["sft"] | {"steps": steps, "batch": BATCH}, config["seed"])
    with tempfile.TemporaryDirectory() as folder:
        dev = [e for task in tasks for e in examples(task, "dev")]
        training = Training(identity(model), mixed, dev, sft, Path(folder) / "state.pt")
        progress = Progress("one adapter for all tasks", steps, "steps")
        train(foundation, training, all_scores, Path(folder) / "sft", progress)
    for task in tasks:
        name = metrics(task)[0].name
        print(f"{task}: {name} on dev {own[task]:.1f} with its own adapter, {shared[task]:.1f} with the shared one")


if __name__ == "__main__":
    main()
