"""How far the engine's logits are from the model's own forward pass, and how many tokens that could change.

python benchmarks/rounding.py --run default --items 8

Needs a finished run. Decodes the grid of decode_grid.py and keeps the state behind every choice. Then each answer is
read again, by itself and without a cache, by the model's plain forward pass. Compares all logits of every step, and
says where the two best are closer than such differences: how many choices the engine made again for that reason, and
how many tokens differ from the plain pass all the same, which must be none. --shots gives prompts with so many examples
(40 make them longer than the sliding window of Gemma 3 270M, 512 tokens); --sft decodes with the SFT model, adapter on.
On two cores a few minutes each; with --dtype bfloat16, on a GPU.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import decode_grid
import torch

from prefixyarn.decode.batch import Row
from prefixyarn.decode.choice import CLOSE, Chooser
from prefixyarn.decode.constraint import Ids
from prefixyarn.decode.engine import Limits, decode
from prefixyarn.models.logits import logits
from prefixyarn.models.manifest import identity
from prefixyarn.models.sft.adapter import SftModel, decoding_model
from prefixyarn.progress import Progress

States = dict[tuple[Ids, Ids], torch.Tensor]


class Recording(Chooser):
    """A chooser that keeps the state behind each choice, by prompt and tokens so far."""

    states: States = {}
    made_again = 0

    def __call__(self, rows: Sequence[Row], states: torch.Tensor, allowed: Sequence[Ids | None]) -> list[int]:
        """Choose; keep what was looked at."""
        for row, own in zip(rows, states, strict=True):
            self.states[row.prompt, tuple(row.tokens)] = own.clone()
        before, chosen = self.close, super().__call__(rows, states, allowed)
        Recording.made_again += self.close - before
        return chosen


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default="default")
    parser.add_argument("--foundation", default="gemma-3-270m")
    parser.add_argument("--items", type=int, default=8, help="per direction")
    parser.add_argument("--shots", type=int, default=0, help="examples before each source")
    parser.add_argument("--sft", action="store_true")
    parser.add_argument("--dtype", default="float32")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    foundation, stops = decode_grid.setting(args.foundation, args.dtype)
    sft = None
    if args.sft:
        trained = Path("results") / args.run / "models/sft/translation" / args.foundation
        sft = SftModel(foundation, identity(Path("resources/foundations") / args.foundation / "model"), trained)
    with patch.object(decode_grid, "SHOTS", args.shots):
        kind = "few-shot" if args.shots else "priors"
        wanted = [r for own in decode_grid.grid(args.run, args.foundation, args.items, kind) for r in own]
    wanted = list(dict.fromkeys(wanted))
    lengths = sorted(len(request.prompt) for request in wanted)
    print(f"{len(wanted)} requests, prompts of {lengths[0]} to {lengths[-1]} tokens", flush=True)

    largest, moves, gaps, close, misses = [], [], [], 0, []
    with decoding_model(foundation, sft, "sft" if sft else "foundation") as model:
        with patch("prefixyarn.decode.engine.Chooser", Recording):
            answers = decode(model, wanted, stops, Limits(6000))
        progress, seen = Progress("plain passes", len(wanted), "answers"), set[tuple[Ids, Ids]]()
        for request, answer in zip(wanted, answers, strict=True):
            progress(1)
            whole = (*request.prior, *answer.new_ids)
            steps = [n for n in range(len(request.prior), len(whole)) if (request.prompt, whole[:n]) not in seen]
            seen |= {(request.prompt, whole[:n]) for n in steps}
            if not steps:
                continue
            ids = torch.tensor([[*request.prompt, *whole]], device=model.device)
            alone = model.get_decoder()(input_ids=ids, use_cache=False).last_hidden_state[0]
            plain = logits(model, alone[[len(request.prompt) - 1 + n for n in steps]])
            ours = logits(model, torch.stack([Recording.states[request.prompt, whole[:n]] for n in steps]))
            best = plain.topk(2, -1)
            apart = best.values[:, 0] - best.values[:, 1]
            two = (ours - plain).gather(-1, best.indices)
            largest.append((ours - plain).abs().amax(-1))
            moves.append((two[:, 0] - two[:, 1]).abs())
            gaps.append(apart)
            close += int((apart < CLOSE * best.values[:, 0].abs().clamp(min=1)).sum())
            for n, token, gap in zip(steps, best.indices[:, 0].tolist(), apart.tolist(), strict=True):
                if token != whole[n]:
                    misses.append((request.prompt[-5:], whole[:n], whole[n], token, gap))
    most, move, gap = (torch.cat(values) for values in (largest, moves, gaps))
    quantiles = ", ".join(f"{gap.quantile(q):.2e}" for q in (0.001, 0.01, 0.5))
    print(f"{len(most)} steps, {args.dtype}")
    print(f"largest difference of a logit {most.max():.2e}, median over steps {most.median():.2e}")
    print(f"largest difference between the two best {move.max():.2e}")
    print(f"gap of the two best logits: smallest {gap.min():.2e}; quantiles 0.1 %, 1 %, 50 %: {quantiles}")
    print(f"steps with a gap below the bound: {close}; choices made again: {Recording.made_again}")
    print(f"tokens other than the plain pass's: {len(misses)}", *misses[:10], sep="\n")


if __name__ == "__main__":
    main()
