"""Decode the systems that only the analyses need, for some items of one direction (rule decode_analysis).

python scripts/decode_analysis.py --model resources/foundations/NAME/model --name NAME --dtype float32 \
    --direction en-de --items results/default/data/translation/en-de/test.jsonl \
    --train results/default/data/translation/en-de/train.jsonl \
    --lexicon results/default/lexicon/translation/en-de.tsv --refined results/default/refined/translation/en-de.jsonl \
    --sft results/default/sft/translation/NAME.jsonl --prompt results/default/prompts/translation/NAME.json \
    --config '{"items": 16, "k": [1, 2, 3, 4, 6, 8], "corrupt_words": [4, 8]}' --seed 1 --max-answer-tokens 64 \
    --memory-mb 3000 --journal state/default/decode_analysis/en-de/NAME.jsonl \
    --priors results/default/analysis/priors/en-de/NAME.jsonl \
    --outputs results/default/analysis/outputs/en-de/NAME.jsonl

Of the first items: priors of k tokens, or words, from every source, and corrupt ones. Writes a prior and an output
record per item and system.
"""

import argparse
import json
from dataclasses import asdict, replace

from prefixyarn.analysis.quality import KINDS, LEVELS, corrupt, corrupt_system
from prefixyarn.data import lexicon
from prefixyarn.decode.engine import Limits
from prefixyarn.decode.questions import Question, decode_questions
from prefixyarn.decode.stops import Stops
from prefixyarn.errors import run
from prefixyarn.languages import Direction
from prefixyarn.models.foundation import load
from prefixyarn.models.sft import identity
from prefixyarn.models.tokenizer import answer_ids
from prefixyarn.priors import Material, RandomWords, another, build_priors
from prefixyarn.progress import Progress
from prefixyarn.prompts import load_prompt
from prefixyarn.records import Item, Output, Prediction, Prior, System, read_records, write_records


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="the foundation's folder")
    parser.add_argument("--name", required=True)
    parser.add_argument("--dtype", required=True)
    parser.add_argument("--direction", required=True)
    parser.add_argument("--items", required=True)
    parser.add_argument("--train", required=True)
    parser.add_argument("--lexicon", required=True)
    parser.add_argument("--refined", nargs="?", help="predictions of the refined model")
    parser.add_argument("--sft", nargs="?", help="outputs of the SFT model, of all units")
    parser.add_argument("--prompt", required=True, help="choice of choose_prompt")
    parser.add_argument("--config", required=True, type=json.loads, help="the config's analysis")
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--max-answer-tokens", required=True, type=int)
    parser.add_argument("--memory-mb", required=True, type=int, help="what the job may use in all")
    parser.add_argument("--journal", required=True, help="file where answers are kept as they come")
    parser.add_argument("--priors", required=True, help="file to write")
    parser.add_argument("--outputs", required=True, help="file to write")
    args = parser.parse_args()

    direction, config = Direction.parse(args.direction), args.config
    items, train = read_records(args.items, Item)[: config["items"]], read_records(args.train, Item)
    foundation = load(args.model, args.name, args.dtype)
    prompt = load_prompt(args.prompt, foundation.tokenizer.backend_tokenizer, None)
    material = Material(
        lexicon=lexicon.read(args.lexicon),
        train_targets=[item.target for item in train],
        seed=args.seed,
        refined={p.item: p.text for p in read_records(args.refined, Prediction)} if args.refined else {},
        sft={o.item: o for o in read_records(args.sft, Output, args.direction)} if args.sft else {},
    )
    kinds = ["oracle", "pseudo", *(["refined"] if args.refined else []), *(["sft"] if args.sft else [])]
    systems = [System("none")]
    systems += [System(kind, "first" if kind == "pseudo" else "", k, "token") for kind in kinds for k in config["k"]]
    in_words = sorted({*config["k"], *config["corrupt_words"]})
    systems += [System(kind, "", k, "word") for kind in kinds if kind in ("oracle", "sft") for k in in_words]
    priors = build_priors([items], systems, direction, {"zero-shot": prompt}, foundation.tokenizer, material)

    codes, others = (direction.source, direction.target), another(items, args.seed)
    drawn = RandomWords(material.train_targets, direction.target, lambda word: len(foundation.tokenizer.tokenize(word)))
    for item in items:
        filled, join = prompt.fill(item.source, direction), prompt.join(direction)
        for kind in KINDS:
            for level in LEVELS:
                for k in config["corrupt_words"]:
                    text = corrupt(item, others[item.id], kind, level, k, codes, drawn, args.seed)
                    ids = answer_ids(foundation.tokenizer, filled, join, text) if text else []
                    system = asdict(corrupt_system(kind, level, k))
                    priors.append(
                        Prior(item.id, **system, text=text, ids=ids, origin="reference, made worse", covers=False)
                    )
    # A long corrupt prior must leave room for a token; every item is answered at every level.
    priors = [replace(p, ids=p.ids[: args.max_answer_tokens - 1]) for p in priors]

    by_id = {item.id: item for item in items}
    questions = {args.direction: [Question(by_id[prior.item], prompt, prior) for prior in priors]}
    stops = Stops.of(foundation.model, foundation.tokenizer, args.max_answer_tokens)
    progress = Progress(f"decode_analysis {args.direction}", len(priors), "answers")
    limits, base = Limits(args.memory_mb), identity(args.model)
    outputs = decode_questions(foundation.model, stops, questions, limits, progress, args.journal, base)
    write_records(args.priors, priors)
    write_records(args.outputs, outputs[args.direction])


if __name__ == "__main__":
    run(main)
