"""Decoding grids on a GPU: this engine with and without its parts, and others', for models of three shapes.

python benchmarks/gpu_grid.py --out gpu_grid.json

Models of random weights in the shapes of Gemma 3 270M, Llama 2 7B and Llama 3 8B, in bfloat16, one after the other.
Prompts are random, of 64 tokens and of 400, each with 16 priors of two tokens; no token ends an answer. Those of 400
are as few-shot prompts are: 340 are examples, the same for all prompts of one of eight directions.
Contenders are this engine, the same without each of its parts, `generate` at the better of two batch sizes, and the
continuous batching of `generate_batch`. For each grid a floor: what plain products with the model's own matrices take,
and reading keys and values once, measured on the same card. Prints a line for each, and writes the numbers to --out
after each. Ends within --seconds: what would not fit is left out and named. --layers 2 --tiny tries it on a CPU.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import torch
from measure import copy_rate, linears, now, peak_mb, product_seconds
from transformers import AutoModelForCausalLM, ContinuousBatchingConfig, Gemma3TextConfig, GenerationConfig, LlamaConfig
from transformers.utils import logging

from prefixyarn.decode.backend import Request
from prefixyarn.decode.engine import Limits, Parts, decode
from prefixyarn.decode.stops import Stops

START = time.monotonic()
ANSWER, PRIOR = 29, 2  # tokens, the prior included: the length that prefixyarn.plan assumes for translation
NEW = ANSWER - PRIOR
LENGTHS = (64, 400)  # of prompts
EXAMPLES, DIRECTIONS = 340, 8  # of a few-shot prompt: tokens that those of a direction share
PRIORS = 16  # for each prompt
TINY_PROMPTS = 2
BATCH_SIZES = (128, 512)  # that `generate` is tried with
MEMORY_MB = 20000  # of a trial on a CPU; on a GPU the engine takes what is free
MARGIN_S = 3
# How many times the floor a contender takes, before it was seen on this model; others than ours stop when told to.
GUESS = 6.0


@dataclass(frozen=True)
class Shape:
    """A model's shape and its grids.

    Attributes:
        config: Makes its configuration; from what a model of this shape has published, no special tokens.
        tiny: What is smaller in a trial.
        prompts: How many prompts of each length.
        until: The share of the time that is spent when its contenders are to be done.
    """

    config: Callable[..., Any]
    tiny: dict[str, Any]
    prompts: int
    until: float


GEMMA_270M = partial(
    Gemma3TextConfig,
    vocab_size=262144,
    hidden_size=640,
    intermediate_size=2048,
    num_hidden_layers=18,
    num_attention_heads=4,
    num_key_value_heads=1,
    head_dim=256,
    query_pre_attn_scalar=256,
    sliding_window=512,
    max_position_embeddings=32768,
)
LLAMA3_8B = partial(
    LlamaConfig,
    vocab_size=128256,
    hidden_size=4096,
    intermediate_size=14336,
    num_hidden_layers=32,
    num_attention_heads=32,
    num_key_value_heads=8,
    max_position_embeddings=8192,
    rms_norm_eps=1e-5,
)
NARROW = {"hidden_size": 256, "intermediate_size": 512, "vocab_size": 2000}
SHAPES = {
    "270M": Shape(GEMMA_270M, {**NARROW, "head_dim": 32}, 48, 0.2),
    "7B": Shape(LlamaConfig, NARROW, 128, 0.6),  # its defaults are Llama 2 7B's
    "8B": Shape(LLAMA3_8B, NARROW, 128, 1.0),
}


def made(shape: Shape, layers: int | None, tiny: bool) -> Any:
    """Return a model of a shape, made on the GPU, or on the CPU in fp32 where there is none."""
    gpu = torch.cuda.is_available()
    given = {**(shape.tiny if tiny else {}), **({"num_hidden_layers": layers} if layers else {})}
    config = shape.config(**given, bos_token_id=None, eos_token_id=None, pad_token_id=None)
    torch.manual_seed(1)
    with torch.device("cuda" if gpu else "cpu"):
        return AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16 if gpu else torch.float32).eval()


def free() -> None:
    """Give what nobody holds back to the GPU, and count its peak anew."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def grid(vocabulary: int, prompts: int, length: int) -> list[Request]:
    """Return random prompts, each with its random priors."""
    draw = random.Random(1)

    def ids(n: int) -> tuple[int, ...]:
        return tuple(draw.randrange(3, vocabulary) for _ in range(n))

    if length > EXAMPLES:
        before = [ids(EXAMPLES) for _ in range(DIRECTIONS)]
        own = [before[n * DIRECTIONS // prompts] + ids(length - EXAMPLES) for n in range(prompts)]
    else:
        own = [ids(length) for _ in range(prompts)]
    return [Request(prompt, ids(PRIOR)) for prompt in own for _ in range(PRIORS)]


def floor(model: Any, prompts: int, length: int) -> dict[str, float]:
    """Return the seconds that a grid needs at least, by measured rates: of all requests side by side.

    Products of each step with the layers' and the output matrix, as plain products of as many rows; a prompt's tokens
    once, those that prompts share too, 2,048 at a time; and the keys and values of each prompt and of each answer, read
    once a step.
    """
    requests, config = prompts * PRIORS, model.config
    layers, head = [m.weight for m in linears(model.get_decoder())], [model.get_output_embeddings().weight]
    heads = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    token = config.num_hidden_layers * 2 * config.num_key_value_heads * heads * model.dtype.itemsize
    read = sum(token * (prompts * length + requests * (PRIOR + step)) for step in range(1, NEW))
    rate = copy_rate(model.device, 2**30 if torch.cuda.is_available() else 2**26)
    once = prompts * length if length <= EXAMPLES else DIRECTIONS * EXAMPLES + prompts * (length - EXAMPLES)
    chunk = min(2048, once)
    weights = sum(w.numel() * w.element_size() for w in [*layers, *head])
    parts = {
        "prompts and priors": (once + requests * PRIOR) / chunk * product_seconds(layers, chunk, 3),
        "layers": (NEW - 1) * product_seconds(layers, requests, 3),
        "output matrix": NEW * product_seconds(head, requests, 3),
        "keys and values": read / rate,
    }
    operations = 2 * sum(w.numel() for w in layers) * (once + requests * PRIOR)
    return {
        "seconds": sum(parts.values()),
        **parts,
        "copied GB/s": rate / 1e9,
        "products TFLOP/s": operations / parts["prompts and priors"] / 1e12,
        "reading weights alone": weights * NEW / rate,
    }


Answers = dict[int, tuple[int, ...]]  # by the request's number


def ours(model: Any, requests: Sequence[Request], parts: Parts) -> tuple[Answers, float]:
    """Return the answers of this engine, and the seconds that they took."""
    stops = Stops(None, frozenset(), frozenset(), ANSWER)  # no token ends an answer, so nothing asks the tokenizer
    decode(model, requests[:PRIORS], stops, Limits(MEMORY_MB), parts=parts)  # warm up
    start = now()
    found = decode(model, requests, stops, Limits(MEMORY_MB), parts=parts)
    return {n: answer.new_ids for n, answer in enumerate(found)}, now() - start


def generate(model: Any, requests: Sequence[Request], deadline: float) -> tuple[Answers, float]:
    """Return the answers of `generate` at its better batch size, as many as the time allows, and their seconds."""
    settings = GenerationConfig(max_new_tokens=NEW, do_sample=False, pad_token_id=0)

    def batch(numbers: Sequence[int]) -> tuple[Answers, float]:
        ids = torch.tensor([[*requests[n].prompt, *requests[n].prior] for n in numbers], device=model.device)
        start = now()
        out = model.generate(ids, attention_mask=torch.ones_like(ids), generation_config=settings)
        seconds = now() - start
        return dict(zip(numbers, map(tuple, out[:, ids.shape[1] :].tolist()), strict=True)), seconds

    batch(range(min(8, len(requests))))  # warm up
    trials: dict[int, tuple[Answers, float]] = {}
    for size in sorted({min(size, len(requests)) for size in BATCH_SIZES}):
        try:
            trials[size] = batch(range(size))
        except torch.OutOfMemoryError:
            print(f"  generate: {size} at a time do not fit", flush=True)
            free()
    size = min(trials, key=lambda size: trials[size][1] / size)
    found, seconds = trials[size]
    for start in range(size, len(requests), size):
        if time.monotonic() + 1.5 * trials[size][1] > deadline:
            break
        more, own = batch(range(start, min(start + size, len(requests))))
        found, seconds = {**found, **more}, seconds + own
    print(f"  generate: {size} at a time", flush=True)
    return found, seconds


def generate_batch(model: Any, requests: Sequence[Request], deadline: float) -> tuple[Answers, float]:
    """Return the answers of continuous batching, as many as the time allows, and their seconds.

    What `generate_batch` does, but for the deadline. Making its cache does not count.
    """
    settings = GenerationConfig(max_new_tokens=NEW, do_sample=False, eos_token_id=-1, pad_token_id=0)
    room = ContinuousBatchingConfig(max_memory_percent=0.4)  # ample; zeros are written into all of it first
    if not torch.cuda.is_available():
        room = ContinuousBatchingConfig(num_blocks=64, max_batch_tokens=2048)  # else it writes zeros into gigabytes
    found: Answers = {}
    with model.continuous_batching_context_manager(
        generation_config=settings, continuous_batching_config=room, timeout=5
    ) as manager:
        start = now()
        names = manager.add_requests(
            inputs=[[*request.prompt, *request.prior] for request in requests], max_new_tokens=NEW
        )
        numbers = {name: n for n, name in enumerate(names)}
        while len(found) < len(requests) and time.monotonic() < deadline:
            result = manager.get_result(timeout=1)
            if result and result.error:
                raise RuntimeError(result.error)
            if result and result.is_finished():
                found[numbers[result.request_id]] = tuple(result.generated_tokens)
            elif not result and not manager.is_running():
                raise RuntimeError("its thread ended")
        seconds = now() - start
    return found, seconds


def contenders() -> dict[str, Callable[..., tuple[Answers, float]]]:
    """Return who decodes, by name, in the order in which they do."""
    # Beside a GPU there is no 8-bit output matrix.
    off = [part.name for part in fields(Parts) if not (part.name == "int8_head" and torch.cuda.is_available())]

    def variant(parts: Parts) -> Callable[..., tuple[Answers, float]]:
        return lambda model, requests, deadline: ours(model, requests, parts)

    return {
        "ours": variant(Parts()),
        **{f"ours without {name}": variant(Parts(**{name: False})) for name in off},
        "generate": generate,
        "generate_batch": generate_batch,
    }


def measured(
    model: Any, requests: Sequence[Request], contender: Callable[..., tuple[Answers, float]], deadline: float
) -> dict[str, Any]:
    """Return what a contender took; a failure as such."""
    free()
    try:
        answers, seconds = contender(model, requests, deadline)
    except Exception as error:  # others' failures, and ours without a part, must not end the program
        return {"failed": f"{type(error).__name__}: {str(error).strip().splitlines()[:1]}"}
    tokens = sum(map(len, answers.values()))
    if not tokens:
        return {"failed": "no answer in time"}
    if {*map(len, answers.values())} != {NEW}:
        return {"failed": f"answers of {sorted({*map(len, answers.values())})} tokens instead of {NEW}"}
    return {
        "answers": answers,
        "decoded": len(answers),
        "seconds": seconds,
        "tokens_per_s": tokens / seconds,
        "peak_mb": peak_mb(),
    }


def equal(answers: Answers, others: Answers) -> dict[str, float]:
    """Return the share of equal answers, and of equal tokens up to an answer's first other one."""
    common = [n for n in answers if n in others]
    same = [
        sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(answers[n], others[n], strict=True)))
        for n in common
    ]
    return {"equal": sum(s == NEW for s in same) / len(same), "equal_tokens": sum(same) / len(same) / NEW}


