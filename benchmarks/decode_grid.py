"""Decoding a grid of (item x prior): this engine, `transformers.generate`, and CTranslate2, on the same work.

pip install ctranslate2==4.8.5
python benchmarks/decode_grid.py --run default --items 8 --out benchmarks/decode_grid.json

Needs a finished run, whose prompts and priors it takes: twelve conditions for the first items of each direction. Each
contender runs in a process of its own, with the same threads, and does what its users would do to get the same answers:
`generate` and CTranslate2 decode condition by condition, at the best of three batch sizes. Prints tables, writes the
numbers to --out and a figure beside it. About a quarter of an hour on two cores. On a GPU: --contenders ours generate.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from transformers import StoppingCriteria, StoppingCriteriaList

from prefixyarn.decode import engine
from prefixyarn.decode.backend import Request
from prefixyarn.decode.batch import Batch
from prefixyarn.decode.engine import Limits, decode
from prefixyarn.decode.stops import Stops
from prefixyarn.languages import Direction
from prefixyarn.models.foundation import load
from prefixyarn.models.tokenizer import prompt_ids
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, Prior, System, read_json, read_records

CONDITIONS = [
    System("none"),
    *(System("pseudo", "first", k, "token") for k in (1, 2)),
    System("pseudo", "likeliest", 1, "token"),
    *(System(kind, "", k, "token") for kind in ("refined", "sft", "oracle") for k in (1, 2)),
    System("random-function", "draw-1", 1, "token"),
    System("fixed", "", 1, "token"),
]
LIMIT = 64
BATCH_SIZES = (8, 32, 64)


def grid(run: str, name: str, items: int) -> list[list[Request]]:
    """Return the requests of each condition, over the first items of all main directions of a run."""
    results, tokenizer = (
        Path("results") / run,
        load(Path("resources/foundations") / name / "model", name, "float32").tokenizer,
    )
    prompt = Prompt(**read_json(results / f"prompts/translation/{name}.json")["prompt"])
    wanted: list[list[Request]] = [[] for _ in CONDITIONS]
    with open(results / f"prompts/translation/{name}.jsonl", encoding="utf-8") as trials:
        main = sorted({json.loads(line)["subset"] for line in trials})
    for subset in main:
        direction = Direction.parse(subset)
        priors = {
            (p.item, p.system): p.ids for p in read_records(results / f"priors/translation/{name}.jsonl", Prior, subset)
        }
        for item in read_records(results / f"data/translation/{subset}/test.jsonl", Item)[:items]:
            ids = tuple(prompt_ids(tokenizer, prompt.fill(item.source, direction)))
            for condition, system in zip(wanted, CONDITIONS, strict=True):
                condition.append(Request(ids, tuple(priors[item.id, system])))
    return wanted


def setting(name: str, dtype: str = "float32") -> tuple[Any, Stops]:
    """Return the loaded foundation and its stop rule."""
    foundation = load(Path("resources/foundations") / name / "model", name, dtype)
    return foundation, Stops.of(foundation.model, foundation.tokenizer, LIMIT)


def now() -> float:
    """Return the time in seconds, all work given to a GPU done."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def peak_mb() -> float:
    """Return the peak memory in MB: on a GPU of tensors there, else of this process."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def timed(owner: Any, method: str, calls: list[tuple[int, float]], rows: Callable[..., int]) -> Iterator[None]:
    """Record rows and seconds of every call of a method; a prefill knows its rows when it is done."""
    original = getattr(owner, method)

    def wrapped(*arguments: Any) -> Any:
        before, start = None if method == "_prefill" else rows(*arguments), now()
        result = original(*arguments)
        seconds = now() - start
        calls.append((rows(*arguments) if before is None else before, seconds))
        return result

    setattr(owner, method, wrapped)
    yield
    setattr(owner, method, original)


def ours(name: str, wanted: list[list[Request]], threads: int, dtype: str) -> dict[str, Any]:
    """Time this engine on the grid, on parts of it, and its phases against plain matrix products."""
    torch.set_num_threads(threads)
    foundation, stops = setting(name, dtype)
    model = foundation.model
    decode(model, wanted[0][:4], stops, Limits(4000))  # warm up
    grown = {}
    for n in (1, 4, 12):
        part = [request for condition in wanted[:n] for request in condition]
        phases: dict[str, list[tuple[int, float]]] = {"prefill": [], "step": [], "choose": []}
        with (
            timed(Batch, "_prefill", phases["prefill"], lambda self: self._prefilled.rows * self._prefilled.length),
            timed(Batch, "_step", phases["step"], lambda self: len(self._rows)),
            timed(engine, "_choose", phases["choose"], lambda model, hidden, allowed: len(hidden)),
        ):
            start = now()
            answers = decode(model, part, stops, Limits(4000))
            grown[n] = now() - start
    layers = gemm_seconds([m.weight for m in linears(model.get_decoder())])
    head = gemm_seconds([model.get_output_embeddings().weight])
    rates = {}
    for phase, table in (("prefill", layers), ("step", layers), ("choose", head)):
        rows, seconds = (np.array(column, dtype=float) for column in zip(*phases[phase], strict=True))
        ideal = np.interp(rows, [r for r, _ in table], [s for _, s in table])
        rates[phase] = {"seconds": seconds.sum(), "ideal": ideal.sum(), "rows": rows.sum(), "calls": len(rows)}
    size = len(wanted[0])
    chosen = {n: [a.new_ids for a in answers[n * size : (n + 1) * size]] for n in range(len(wanted))}
    return {"seconds": grown, "phases": rates, "answers": chosen, "peak_mb": peak_mb()}


def linears(module: torch.nn.Module) -> list[torch.nn.Linear]:
    """Return all linear layers of a module."""
    return [m for m in module.modules() if isinstance(m, torch.nn.Linear)]


@torch.inference_mode()
def gemm_seconds(weights: Sequence[torch.Tensor]) -> list[tuple[float, float]]:
    """Measure (rows, seconds) of plain products with these weights, one after the other: the best of five passes.

    In a row, as in the model, so that each weight has to be read from memory: the same one again would lie in a cache.
    """
    table, own = [], {"dtype": weights[0].dtype, "device": weights[0].device}
    for rows in (1, 2, 4, 8, 16, 32, 48, 64, 96, 128, 192, 256, 512, 1024, 2048):
        if rows > 256 and len(weights) == 1:
            break
        states = {size: torch.randn(rows, size, **own) for size in {weight.shape[1] for weight in weights}}
        best = float("inf")
        for _ in range(5):
            start = now()
            for weight in weights:
                torch.nn.functional.linear(states[weight.shape[1]], weight)
            best = min(best, now() - start)
        table.append((float(rows), best))
    return table


class AnswerEnds(StoppingCriteria):
    """The stop rule for `generate`; text is decoded only where a row's last token can be a stop."""

    def __init__(self, stops: Stops, start: int, device: torch.device) -> None:
        """Take the stop rule, the column where the answer starts, and where the ids are."""
        self.stops, self.start = stops, start
        self.candidates = torch.tensor(sorted(stops.newline_ids | stops.eos_ids), device=device)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: object) -> torch.Tensor:
        """Return which rows have ended."""
        ended = torch.isin(input_ids[:, -1], self.candidates)
        for n in ended.nonzero()[:, 0].tolist():
            ended[n] = self.stops.reason(input_ids[n, self.start :].tolist()) is not None
        return ended


