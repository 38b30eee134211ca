"""How fast a GPU trains an adapter on a model of Llama 2 7B's shape, and what each part of the way there brings.

python benchmarks/sft_gpu.py                                  # under four minutes; 80 GB
python benchmarks/sft_gpu.py --layers 2 --hidden 64 --steps 2   # tried anywhere

Random weights in bfloat16, an adapter of rank 16, updates of random sequences: of translation's length (103 tokens, 32
an update, as config/paper.yaml has them), and long ones (1,024 tokens, 8 an update). All ways take the same steps with
the same model in one process; the first one warms up. `before` is passes of 1,024 tokens behind a mask, the adapter's
products in fp32, an optimizer that is not fused, and a wait for the GPU after each pass. Each further way adds a part.
Prints a line per way: tokens a second, operations (as prefixyarn.plan counts: two per parameter and token, twice for an
adapter), the most memory, and how far loss and gradient are from those of `before`.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from measure import now, peak_mb
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedModel

from prefixyarn.errors import first_line
from prefixyarn.models.sft import flash, loss, steps
from prefixyarn.models.sft.group import SINGLE
from prefixyarn.models.sft.loss import Example
from prefixyarn.models.sft.memory import Room
from prefixyarn.models.sft.steps import SftConfig
from prefixyarn.models.sft.train import trainable, trained

LESSONS = {"translation": (45, 58, 32), "long": (960, 64, 8)}  # tokens of prompt and target, sequences
BEFORE = Room(1024)


@contextmanager
def without(*parts: str) -> Iterator[None]:
    """Turn parts of the way off: ``flash`` attention, ``half`` precision of an adapter's products."""
    kept = flash.fits, loss._mixed
    if "flash" in parts:
        flash.fits = lambda model: False
    if "half" in parts:
        loss._mixed = lambda model: False
    try:
        yield
    finally:
        flash.fits, loss._mixed = kept


def one_by_one(model: PreTrainedModel, batch: list[Example], room: Room) -> float:
    """Compute an update's gradients as before: wait for each pass."""
    total, tokens = 0.0, sum(len(own.target) for own in batch)
    for part in loss.passes(batch, room.tokens):
        with loss.attending(model, part):
            own, _ = loss.target_loss(model, part)
            (own / tokens).backward()
        total += own.item() / tokens
    return total


def as_now(model: PreTrainedModel, batch: list[Example], room: Room) -> float:
    """Compute an update's gradients as `prefixyarn.models.sft.steps.take_steps` does."""
    return steps._gradients(model, batch, room, SINGLE)


def timed(
    weights: steps.Weights, optimizer: torch.optim.Optimizer, gradients: Callable[[], float], number: int
) -> tuple[tuple[float, torch.Tensor], float]:
    """Take steps; return loss and gradient of the first, and the mean seconds of the others."""
    begun = 0.0
    for step in range(number):
        loss = gradients()
        if not step:
            first = loss, torch.cat([p.grad.flatten() for p in weights.values() if p.grad is not None])
        torch.nn.utils.clip_grad_norm_(list(weights.values()), steps.CLIP)
        optimizer.step()
        optimizer.zero_grad()
        begun = begun or now()
    return first, (now() - begun) / max(1, number - 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=32)
    parser.add_argument("--hidden", type=int, default=4096)
    parser.add_argument("--steps", type=int, default=5, help="of each way; the first does not count")
    args = parser.parse_args()

    gpu, draw = torch.cuda.is_available(), random.Random(1)
    # By default Llama 2 7B's shape.
    config = LlamaConfig(
        num_hidden_layers=args.layers,
        hidden_size=args.hidden,
        intermediate_size=args.hidden * 43 // 16,
        num_attention_heads=max(1, args.hidden // 128),
        pad_token_id=None,
    )
    with torch.device("cuda" if gpu else "cpu"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).train()
    parameters = model.num_parameters()
    weights = trained(trainable(model, SftConfig("lora", 1, 1, 1e-4, 16, 1, 1)))
    # Away from zero, where it starts: else it adds nothing that could differ.
    start = {name: p.detach() + 0.01 * torch.randn_like(p) for name, p in weights.items()}

    def ids(n: int) -> tuple[int, ...]:
        return tuple(draw.randrange(3, config.vocab_size) for _ in range(n))

    for lesson, (prompt, target, number) in LESSONS.items():
        batch = [Example(ids(prompt), ids(target)) for _ in range(number)]
        free = steps._room(model, weights, prompt + target)
        ways: dict[str, tuple[Room, tuple[str, ...], Callable[..., float], bool]] = {
            "before": (BEFORE, ("flash", "half"), one_by_one, False),
            "half precision": (BEFORE, ("flash",), one_by_one, False),
            "flash attention": (BEFORE, (), one_by_one, False),
            "large passes": (free, (), one_by_one, False),
            "no waits, fused": (free, (), as_now, True),
            "layers computed again": (Room(free.tokens, True), (), as_now, True),
        }
        expected: tuple[float, torch.Tensor] | None = None
        for way, (room, off, gradients, fused) in ways.items():
            steps.put(weights, start)
            optimizer = torch.optim.AdamW(weights.values(), lr=1e-4, fused=True if fused and gpu else None)
            if gpu:
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats()
            try:
                with without(*off):
                    first, seconds = timed(weights, optimizer, partial(gradients, model, batch, room), args.steps)
            except torch.OutOfMemoryError as error:
                print(f"{lesson}, {way}: out of memory with passes of {room.tokens} tokens ({first_line(error)})")
                optimizer.zero_grad()
                continue
            expected = expected or first
            alike = torch.nn.functional.cosine_similarity(first[1], expected[1], dim=0)
            tokens = sum(map(len, batch))
            rate = tokens / seconds
            print(
                f"{lesson}, {way}: {rate:.0f} tokens/s, {4 * parameters * rate:.2e} operations/s; passes of "
                f"{room.tokens} tokens; peak {peak_mb() / 1024:.1f} GB; loss off by {first[0] / expected[0] - 1:.1e}, "
                f"cosine of gradients {alike:.5f}",
                flush=True,
            )
        model.activation_checkpointing_disable()


if __name__ == "__main__":
    main()
