"""How fast a GPU decodes and trains a model of Llama 2 7B's shape: the rate that `make plan` counts with.

python benchmarks/gpu_rate.py

Random weights in bfloat16, random prompts and priors of the lengths that the plan assumes for translation, so that no
two answers share a step. Operations are counted as prefixyarn.plan does: two per parameter and token, three times as
many in training. A minute, and 23 GB on an H100; --layers 2 tries it anywhere.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, LlamaConfig

from prefixyarn.decode.backend import Request
from prefixyarn.decode.engine import Limits, decode
from prefixyarn.decode.stops import Stops
from prefixyarn.models.foundation import Foundation
from prefixyarn.models.sft.loss import Example
from prefixyarn.models.sft.steps import SftConfig, Training
from prefixyarn.models.sft.train import train
from prefixyarn.plan import PROMPT

ANSWER = 29  # tokens, of max_answer_tokens: 96 in the paper's configuration


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=32)
    parser.add_argument("--prompts", type=int, default=128)
    parser.add_argument("--priors", type=int, default=16, help="for each prompt")
    parser.add_argument("--steps", type=int, default=24, help="of training")
    args = parser.parse_args()

    gpu, draw = torch.cuda.is_available(), random.Random(1)
    config = LlamaConfig(num_hidden_layers=args.layers, pad_token_id=None)  # by default Llama 2 7B's shape
    with torch.device("cuda" if gpu else "cpu"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16 if gpu else torch.float32).eval()
    parameters = sum(p.numel() for p in model.parameters())

    def ids(n: int) -> tuple[int, ...]:
        return tuple(draw.randrange(3, config.vocab_size) for _ in range(n))

    # No token ends an answer: all are as long as the plan's mean. So nothing asks the tokenizer.
    stops = Stops(None, frozenset(), frozenset(), ANSWER)
    wanted = [
        Request(prompt, ids(2))
        for prompt in (ids(PROMPT["translation"]) for _ in range(args.prompts))
        for _ in range(args.priors)
    ]
    decode(model, wanted[: args.priors], stops, Limits(20000))  # warm up
    start = time.perf_counter()
    decode(model, wanted, stops, Limits(20000))
    seconds = time.perf_counter() - start
    tokens = args.prompts * PROMPT["translation"] + len(wanted) * ANSWER
    report("decoding", parameters, tokens, 1, seconds)

    examples = [Example(ids(PROMPT["translation"]), ids(ANSWER)) for _ in range(16)]
    settings = SftConfig("lora", args.steps, 16, 1e-4, 16, 1, 1)
    foundation = Foundation("shape", model, None)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        training = Training("shape", examples, examples[:2], settings, Path(folder) / "state")
        train(foundation, training, lambda model: 0.0, Path(folder) / "sft")
        seconds = time.perf_counter() - start
    report("training", parameters, args.steps * len(examples) * (PROMPT["translation"] + ANSWER), 3, seconds)


def report(what: str, parameters: int, tokens: int, passes: int, seconds: float) -> None:
    """Print a rate, and the most that tensors took on the GPU since the last."""
    rate = 2 * parameters * tokens * passes / seconds
    peak = torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else 0
    print(
        f"{what}: {tokens} tokens in {seconds:.1f} s: {tokens / seconds:.0f} tokens/s, {rate:.2e} operations/s; "
        f"{parameters / 1e9:.2f}e9 parameters; peak {peak:.1f} GB",
        flush=True,
    )
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


if __name__ == "__main__":
    main()