def cut(ids: list[int], prior: tuple[int, ...], stops: Stops) -> tuple[int, ...]:
    """Return new ids up to the answer's end; what a batch adds behind it is padding."""
    for n in range(1, len(ids) + 1):
        if stops.reason([*prior, *ids[:n]]):
            return tuple(ids[:n])
    return tuple(ids)


def generate_condition(model: Any, stops: Stops, condition: Sequence[Request], size: int) -> list[tuple[int, ...]]:
    """Decode one condition with `generate`, in batches of prompts of like length, padded on the left."""
    order = sorted(range(len(condition)), key=lambda n: -len(condition[n].prompt))
    found: list[tuple[int, ...]] = [()] * len(condition)
    for start in range(0, len(order), size):
        own = [condition[n] for n in order[start : start + size]]
        rows = [[*r.prompt, *r.prior] for r in own]
        longest = max(map(len, rows))
        ids = torch.tensor([[0] * (longest - len(row)) + row for row in rows], device=model.device)
        mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows], device=model.device)
        prior = max(len(r.prior) for r in own)
        out = model.generate(
            ids,
            attention_mask=mask,
            max_new_tokens=LIMIT - min(len(r.prior) for r in own),
            do_sample=False,
            pad_token_id=0,
            stopping_criteria=StoppingCriteriaList([AnswerEnds(stops, longest - prior, model.device)]),
        )
        for n, row, request in zip(order[start : start + size], out[:, longest:].tolist(), own, strict=True):
            found[n] = cut(row[: LIMIT - len(request.prior)], request.prior, stops)
    return found


