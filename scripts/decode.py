"""Decode all systems with priors of one direction, and the foundation alone (rule decode).

python scripts/decode.py --task translation --model resources/foundations/NAME/model --name NAME --dtype float32 \
    --sft results/default/models/sft/translation/NAME/manifest.json --direction en-de \
    --items results/default/data/translation/en-de/{test,out_of_domain}.jsonl \
    --train results/default/data/translation/en-de/train.jsonl \
    --priors results/default/priors/translation/en-de/NAME.jsonl \
    --prompt results/default/prompts/translation/NAME.json \
    --examples results/default/examples/translation/NAME.json --seed 1 --max-answer-tokens 64 --memory-mb 2500 \
    --journal state/default/decode/translation/en-de/NAME.jsonl \
    --outputs results/default/decode/translation/en-de/NAME.jsonl

The SFT model and the choice of examples are given where systems need them; training items are read for the latter
alone. Writes an output record per prior. A killed job goes on from its journal.
"""

import argparse
from pathlib import Path

from prefixyarn.decode.engine import Limits
from prefixyarn.decode.questions import Question, decode_questions
from prefixyarn.decode.stops import Stops
from prefixyarn.errors import run
from prefixyarn.examples import system_prompts
from prefixyarn.models.foundation import load
from prefixyarn.models.sft import SftModel, decoding_model, identity
from prefixyarn.progress import Progress
from prefixyarn.prompts import load_prompt
from prefixyarn.records import Item, Output, Prior, System, read_json, read_records, write_records
from prefixyarn.tasks.answering import answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True)
    parser.add_argument("--model", required=True, help="the foundation's folder")
    parser.add_argument("--name", required=True)
    parser.add_argument("--dtype", required=True)
    parser.add_argument("--sft", nargs="?", type=Path, help="the SFT model's manifest")
    parser.add_argument("--direction", required=True)
    parser.add_argument("--items", nargs="+", required=True)
    parser.add_argument("--train", required=True)
    parser.add_argument("--priors", required=True)
    parser.add_argument("--prompt", required=True, help="choice of choose_prompt")
    parser.add_argument("--examples", nargs="?", help="choice of choose_examples")
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--max-answer-tokens", required=True, type=int)
    parser.add_argument("--max-source-tokens", type=int, help="longer sources are cut at a sentence end")
    parser.add_argument("--journal", required=True, help="file where answers are kept as they come")
    parser.add_argument("--memory-mb", required=True, type=int, help="what the job may use in all")
    parser.add_argument("--outputs", required=True, help="file to write")
    args = parser.parse_args()

    items = {item.id: item for path in args.items for item in read_records(path, Item)}
    priors = read_records(args.priors, Prior)
    foundation = load(args.model, args.name, args.dtype)
    prompts = system_prompts(
        load_prompt(args.prompt, foundation.tokenizer.backend_tokenizer, args.max_source_tokens),
        read_json(args.examples) if args.examples else None,
        read_records(args.train, Item),
        args.seed,
    )
    base = identity(args.model)
    sft = SftModel(foundation, base, args.sft.parent) if args.sft else None
    stops = Stops.of(foundation.model, foundation.tokenizer, args.max_answer_tokens)
    progress = Progress(f"decode {args.task} {args.direction}", len(priors), "answers")
    outputs: dict[tuple[str, System], Output] = {}
    weights = {"foundation": base, "sft": sft.identity if sft else ""}
    form = answers(args.task).form
    limits = Limits(args.memory_mb - (sft.extra_mb if sft else 0))
    for name in ("foundation", "sft"):
        own = [prior for prior in priors if prior.model == name]
        questions = {args.direction: [Question(items[p.item], prompts[p.prompt], p) for p in own]}
        if own:
            with decoding_model(foundation, sft, name) as model:
                found = decode_questions(model, stops, questions, limits, progress, args.journal, weights[name], form)[
                    args.direction
                ]
            outputs |= {(prior.item, prior.system): output for prior, output in zip(own, found, strict=True)}
    write_records(args.outputs, (outputs[prior.item, prior.system] for prior in priors))


if __name__ == "__main__":
    run(main)
