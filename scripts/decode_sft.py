"""Decode test items with the SFT model alone, the 100 % row and the source of sft priors (rule decode_sft).

python scripts/decode_sft.py --task translation --model resources/foundations/NAME/model --name NAME --dtype float32 \
    --sft results/default/models/sft/translation/NAME/manifest.json --directions en-de en-fr \
    --items results/default/data/translation/{en-de,en-fr}/test.jsonl \
    --items results/default/data/translation/{en-de,en-fr}/out_of_domain.jsonl \
    --prompt results/default/prompts/translation/NAME.json --max-answer-tokens 64 --memory-mb 2500 \
    --journal state/default/decode_sft/translation/NAME.jsonl --outputs results/default/sft/translation/NAME.jsonl

Writes an output record per unit and item. A killed job goes on from its journal.
"""

import argparse
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from prefixyarn.decode.engine import Limits
from prefixyarn.decode.questions import Question, decode_questions
from prefixyarn.decode.stops import Stops
from prefixyarn.errors import run
from prefixyarn.models.foundation import load
from prefixyarn.models.sft import SftModel, identity
from prefixyarn.progress import Progress
from prefixyarn.prompts import load_prompt
from prefixyarn.records import Item, Prior, read_records, write_by_unit
from prefixyarn.tasks.answering import answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True)
    parser.add_argument("--model", required=True, help="the foundation's folder")
    parser.add_argument("--name", required=True)
    parser.add_argument("--dtype", required=True)
    parser.add_argument("--sft", required=True, type=Path, help="the SFT model's manifest")
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument(
        "--items", nargs="+", action="append", required=True, help="a file per direction, in their order; several times"
    )
    parser.add_argument("--prompt", required=True, help="choice of choose_prompt")
    parser.add_argument("--max-answer-tokens", required=True, type=int)
    parser.add_argument("--max-source-tokens", type=int, help="longer sources are cut at a sentence end")
    parser.add_argument("--memory-mb", required=True, type=int, help="what the job may use in all")
    parser.add_argument("--variant", default="", help="names an SFT model of elsewhere in tables")
    parser.add_argument("--journal", required=True)
    parser.add_argument("--outputs", required=True, help="file to write")
    args = parser.parse_args()

    foundation = load(args.model, args.name, args.dtype)
    stops = Stops.of(foundation.model, foundation.tokenizer, args.max_answer_tokens)
    prompt = load_prompt(args.prompt, foundation.tokenizer.backend_tokenizer, args.max_source_tokens)
    questions: dict[str, list[Question]] = defaultdict(list)
    for files in args.items:
        for unit, path in zip(args.directions, files, strict=True):
            for item in read_records(path, Item):
                prior = replace(Prior.none(item.id, "sft"), variant=args.variant)
                questions[unit].append(Question(item, prompt, prior))
    progress = Progress(f"decode_sft {args.task}", sum(map(len, questions.values())), "answers")
    sft = SftModel(foundation, identity(args.model), args.sft.parent)
    limits, form = Limits(args.memory_mb - sft.extra_mb), answers(args.task).form
    with sft.on() as model:
        outputs = decode_questions(model, stops, questions, limits, progress, args.journal, sft.identity, form)
    write_by_unit(args.outputs, outputs)


if __name__ == "__main__":
    run(main)
