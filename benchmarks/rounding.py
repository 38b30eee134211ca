"""How much batching alone moves the logits, and how many tokens that could change.

python benchmarks/rounding.py --run default --items 24 --steps 20000

Needs a finished run. Decodes the grid of decode_grid.py, then reads its answers twice: in batches and row by row.
For each step it compares the two models' logits over the whole vocabulary. A token can differ only where the two best
logits are closer than such differences. Prints the largest difference, the gaps, the number of flips that they predict,
and how many steps do differ. About half an hour on two cores; with --dtype bfloat16, on a GPU.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence

import torch
from decode_grid import grid, setting
from transformers import PreTrainedModel

from prefixyarn.decode.backend import Request
from prefixyarn.decode.batch import Batch
from prefixyarn.decode.constraint import Ids
from prefixyarn.decode.engine import Limits, by_length, decode, rows_within
from prefixyarn.progress import Progress


@torch.inference_mode()
def states(model: PreTrainedModel, answers: Sequence[Request], max_rows: int) -> dict[tuple[Ids, Ids], torch.Tensor]:
    """Return the last state before each token of the answers, by prompt and tokens so far."""
    found: dict[tuple[Ids, Ids], torch.Tensor] = {}
    progress = Progress(f"{max_rows} rows", sum(len(r.prior) for r in answers), "tokens")
    for group in by_length(answers, 0):
        length = max(len(r.prompt) + len(r.prior) for r in group)
        batch = Batch(model, group, rows_within(model, length, Limits(6000, max_rows)), length)
        for rows, hidden in batch:
            children = []
            for row, own in zip(rows, hidden, strict=True):
                found[row.prompt, tuple(row.tokens)] = own.clone()
                kept = row.branch(None)
                for child in kept:
                    child.requests = [r for r in child.requests if len(r.prior) > len(child.tokens)]
                children.append([child for child in kept if child.requests])
            progress(len(rows))
            batch.replace(children)
    return found


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default="default")
    parser.add_argument("--foundation", default="gemma-3-270m")
    parser.add_argument("--items", type=int, default=24, help="per direction")
    parser.add_argument("--steps", type=int, default=20000)
    parser.add_argument("--dtype", default="float32")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    foundation, stops = setting(args.foundation, args.dtype)
    model, wanted = foundation.model, [r for own in grid(args.run, args.foundation, args.items) for r in own]
    wanted = list(dict.fromkeys(wanted))
    answers = decode(model, wanted, stops, Limits(6000))
    alone = decode(model, wanted[:: max(1, len(wanted) // 200)], stops, Limits(6000, 1))
    same = sum(a == b for a, b in zip(answers[:: max(1, len(wanted) // 200)], alone, strict=True))
    print(f"{same} of {len(alone)} answers are equal in batches and one at a time", flush=True)

    read: dict[Request, int] = {}
    for request, answer in zip(wanted, answers, strict=True):
        if sum(read.values()) < args.steps:
            whole = request.prior + answer.new_ids
            read[Request(request.prompt, whole)] = len(whole)
    batched, single = (states(model, list(read), rows) for rows in (256, 1))
    steps = sorted(batched.keys() & single.keys())
    head = model.get_output_embeddings()
    largest, gaps, moved, flips = [], [], [], 0
    for start in range(0, len(steps), 64):
        part = steps[start : start + 64]
        one, other = (head(torch.stack([own[step] for step in part])).float() for own in (batched, single))
        difference = one - other
        best = other.topk(2, -1)
        largest.append(difference.abs().amax(-1))
        gaps.append(best.values[:, 0] - best.values[:, 1])
        two = difference.gather(-1, best.indices)
        moved.append((two[:, 0] - two[:, 1]).abs())
        flips += int((one.argmax(-1) != best.indices[:, 0]).sum())
    most, gap, move = (torch.cat(values) for values in (largest, gaps, moved))
    # A step flips where the two best move towards each other by more than their gap: half of the moves are towards.
    ordered = move.sort().values
    over = len(ordered) - torch.searchsorted(ordered, gap, right=True)
    print(
        f"{len(steps)} steps, {args.dtype}: largest difference of a logit {most.max():.2e}, median {most.median():.2e}"
    )
    quantiles = ", ".join(f"{gap.quantile(q):.2e}" for q in (0.001, 0.01, 0.5))
    print(f"gap of the two best logits: smallest {gap.min():.2e}; quantiles 0.1 %, 1 %, 50 %: {quantiles}")
    below = [int((gap < n * most.max()).sum()) for n in (1, 2)]
    print(f"gaps below the largest difference: {below[0]}; below twice that: {below[1]}")
    print(f"flips predicted by gaps and moves: {float((over / len(ordered)).sum()) / 2:.3f}; found: {flips}")


if __name__ == "__main__":
    main()
