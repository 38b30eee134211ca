"""Decode trial items without prior under every prompt template (rule decode_prompts).

python scripts/decode_prompts.py --task translation --model resources/foundations/NAME/model --name NAME \
    --dtype float32 --direction en-de --items results/default/data/translation/en-de/trial.jsonl \
    --prompts '[{"name": "labels", "text": "…"}]' --max-answer-tokens 64 --memory-mb 2500 \
    --outputs results/default/prompts/translation/en-de/NAME.jsonl

Writes an output record per template and item.
"""

import argparse
import json

from prefixyarn.decode.engine import Limits
from prefixyarn.decode.questions import Question, decode_questions
from prefixyarn.decode.stops import Stops
from prefixyarn.errors import run
from prefixyarn.languages import Direction
from prefixyarn.models.foundation import load
from prefixyarn.progress import Progress
from prefixyarn.prompts import Prompt, within
from prefixyarn.records import Item, Prior, read_records, write_records
from prefixyarn.tasks.answering import answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True)
    parser.add_argument("--model", required=True, help="the model's folder")
    parser.add_argument("--name", required=True)
    parser.add_argument("--dtype", required=True)
    parser.add_argument("--direction", required=True)
    parser.add_argument("--items", required=True)
    parser.add_argument("--prompts", required=True, type=json.loads)
    parser.add_argument("--max-answer-tokens", required=True, type=int)
    parser.add_argument("--max-source-tokens", type=int, help="longer sources are cut at a sentence end")
    parser.add_argument("--memory-mb", required=True, type=int, help="what the job may use in all")
    parser.add_argument("--outputs", required=True, help="file to write")
    args = parser.parse_args()

    foundation = load(args.model, args.name, args.dtype)
    stops = Stops.of(foundation.model, foundation.tokenizer, args.max_answer_tokens)
    tokenizer = foundation.tokenizer.backend_tokenizer
    prompts = [within(Prompt(**prompt), tokenizer, args.max_source_tokens) for prompt in args.prompts]
    items = read_records(args.items, Item)
    questions = [
        Question(item, prompt, Prior.none(item.id, prompt=prompt.name)) for prompt in prompts for item in items
    ]
    progress = Progress(f"decode_prompts {args.task} {args.direction}", len(questions), "answers")
    direction = Direction.parse(args.direction)
    limits, form = Limits(args.memory_mb), answers(args.task).form
    outputs = decode_questions(foundation.model, stops, questions, direction, limits, progress, form=form)
    write_records(args.outputs, outputs)


if __name__ == "__main__":
    run(main)
