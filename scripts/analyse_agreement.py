"""Compare foundation and SFT model token by token, for some items of one direction (rule analyse_agreement).

python scripts/analyse_agreement.py --model resources/foundations/NAME/model --name NAME --dtype float32 \
    --sft results/default/models/sft/translation/NAME/manifest.json --direction en-de \
    --items results/default/data/translation/en-de/test.jsonl --prompt results/default/prompts/translation/NAME.json \
    --own results/default/sft/translation/NAME.jsonl --free results/default/analysis/outputs/en-de/NAME.jsonl \
    --k 1 2 4 --number 16 --csv results/default/analysis/agreement/en-de/NAME.csv

Reads the SFT model's answers (teacher-forced) and what the foundation wrote by itself and after k SFT tokens
(free-running). Writes a row per answer and position.
"""

import argparse
from dataclasses import asdict
from pathlib import Path

from prefixyarn.analysis.agreement import Read, steps
from prefixyarn.analysis.steps import TEACHER_FORCED
from prefixyarn.decode.batch import Request
from prefixyarn.errors import run
from prefixyarn.languages import Direction
from prefixyarn.models.foundation import load
from prefixyarn.models.sft import SftModel, identity
from prefixyarn.models.tokenizer import prompt_ids
from prefixyarn.progress import Progress
from prefixyarn.prompts import load_prompt
from prefixyarn.records import Item, Output, System, read_records
from prefixyarn.tables.rows import write_csv


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="the foundation's folder")
    parser.add_argument("--name", required=True)
    parser.add_argument("--dtype", required=True)
    parser.add_argument("--sft", required=True, type=Path, help="the SFT model's manifest")
    parser.add_argument("--direction", required=True)
    parser.add_argument("--items", required=True)
    parser.add_argument("--prompt", required=True, help="choice of choose_prompt")
    parser.add_argument("--own", required=True, help="outputs of the SFT model, of all units")
    parser.add_argument("--free", required=True, help="outputs of decode_analysis")
    parser.add_argument("--k", nargs="+", required=True, type=int, help="SFT tokens that the foundation goes on from")
    parser.add_argument("--number", required=True, type=int, help="of items")
    parser.add_argument("--csv", required=True, help="file to write")
    args = parser.parse_args()

    direction, items = Direction.parse(args.direction), read_records(args.items, Item)[: args.number]
    foundation = load(args.model, args.name, args.dtype)
    sft = SftModel(foundation, identity(args.model), args.sft.parent)
    prompt = load_prompt(args.prompt, foundation.tokenizer.backend_tokenizer, None)
    ids = {i.id: tuple(prompt_ids(foundation.tokenizer, prompt.fill(i.source, direction))) for i in items}
    wanted = {System("none"): 0, **{System("sft", "", k, "token"): k for k in args.k}}
    answers = [(TEACHER_FORCED, output) for output in read_records(args.own, Output, args.direction)]
    answers += [(wanted[o.system], o) for o in read_records(args.free, Output) if o.system in wanted]
    reads = [
        Read(o.item, k, Request(ids[o.item], tuple([*o.prior_ids, *o.new_ids]))) for k, o in answers if o.item in ids
    ]
    reads.sort(key=lambda read: read.item)  # those to one prompt after one another
    progress = Progress(f"analyse_agreement {args.direction}", len(reads), "answers")
    rows = [asdict(step) for step in steps(reads, foundation, sft, progress)]
    write_csv(args.csv, [{**row, "agree": int(row["agree"])} for row in rows])


if __name__ == "__main__":
    run(main)
