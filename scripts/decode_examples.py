"""Decode trial items without prior behind each set of few-shot examples (rule decode_examples).

python scripts/decode_examples.py --task translation --model resources/foundations/NAME/model --name NAME \
    --dtype float32 --directions en-de en-fr --items results/default/data/translation/{en-de,en-fr}/trial.jsonl \
    --train results/default/data/translation/{en-de,en-fr}/train.jsonl \
    --prompt results/default/prompts/translation/NAME.json \
    --examples 1 2 4 --draws 2 --seed 1 --max-answer-tokens 64 --memory-mb 2500 \
    --journal state/default/decode_examples/translation/NAME.jsonl \
    --outputs results/default/examples/translation/NAME.jsonl

Writes an output record per unit, set and item. A killed job goes on from its journal.
"""

import argparse

from prefixyarn.decode.engine import Limits
from prefixyarn.decode.questions import Question, decode_questions
from prefixyarn.decode.stops import Stops
from prefixyarn.errors import run
from prefixyarn.examples import candidates, with_examples
from prefixyarn.models.foundation import load
from prefixyarn.models.sft import identity
from prefixyarn.progress import Progress
from prefixyarn.prompts import load_prompt
from prefixyarn.records import Item, Prior, read_records, write_by_unit
from prefixyarn.tasks.answering import answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True)
    parser.add_argument("--model", required=True, help="the model's folder")
    parser.add_argument("--name", required=True)
    parser.add_argument("--dtype", required=True)
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--items", nargs="+", required=True, help="in the order of the directions")
    parser.add_argument("--train", nargs="+", required=True, help="in the order of the directions")
    parser.add_argument("--prompt", required=True, help="choice of choose_prompt")
    parser.add_argument("--examples", nargs="+", required=True, type=int, help="numbers of examples to try")
    parser.add_argument("--draws", required=True, type=int)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--max-answer-tokens", required=True, type=int)
    parser.add_argument("--max-source-tokens", type=int, help="longer sources are cut at a sentence end")
    parser.add_argument("--memory-mb", required=True, type=int, help="what the job may use in all")
    parser.add_argument("--journal", required=True)
    parser.add_argument("--outputs", required=True, help="file to write")
    args = parser.parse_args()

    foundation = load(args.model, args.name, args.dtype)
    stops = Stops.of(foundation.model, foundation.tokenizer, args.max_answer_tokens)
    prompt = load_prompt(args.prompt, foundation.tokenizer.backend_tokenizer, args.max_source_tokens)
    questions = {}
    for unit, items_file, train_file in zip(args.directions, args.items, args.train, strict=True):
        items, train = read_records(items_file, Item), read_records(train_file, Item)
        prompts = [with_examples(prompt, c, train, args.seed) for c in candidates(args.examples, args.draws)]
        questions[unit] = [Question(i, own, Prior.none(i.id, prompt=own.name)) for own in prompts for i in items]
    progress = Progress(f"decode_examples {args.task}", sum(map(len, questions.values())), "answers")
    limits, form = Limits(args.memory_mb), answers(args.task).form
    base = identity(args.model)
    outputs = decode_questions(foundation.model, stops, questions, limits, progress, args.journal, base, form)
    write_by_unit(args.outputs, outputs)


if __name__ == "__main__":
    run(main)
