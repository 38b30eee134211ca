"""Decode all systems of one direction with one foundation (rule decode_translation).

python scripts/decode_translation.py --model resources/foundations/NAME/model --name NAME --dtype float32 \
    --direction en-de --items results/default/data/translation/en-de/{test,out_of_domain}.jsonl \
    --priors results/default/priors/translation/en-de/NAME.jsonl \
    --prompt results/default/prompts/translation/NAME.json --max-answer-tokens 64 --batch-rows 224 \
    --outputs results/default/decode/translation/en-de/NAME.jsonl

Writes an output record per prior.
"""

import argparse

from prefixyarn.decode.translation import Task, decode_tasks
from prefixyarn.errors import run
from prefixyarn.languages import Direction
from prefixyarn.models.foundation import load
from prefixyarn.progress import Progress
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, Prior, read_json, read_records, write_records


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="the model's folder")
    parser.add_argument("--name", required=True)
    parser.add_argument("--dtype", required=True)
    parser.add_argument("--direction", required=True)
    parser.add_argument("--items", nargs="+", required=True)
    parser.add_argument("--priors", required=True)
    parser.add_argument("--prompt", required=True, help="choice of choose_prompt")
    parser.add_argument("--max-answer-tokens", required=True, type=int)
    parser.add_argument("--batch-rows", required=True, type=int)
    parser.add_argument("--outputs", required=True, help="file to write")
    args = parser.parse_args()

    prompt = Prompt(**read_json(args.prompt)["prompt"])
    items = {item.id: item for path in args.items for item in read_records(path, Item)}
    tasks = [Task(items[prior.item], prompt, prior) for prior in read_records(args.priors, Prior)]
    outputs = decode_tasks(
        foundation=load(args.model, args.name, args.dtype),
        tasks=tasks,
        direction=Direction.parse(args.direction),
        max_answer_tokens=args.max_answer_tokens,
        batch_rows=args.batch_rows,
        done=Progress(f"decode_translation {args.direction}", len(tasks), "answers"),
    )
    write_records(args.outputs, outputs)


if __name__ == "__main__":
    run(main)