def line(name: str, result: dict[str, Any]) -> str:
    """Return a contender's numbers, or the floor's, as a line."""
    if "failed" in result:
        return f"  {name}: {result['failed']}"
    if name == "floor":
        return f"  {name}: " + ", ".join(f"{key} {value:.3g}" for key, value in result.items())
    return (
        f"  {name}: {result['decoded']} answers in {result['seconds']:.2f} s, {result['tokens_per_s']:.0f} new "
        f"tokens/s, peak {result['peak_mb']:.0f} MB, {result['of_floor']:.2f} times the floor, {result['ratio']:.2f} "
        f"times ours, {result['equal']:.1%} of answers equal, {result['equal_tokens']:.1%} of tokens before another"
    )


def compare(model: Any, prompts: int, length: int, until: float, show: Callable[[str, dict[str, Any]], None]) -> None:
    """Let all contenders decode a grid, and show what each took.

    Args:
        model: The model.
        prompts: How many prompts.
        length: Their tokens.
        until: When all are to be done, by `time.monotonic`.
        show: Called with a name and numbers.
    """
    requests, least = grid(model.config.vocab_size, prompts, length), floor(model, prompts, length)
    show("floor", least)
    slower, reference = GUESS, dict[str, Any]()
    for name, run in contenders().items():
        began = time.monotonic()
        expected = MARGIN_S + (slower if name.startswith("ours") else 1) * least["seconds"]
        if began + expected > until:
            show(name, {"failed": f"left out: it may take {expected:.0f} s"})
            continue
        # The last two share what is left.
        result = measured(model, requests, run, (began + until) / 2 if name == "generate" else until)
        answers = result.pop("answers", None)
        if answers:
            result["of_floor"] = result["seconds"] / least["seconds"] * len(requests) / len(answers)
            reference = reference or {**result, "answers": answers}
            result["ratio"] = reference["tokens_per_s"] / result["tokens_per_s"]
            result |= equal(answers, reference["answers"])
            slower = result["of_floor"]
        show(name, result)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=230, help="to end within")
    parser.add_argument("--layers", type=int, help="of each model; by default all")
    parser.add_argument("--tiny", action="store_true", help="narrow models, and few prompts")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/gpu_grid.json"))
    args = parser.parse_args()
    logging.set_verbosity_error()
    if torch.cuda.is_available():
        # As `load` does: cuDNN's attention plans anew for each length of keys.
        torch.backends.cuda.enable_cudnn_sdp(False)

    results: dict[str, Any] = {"device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"}
    for name, shape in SHAPES.items():
        model = made(shape, args.layers, args.tiny)
        for number, length in enumerate(LENGTHS):
            prompts = TINY_PROMPTS if args.tiny else shape.prompts
            where, now_s = f"{name}, {prompts} prompts of {length}, each with {PRIORS} priors", time.monotonic()
            print(f"{now_s - START:.0f} s. {where}", flush=True)
            own = results[where] = {}

            def show(contender: str, result: dict[str, Any], own: dict[str, Any] = own) -> None:
                own[contender] = result
                print(line(contender, result), flush=True)
                args.out.write_text(json.dumps(results, indent=1) + "\n")

            left = START + shape.until * args.seconds - now_s
            compare(model, prompts, length, now_s + left / (len(LENGTHS) - number), show)
        del model
        free()
    print(f"{time.monotonic() - START:.0f} s in all", flush=True)


if __name__ == "__main__":
    main()
