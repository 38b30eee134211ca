"""Build the priors of all systems for the items of one direction (rule build_priors).

python scripts/build_priors.py --task translation --model resources/foundations/NAME/model --name NAME --dtype float32 \
    --direction en-de --items results/default/data/translation/en-de/{test,out_of_domain}.jsonl \
    --train results/default/data/translation/en-de/train.jsonl --lexicon results/default/lexicon/translation/en-de.tsv \
    --refined results/default/refined/translation/en-de.jsonl --sft results/default/sft/translation/NAME.jsonl \
    --prompt results/default/prompts/translation/NAME.json \
    --examples results/default/examples/translation/NAME.json --config '{"priors": {…}, "sft": {…}}' --seed 1 \
    --memory-mb 2500 --priors results/default/priors/translation/en-de/NAME.jsonl

Predictions of the refined model, outputs of the SFT model and the choice of examples are given where systems need
them. Writes a prior record per item and system.
"""

import argparse
import json
import logging

from prefixyarn.configuration import task_systems
from prefixyarn.data import lexicon
from prefixyarn.decode.engine import Limits
from prefixyarn.decode.scoring import likeliest
from prefixyarn.errors import run
from prefixyarn.examples import system_prompts
from prefixyarn.languages import Direction
from prefixyarn.models.foundation import load
from prefixyarn.models.tokenizer import answer_ids, prompt_ids
from prefixyarn.priors import Material, PriorText, build_priors, pseudo_candidates, telling_words
from prefixyarn.progress import Progress
from prefixyarn.prompts import load_prompt
from prefixyarn.records import Item, Output, Prediction, read_json, read_records, write_records
from prefixyarn.tasks.answering import answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True)
    parser.add_argument("--model", required=True, help="the foundation's folder")
    parser.add_argument("--name", required=True)
    parser.add_argument("--dtype", required=True)
    parser.add_argument("--direction", required=True)
    parser.add_argument("--items", nargs="+", required=True, help="a file per domain")
    parser.add_argument("--train", required=True)
    parser.add_argument("--lexicon", nargs="?", help="dictionary, where the task has one")
    parser.add_argument("--refined", nargs="?", help="predictions of the refined model")
    parser.add_argument("--sft", nargs="?", help="outputs of the SFT model, of all units")
    parser.add_argument("--prompt", required=True, help="choice of choose_prompt")
    parser.add_argument("--examples", nargs="?", help="choice of choose_examples")
    parser.add_argument("--config", required=True, type=json.loads, help="the task's priors and sft")
    parser.add_argument("--max-source-tokens", type=int, help="longer sources are cut at a sentence end")
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--memory-mb", required=True, type=int, help="what the job may use in all")
    parser.add_argument("--priors", required=True, help="file to write")
    args = parser.parse_args()

    domains = [read_records(path, Item) for path in args.items]
    items = [item for domain in domains for item in domain]
    train, direction = read_records(args.train, Item), Direction.parse(args.direction)
    dictionary = lexicon.read(args.lexicon) if args.lexicon else {}
    choice = read_json(args.examples) if args.examples else None
    foundation = load(args.model, args.name, args.dtype)
    template = load_prompt(args.prompt, foundation.tokenizer.backend_tokenizer, args.max_source_tokens)
    prompts = system_prompts(template, choice, train, args.seed)
    systems = task_systems(args.config, choice["prompt"]["examples"] if choice else 0)
    if not dictionary:  # random words are as long as the pseudo priors
        logging.info("no dictionary for this direction: no pseudo and random priors")
        systems = [s for s in systems if s.kind not in ("pseudo", "random-function", "random-content")]
    tokenizer, prompt = foundation.tokenizer, prompts["zero-shot"]

    # Of each item's candidates the foundation picks the likeliest; an item without any has an empty prior.
    wanted = any(s.variant == "likeliest" for s in systems)
    candidates = {item.id: pseudo_candidates(item.source, direction, dictionary) if wanted else [] for item in items}
    asked = [item for item in items if candidates[item.id]]
    filled = [prompt.fill(item.source, direction) for item in asked]
    join = prompt.join(direction)
    ids = [
        [tuple(answer_ids(tokenizer, text, join, candidate)) for candidate in candidates[item.id]]
        for item, text in zip(asked, filled, strict=True)
    ]
    picked = likeliest(
        foundation.model,
        [tuple(prompt_ids(tokenizer, text)) for text in filled],
        ids,
        Limits(args.memory_mb),
        Progress(f"build_priors {args.direction}", sum(map(len, map(set, ids))), "candidates"),
    )
    chosen = {item.id: PriorText("", "no candidate") for item in items}
    for item, n in zip(asked, picked, strict=True):
        own = candidates[item.id]
        chosen[item.id] = PriorText(own[n], f"likeliest of {len(own)}: {', '.join(own)}")

    material = Material(
        lexicon=dictionary,
        train_targets=[item.target for item in train],
        seed=args.seed,
        likeliest=chosen,
        refined={p.item: p.text for p in read_records(args.refined, Prediction)} if args.refined else {},
        sft={o.item: o for o in read_records(args.sft, Output, args.direction)} if args.sft else {},
        rank=telling_words([i.source for i in train], direction.source) if answers(args.task).telling else list,
    )
    priors = build_priors(domains, systems, direction, prompts, tokenizer, material)
    unknown = sum(p.kind == "pseudo" and p.origin.endswith("(no entry)") for p in priors)
    logging.info("%d priors; %d pseudo priors without a dictionary entry", len(priors), unknown)
    write_records(args.priors, priors)


if __name__ == "__main__":
    run(main)
