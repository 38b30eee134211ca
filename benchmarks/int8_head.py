"""Whether candidates in 8 bits ever lose the likeliest token, on real states, and what they save.

python benchmarks/int8_head.py --run default --steps 100000

Needs a finished run. Reads prompts of its training items with their targets, in all directions, by plain forward
passes, and looks at the state after every token. Each is asked for its likeliest token twice: by the whole output
matrix in fp32, and by `prefixyarn.decode.int8_head`. Prints how many tokens differ, which must be none; candidates a
state; the error of 8-bit logits against its estimate; and seconds. Ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from prefixyarn.decode.choice import CLOSE
from prefixyarn.decode.int8_head import SIGMAS, Int8Head
from prefixyarn.languages import Direction
from prefixyarn.models.foundation import Foundation, load
from prefixyarn.progress import Progress
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, read_json, read_records

ROWS = 64  # states at a time, as in decoding


def sequences(foundation: Foundation, run: Path) -> Iterator[list[int]]:
    """Yield training items under the run's prompt, with their targets, a direction after the other in turns."""
    prompt = Prompt(**read_json(run / f"prompts/translation/{foundation.name}.json")["prompt"])
    with open(run / f"prompts/translation/{foundation.name}.jsonl", encoding="utf-8") as trials:
        subsets = sorted({json.loads(line)["subset"] for line in trials})
    items = {subset: read_records(run / f"data/translation/{subset}/train.jsonl", Item) for subset in subsets}
    for together in zip(*items.values(), strict=False):
        for subset, item in zip(items, together, strict=True):
            direction = Direction.parse(subset)
            text = prompt.fill(item.source, direction) + prompt.join(direction) + item.target
            yield foundation.tokenizer(text).input_ids


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default="default")
    parser.add_argument("--foundation", default="gemma-3-270m")
    parser.add_argument("--steps", type=int, default=100000)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    foundation = load(Path("resources/foundations") / args.foundation / "model", args.foundation, "float32")
    weight = foundation.model.get_output_embeddings().weight.detach()
    start = time.perf_counter()
    head = Int8Head(weight)
    print(f"prepared in {time.perf_counter() - start:.2f} s", flush=True)
    progress, asked = Progress("int8 head", args.steps, "states"), 0
    other, close, plenty, spent, sigmas = 0, 0, 0, {"fp32": 0.0, "int8": 0.0}, []
    waiting: list[torch.Tensor] = []
    for ids in sequences(foundation, Path("results") / args.run):
        waiting += foundation.model.get_decoder()(input_ids=torch.tensor([ids]), use_cache=False).last_hidden_state[0]
        while len(waiting) >= ROWS:
            states, waiting = torch.stack(waiting[:ROWS]), waiting[ROWS:]
            start = time.perf_counter()
            whole = states @ weight.T
            best = whole.max(-1)
            middle = time.perf_counter()
            found = head.best(states)
            spent["fp32"], spent["int8"] = (
                spent["fp32"] + middle - start,
                spent["int8"] + time.perf_counter() - middle,
            )
            if asked < 20 * ROWS:  # all errors of some states
                error, variance = head.errors(states, whole)
                sigmas.append((error / variance.sqrt()[:, None]).abs().amax())
            if found is None:
                plenty += 1
            else:
                for n in (found[0] != best.indices).nonzero()[:, 0].tolist():
                    tie = abs(whole[n, found[0][n]] - best.values[n]) < CLOSE * best.values[n].abs()
                    close, other = close + int(tie), other + int(not tie)
            asked += ROWS
            progress(ROWS)
        if asked >= args.steps:
            break
    print(f"{asked} states: {other} other tokens, {close} more within the rounding of fp32")
    print(f"too many candidates: {plenty} of {asked // ROWS} times")
    print(f"largest of {20 * ROWS} x {len(weight)} errors: {max(sigmas):.2f} deviations; the margin is {SIGMAS:g}")
    ratio = spent["fp32"] / spent["int8"]
    print(f"fp32 {spent['fp32']:.1f} s, int8 {spent['int8']:.1f} s: {ratio:.2f} times as fast")


if __name__ == "__main__":
    main()
