"""Score all systems of one direction (rule score). Needs no model.

python scripts/score.py --task translation --direction en-de --languages en de fr \
    --train results/default/data/translation/en-de/train.jsonl \
    --test results/default/data/translation/en-de/test.jsonl \
    --out-of-domain results/default/data/translation/en-de/out_of_domain.jsonl \
    --outputs results/default/decode/translation/en-de/NAME.jsonl --sft results/default/sft/translation/NAME.jsonl \
    --predictions results/default/refined/translation/en-de.jsonl \
    --priors results/default/priors/translation/en-de/NAME.jsonl \
    --tokenizer resources/foundations/NAME/model/tokenizer.json --cuts '{"token": [1, 2]}' --resamples 10000 --seed 1 \
    --scores results/default/scores/translation/en-de/NAME.json

Reads all outputs; predictions of the refined model count as a system of their own where they are whole answers.
Writes scores with intervals, tests against `none` and `sft`, fault rates, and the item statistics behind them.
"""

import argparse
import json

from tokenizers import Tokenizer

from prefixyarn.configuration import prior_cuts
from prefixyarn.errors import run
from prefixyarn.languages import Direction
from prefixyarn.metrics.continuation import Cutter
from prefixyarn.metrics.faults import LanguageDetector
from prefixyarn.metrics.units import score_unit
from prefixyarn.prompts import shortened
from prefixyarn.records import Item, Output, Prediction, Prior, read_records, write_json
from prefixyarn.tasks.scoring import scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True)
    parser.add_argument("--direction", required=True)
    parser.add_argument("--languages", nargs="+", required=True)
    parser.add_argument("--train", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--out-of-domain", required=True)
    parser.add_argument("--outputs", required=True)
    parser.add_argument("--sft", nargs="*", required=True, help="outputs of SFT models, of all directions")
    parser.add_argument("--predictions", nargs="?", help="of the refined model")
    parser.add_argument("--priors", required=True)
    parser.add_argument("--tokenizer", required=True, help="the foundation's tokenizer.json")
    parser.add_argument("--cuts", required=True, type=json.loads, help="the task's priors.k")
    parser.add_argument("--max-source-tokens", type=int, help="longer sources are cut at a sentence end")
    parser.add_argument("--resamples", required=True, type=int)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--scores", required=True, help="file to write")
    args = parser.parse_args()

    direction, tokenizer = Direction.parse(args.direction), Tokenizer.from_file(args.tokenizer)
    outputs = read_records(args.outputs, Output)
    outputs += [output for path in args.sft for output in read_records(path, Output, args.direction)]
    if args.predictions:
        outputs += [
            Output.without_ids(p.item, p.text, "refined") for p in read_records(args.predictions, Prediction) if p.whole
        ]
    task = scores(args.task)
    items = {"test": read_records(args.test, Item), "out_of_domain": read_records(args.out_of_domain, Item)}
    outputs += task.baselines(read_records(args.train, Item), [*items["test"], *items["out_of_domain"]])
    found = score_unit(
        task=task,
        items=items,
        outputs=outputs,
        covers={(prior.item, prior.system): prior.covers for prior in read_records(args.priors, Prior)},
        target=direction.target,
        detector=LanguageDetector(args.languages),
        cutter=Cutter(tokenizer, direction),
        cuts=prior_cuts({"k": args.cuts}),
        resamples=args.resamples,
        seed=args.seed,
    )
    cut = [
        args.max_source_tokens is not None and shortened(item.source, tokenizer, args.max_source_tokens) != item.source
        for item in items["test"]
    ]
    write_json(args.scores, {**found, "shortened": sum(cut) / len(cut)})


if __name__ == "__main__":
    run(main)
