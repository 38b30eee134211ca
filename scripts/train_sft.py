"""Train the SFT model of one foundation on all directions together (rule train_sft).

python scripts/train_sft.py --task translation --model resources/foundations/NAME/model --name NAME --dtype float32 \
    --directions en-de en-fr --train results/default/data/translation/{en-de,en-fr}/train.jsonl \
    --dev results/default/data/translation/{en-de,en-fr}/dev.jsonl \
    --held-out results/default/data/translation/*/{dev,test,out_of_domain}.jsonl \
    --prompt results/default/prompts/translation/NAME.json \
    --config '{"method": "lora", "steps": 84, "batch": 8, "rate": 0.0004, "rank": 16}' --seed 1 \
    --max-answer-tokens 64 --memory-mb 2500 --state state/default/train_sft/NAME.pt \
    --manifest results/default/models/sft/translation/NAME/manifest.json

Reads training and dev items in the order of the directions. Writes the model into the manifest's folder, and
checkpoints to --state, from which a killed training goes on.
"""

import argparse
import json
import logging
from itertools import chain
from pathlib import Path

from transformers import PreTrainedModel

from prefixyarn.data.splits import check_unseen
from prefixyarn.decode.engine import Limits
from prefixyarn.decode.questions import Question, decode_questions
from prefixyarn.decode.stops import Stops
from prefixyarn.errors import run
from prefixyarn.languages import Direction
from prefixyarn.metrics.trials import trial_scores
from prefixyarn.models.foundation import load
from prefixyarn.models.sft import Example, SftConfig, example, identity, train
from prefixyarn.progress import Progress
from prefixyarn.prompts import load_prompt
from prefixyarn.records import Item, Prior, read_records
from prefixyarn.tasks.answering import answers
from prefixyarn.tasks.measuring import metrics


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True)
    parser.add_argument("--model", required=True, help="the foundation's folder")
    parser.add_argument("--name", required=True)
    parser.add_argument("--dtype", required=True)
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--train", nargs="+", required=True)
    parser.add_argument("--dev", nargs="+", required=True)
    parser.add_argument("--held-out", nargs="+", required=True, help="what must not be trained on")
    parser.add_argument("--prompt", required=True, help="choice of choose_prompt")
    parser.add_argument("--config", required=True, type=json.loads, help="the task's sft in the config")
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--max-answer-tokens", required=True, type=int)
    parser.add_argument("--max-source-tokens", type=int, help="longer sources are cut at a sentence end")
    parser.add_argument("--memory-mb", required=True, type=int, help="what the job may use in all")
    parser.add_argument("--state", required=True, type=Path, help="checkpoint file")
    parser.add_argument("--manifest", required=True, type=Path, help="manifest to write, in the model's folder")
    args = parser.parse_args()

    def by_direction(paths: list[str]) -> dict[str, list[Item]]:
        return {unit: read_records(path, Item) for unit, path in zip(args.directions, paths, strict=True)}

    training, dev = by_direction(args.train), by_direction(args.dev)
    check_unseen(list(chain(*training.values())), [item for path in args.held_out for item in read_records(path, Item)])
    foundation = load(args.model, args.name, args.dtype)
    prompt = load_prompt(args.prompt, foundation.tokenizer.backend_tokenizer, args.max_source_tokens)
    stops = Stops.of(foundation.model, foundation.tokenizer, args.max_answer_tokens)

    def examples(split: dict[str, list[Item]]) -> list[Example]:
        made = []
        for unit, items in split.items():
            direction = Direction.parse(unit)
            join = prompt.join(direction)
            made += [example(foundation.tokenizer, prompt.fill(i.source, direction), join, i.target) for i in items]
        return made

    def dev_score(model: PreTrainedModel) -> float:
        # While it is trained, a weight has a gradient, two moments and a copy of its best value beside it.
        trained_mb = 4 * sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad) // 2**20
        limits, form = Limits(args.memory_mb - trained_mb), answers(args.task).form
        questions = {unit: [Question(i, prompt, Prior.none(i.id, "sft")) for i in items] for unit, items in dev.items()}
        outputs = decode_questions(model, stops, questions, limits, form=form)
        return trial_scores(metrics(args.task)[0], {unit: (dev[unit], outputs[unit]) for unit in dev})["mean"]

    config = SftConfig(**args.config, seed=args.seed)
    manifest = train(
        foundation=foundation,
        base=identity(args.model),
        examples=examples(training),
        dev=examples(dev),
        dev_score=dev_score,
        config=config,
        folder=args.manifest.parent,
        state_file=args.state,
        done=Progress("train_sft", config.steps, "steps"),
        scoring=f"at most {args.max_answer_tokens} tokens",
    )
    logging.info("kept: after %d steps%s", manifest["step"], " (still improving)" * manifest["still_improving"])


if __name__ == "__main__":
    run(main)
