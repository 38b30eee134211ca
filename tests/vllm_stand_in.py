"""Stands in for an environment with vLLM: the worker runs as it is, and the models are those of transformers.

`environment` writes what the worker is started with. It runs this file, which gives the worker modules of vLLM's names.
"""

from __future__ import annotations

import importlib.metadata
import runpy
import sys
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERSION = "0.0-stand-in"


def environment(folder: Path) -> Path:
    """Write an interpreter of the stand-in into a folder; return its path."""
    path = folder / "python"
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "$@"\n')
    path.chmod(0o755)
    return path


@dataclass
class LoRARequest:
    """As vLLM's."""

    name: str
    number: int
    path: str


class LLM:
    """A model of transformers with what the worker uses of vLLM's ``LLM`` and of its engine.

    The last request is answered first: nobody may count on an order.
    """

    def __init__(self, **settings: Any) -> None:
        import torch
        from transformers import AutoModelForCausalLM

        assert settings["enable_prefix_caching"] and settings["skip_tokenizer_init"]
        self._settings, self._waiting = settings, list[Any]()
        dtype = getattr(torch, settings["dtype"])
        self._model: Any = AutoModelForCausalLM.from_pretrained(settings["model"], dtype=dtype).eval()
        self._tuned: Any = None
        self.llm_engine = self

    def add_request(self, name: str, prompt: dict[str, Any], params: Any, lora_request: LoRARequest | None) -> None:
        room = len(prompt["prompt_token_ids"]) + params.max_tokens
        assert room <= self._settings["max_model_len"], "vLLM refuses what it has no room for"
        self._waiting.append((name, list(prompt["prompt_token_ids"]), params, lora_request))

    def has_unfinished_requests(self) -> bool:
        return bool(self._waiting)

    def step(self) -> list[Any]:
        name, ids, params, adapter = self._waiting.pop()
        if adapter:
            assert self._settings["max_lora_rank"] in (1, 8, 16)
            if self._tuned is None:
                from peft import PeftModel
                from transformers import AutoModelForCausalLM

                base = AutoModelForCausalLM.from_pretrained(self._settings["model"], dtype=self._model.dtype)
                self._tuned = PeftModel.from_pretrained(base, adapter.path).eval()
        model = self._tuned if adapter else self._model
        new: list[int] = []
        first = None
        while len(new) < params.max_tokens:
            after = self._after(model, [*ids, *new])[-1]
            if first is None and params.logprobs:
                best = after.topk(params.logprobs)
                first = {
                    int(token): types.SimpleNamespace(logprob=float(value), rank=n + 1)
                    for n, (token, value) in enumerate(zip(best.indices, best.values, strict=True))
                }
                first = dict(sorted(first.items()))  # vLLM promises no order
            allowed = params.allowed_token_ids
            new.append(max(allowed, key=lambda t: float(after[t])) if allowed else int(after.argmax()))
            if new[-1] in params.stop_token_ids:
                break
        output = types.SimpleNamespace(token_ids=tuple(new), logprobs=[first] if first else None)
        scored: list[Any] | None = None
        if params.prompt_logprobs is not None:
            table = self._after(model, ids)
            scored = [None]
            scored += [
                {token: types.SimpleNamespace(logprob=float(row[token]))}
                for token, row in zip(ids[1:], table, strict=False)
            ]
        done = {"prompt_token_ids": ids, "prompt_logprobs": scored, "outputs": [output]}
        return [types.SimpleNamespace(request_id=name, finished=True, **done)]

    def _after(self, model: Any, ids: list[int]) -> Any:
        import torch

        with torch.inference_mode():
            return model(torch.tensor([ids])).logits[0].log_softmax(-1)


def main() -> None:
    isolated, script, *arguments = sys.argv[1:]
    assert isolated == "-I"
    own = sys.modules["__main__"]
    own.SamplingParams = types.SimpleNamespace  # type: ignore[attr-defined]
    sys.modules |= {"vllm": own, "vllm.lora": own, "vllm.lora.request": own}
    known = {"vllm": VERSION}

    def version(distribution_name: str) -> str:
        if distribution_name not in known:
            raise importlib.metadata.PackageNotFoundError(distribution_name)
        return known[distribution_name]

    if arguments == ["versions"]:
        importlib.metadata.version = version
    sys.argv = [script, *arguments]
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