def generate(name: str, wanted: list[list[Request]], threads: int, dtype: str) -> dict[str, Any]:
    """Time `transformers.generate` condition by condition, at its best batch size."""
    torch.set_num_threads(threads)
    foundation, stops = setting(name, dtype)
    generate_condition(foundation.model, stops, wanted[1][:4], 4)  # warm up
    trials = {}
    for size in BATCH_SIZES:
        start = now()
        generate_condition(foundation.model, stops, wanted[1], size)
        trials[size] = now() - start
    best = min(trials, key=lambda size: trials[size])
    start, answers = now(), {}
    for n, condition in enumerate(wanted):
        answers[n] = generate_condition(foundation.model, stops, condition, best)
    seconds = now() - start
    return {"seconds": seconds, "trials": trials, "batch": best, "answers": answers, "peak_mb": peak_mb()}


def ctranslate2(name: str, wanted: list[list[Request]], threads: int, kind: str, folder: str) -> dict[str, Any]:
    """Time CTranslate2 condition by condition, at its best batch size."""
    import ctranslate2 as ct2

    foundation, stops = setting(name)
    vocabulary = foundation.tokenizer.convert_ids_to_tokens(range(len(foundation.tokenizer)))
    del foundation
    generator = ct2.Generator(folder, device="cpu", compute_type=kind, inter_threads=1, intra_threads=threads)
    ends = sorted(stops.newline_ids | stops.eos_ids)

    def condition_answers(condition: Sequence[Request], size: int) -> list[tuple[int, ...]]:
        rows = [[vocabulary[i] for i in (*r.prompt, *r.prior)] for r in condition]
        results = generator.generate_batch(
            rows,
            max_batch_size=size,
            max_length=LIMIT,
            end_token=ends,
            return_end_token=True,
            sampling_topk=1,
            include_prompt_in_result=False,
        )
        return [
            cut(result.sequences_ids[0][: LIMIT - len(request.prior)], request.prior, stops)
            for result, request in zip(results, condition, strict=True)
        ]

    condition_answers(wanted[1][:4], 4)  # warm up
    trials = {}
    for size in BATCH_SIZES:
        start = now()
        condition_answers(wanted[1], size)
        trials[size] = now() - start
    best = min(trials, key=lambda size: trials[size])
    start, answers = now(), {}
    for n, condition in enumerate(wanted):
        answers[n] = condition_answers(condition, best)
    seconds = now() - start
    return {"seconds": seconds, "trials": trials, "batch": best, "answers": answers, "peak_mb": peak_mb()}


def convert(name: str, folder: str) -> None:
    """Convert the foundation for CTranslate2."""
    from ctranslate2.converters import TransformersConverter

    TransformersConverter(str(Path("resources/foundations") / name / "model")).convert(folder, force=True)


def memory(name: str, wanted: list[list[Request]], threads: int, dtype: str, items: int) -> dict[str, Any]:
    """Return the peak memory of this engine on ``items`` prompts, short answers, within 3,000 MB."""
    torch.set_num_threads(threads)
    foundation, stops = setting(name, dtype)
    stops = Stops(stops.tokenizer, stops.newline_ids, stops.eos_ids, 8)
    # More prompts than the run has: each again, with another first word.
    prompts = [r.prompt for r in wanted[0]]
    more = [Request((*prompts[n % len(prompts)][:3], 1000 + n, *prompts[n % len(prompts)][3:])) for n in range(items)]
    decode(foundation.model, more, stops, Limits(3000))
    return {"peak_mb": peak_mb()}


