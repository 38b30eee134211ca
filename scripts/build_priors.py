"""Build the priors of all systems for the items of one direction (rule build_priors).

python scripts/build_priors.py --model resources/foundations/NAME/model --direction en-de \
    --items results/default/data/translation/en-de/{test,out_of_domain}.jsonl \
    --train results/default/data/translation/en-de/train.jsonl --lexicon results/default/lexicon/en-de.tsv \
    --prompt results/default/prompts/translation/NAME.json --priors-config '{"kinds": ["none"], …}' --seed 1 \
    --priors results/default/priors/translation/en-de/NAME.jsonl

Writes a prior record per item and system.
"""

import argparse
import json
import logging

from prefixyarn.configuration import translation_systems
from prefixyarn.data import lexicon
from prefixyarn.errors import run
from prefixyarn.languages import Direction
from prefixyarn.models.tokenizer import load_tokenizer
from prefixyarn.priors import build_priors
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, read_json, read_records, write_records


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="the model's folder")
    parser.add_argument("--direction", required=True, type=Direction.parse)
    parser.add_argument("--items", nargs="+", required=True)
    parser.add_argument("--train", required=True)
    parser.add_argument("--lexicon", required=True)
    parser.add_argument("--prompt", required=True, help="choice of choose_prompt")
    parser.add_argument("--priors-config", required=True, type=json.loads, help="the config's translation.priors")
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--priors", required=True, help="file to write")
    args = parser.parse_args()

    priors = build_priors(
        items=[item for path in args.items for item in read_records(path, Item)],
        systems=translation_systems(args.priors_config),
        direction=args.direction,
        prompt=Prompt(**read_json(args.prompt)["prompt"]),
        tokenizer=load_tokenizer(args.model),
        lexicon=lexicon.read(args.lexicon),
        train_targets=[item.target for item in read_records(args.train, Item)],
        seed=args.seed,
    )
    unknown = sum(p.kind == "pseudo" and p.origin.endswith("(no entry)") for p in priors)
    logging.info("%d priors; %d pseudo priors without a dictionary entry", len(priors), unknown)
    write_records(args.priors, priors)


if __name__ == "__main__":
    run(main)
