"""Build the priors of all systems for the items of one language of the tagging task (rule build_tag_priors).

python scripts/build_tag_priors.py --model resources/foundations/NAME/model --language de \
    --items results/default/data/tagging/de/test.jsonl --train results/default/data/tagging/de/train.jsonl \
    --refined results/default/refined/tagging/de.jsonl --sft results/default/sft/tagging/NAME.jsonl \
    --prompt results/default/prompts/tagging/NAME.json --examples results/default/examples/tagging/NAME.json \
    --config '{"priors": {…}, "sft": {…}}' --seed 1 --priors results/default/priors/tagging/de/NAME.jsonl

Predictions of the refined model, outputs of the SFT model and the choice of examples are given where systems need
them. Writes a prior record per item and system. Needs the tokenizer, not the model.
"""

import argparse
import json

from prefixyarn.configuration import task_systems
from prefixyarn.errors import run
from prefixyarn.examples import system_prompts
from prefixyarn.languages import Direction
from prefixyarn.models.tokenizer import load_tokenizer
from prefixyarn.prompts import load_prompt
from prefixyarn.records import Item, Output, Prediction, read_json, read_records, write_records
from prefixyarn.tasks.tagging.priors import build_priors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="the foundation's folder")
    parser.add_argument("--language", required=True)
    parser.add_argument("--items", required=True)
    parser.add_argument("--train", required=True)
    parser.add_argument("--refined", nargs="?", help="predictions of the refined model")
    parser.add_argument("--sft", nargs="?", help="outputs of the SFT model, of all units")
    parser.add_argument("--prompt", required=True, help="choice of choose_prompt")
    parser.add_argument("--examples", nargs="?", help="choice of choose_examples")
    parser.add_argument("--config", required=True, type=json.loads, help="the task's priors and sft")
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--priors", required=True, help="file to write")
    args = parser.parse_args()

    tokenizer, train = load_tokenizer(args.model), read_records(args.train, Item)
    choice = read_json(args.examples) if args.examples else None
    template = load_prompt(args.prompt, tokenizer.backend_tokenizer, None)
    priors = build_priors(
        items=read_records(args.items, Item),
        systems=task_systems(args.config, choice["prompt"]["examples"] if choice else 0),
        direction=Direction.parse(args.language),
        prompts=system_prompts(template, choice, train, args.seed),
        tokenizer=tokenizer,
        train=train,
        refined={p.item: p.text for p in read_records(args.refined, Prediction)} if args.refined else {},
        sft={o.item: o.text for o in read_records(args.sft, Output, args.language)} if args.sft else {},
        seed=args.seed,
    )
    write_records(args.priors, priors)


if __name__ == "__main__":
    run(main)