def in_a_process(job: Callable[..., Any], *arguments: Any) -> Any:
    """Run a job in a fresh process, so that its peak memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(job, arguments)


def draw(results: dict[str, Any], conditions: int, path: Path) -> None:
    """Draw seconds per condition as the grid grows, and memory as the items grow."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for number, (name, result) in enumerate((n, r) for n, r in results.items() if n != "memory"):
        style = {"marker": "osD^"[number], "color": plt.cm.cividis(number / 4), "label": name}
        if name == "ours":
            grown = {int(n): seconds / int(n) for n, seconds in result["grown"].items()}
            left.plot(list(grown), list(grown.values()), **style)
        else:
            left.axhline(result["seconds"] / conditions, ls="--", color=style["color"], label=name)
    left.set(xlabel="conditions in the grid", ylabel="seconds per condition", ylim=(0, None))
    left.legend(fontsize=8)
    memory = results.get("memory", {})
    right.plot([int(n) for n in memory], list(memory.values()), "o-", color="black")
    right.set(xlabel="prompts", ylabel="peak memory (MB)", ylim=(0, None))
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default="default")
    parser.add_argument("--foundation", default="gemma-3-270m")
    parser.add_argument("--items", type=int, default=8, help="per direction")
    parser.add_argument("--dtype", default="float32", help="of this engine and `generate`")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--contenders", nargs="+", default=["ours", "generate", "float32", "int8", "memory"])
    parser.add_argument("--out", type=Path, default=Path("benchmarks/decode_grid.json"))
    args = parser.parse_args()

    wanted = grid(args.run, args.foundation, args.items)
    total = sum(map(len, wanted))
    print(f"{len(wanted)} conditions x {len(wanted[0])} items, {args.threads} threads", flush=True)
    results: dict[str, Any] = {}
    if "ours" in args.contenders:
        results["ours"] = in_a_process(ours, args.foundation, wanted, args.threads, args.dtype)
        results["ours"]["grown"] = results["ours"]["seconds"]
        results["ours"]["seconds"] = results["ours"]["grown"][12]
        print({k: v for k, v in results["ours"].items() if k != "answers"}, flush=True)
    if "generate" in args.contenders:
        results["generate"] = in_a_process(generate, args.foundation, wanted, args.threads, args.dtype)
    with tempfile.TemporaryDirectory() as folder:
        kinds = [kind for kind in ("float32", "int8") if kind in args.contenders]
        if kinds:
            in_a_process(convert, args.foundation, folder)
        for kind in kinds:
            results[f"CTranslate2 {kind}"] = in_a_process(
                ctranslate2, args.foundation, wanted, args.threads, kind, folder
            )
    for name, result in results.items():
        answers = result.pop("answers")
        result["items_per_s"] = total / result["seconds"]
        result["tokens_per_s"] = sum(len(a) for own in answers.values() for a in own) / result["seconds"]
        if name == "ours":
            reference = answers
        else:
            result["ratio"] = result["seconds"] / results["ours"]["seconds"]
            same = [
                tuple(a) == tuple(b)
                for n in answers
                for a, b, request in zip(answers[n], reference[n], wanted[n], strict=True)
                if request.prior
            ]
            result["equal_seeded"] = sum(same) / len(same)
        print(name, result, flush=True)
    if "memory" in args.contenders:
        results["memory"] = {
            items: in_a_process(memory, args.foundation, wanted, args.threads, args.dtype, items)["peak_mb"]
            for items in (50, 100, 200, 400)
        }
        print("peak MB by items:", results["memory"], flush=True)
    args.out.write_text(json.dumps(results, indent=1, default=float) + "\n")
    draw(results, len(wanted), args.out.with_suffix(".svg"))


if __name__ == "__main__":
    main()
