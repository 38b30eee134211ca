import argparse
import email.message
import inspect
import logging
import pathlib
import random
import shutil
import subprocess
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    StoppingCriteria,
    StoppingCriteriaList,
)

import tiny
from prefixyarn.decode.backend import Answer, Request
from prefixyarn.decode.batch import PREFILL_TOKENS
from prefixyarn.decode.engine import Limits, decode, rows_within
from prefixyarn.decode.kv_cache import KVCache
from prefixyarn.decode.stops import Stops
from prefixyarn.errors import InputError
from prefixyarn.languages import Direction
from prefixyarn.models.foundation import load
from prefixyarn.models.tokenizer import answer_ids, prompt_ids
from prefixyarn.prompts import Prompt

LIMIT = 20
tok = tiny.tokenizer()


class AnswerEnds(StoppingCriteria):
    """The stop rule, for transformers' generate."""

    def __init__(self, stops: Stops, prompt_length: int) -> None:
        self.stops, self.prompt_length = stops, prompt_length

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: object) -> torch.Tensor:
        ended = [self.stops.reason(row[self.prompt_length :].tolist()) is not None for row in input_ids]
        return torch.tensor(ended, device=input_ids.device)


def generate(model: PreTrainedModel, request: Request, stops: Stops) -> tuple[int, ...]:
    ids = torch.tensor([[*request.prompt, *request.prior]], device=model.device)
    criteria = StoppingCriteriaList([AnswerEnds(stops, len(request.prompt))])
    limit = stops.max_answer_tokens - len(request.prior)
    out = model.generate(ids, max_new_tokens=limit, do_sample=False, stopping_criteria=criteria)
    return tuple(out[0, ids.shape[1] :].tolist())


def requests(tok: PreTrainedTokenizerFast, n: int, seed: int) -> list[Request]:
    """Prompts of 3 to 40 tokens (beyond the window of 8), with priors of 0 to 4 tokens, some of them equal."""
    rng = random.Random(seed)
    text = [i for i in range(40, len(tok)) if "\n" not in tok.decode([i])]
    made = []
    for _ in range(n):
        prompt = (2, *rng.choices(text, k=rng.randint(2, 39)))
        prior = tuple(rng.choices(text, k=4))
        made += [Request(prompt, prior[:k]) for k in (0, 1, 2, 2, 4)] + [Request(prompt, (rng.choice(text),))]
    return made


MODELS = [tiny.gemma, tiny.llama, tiny.mistral, tiny.qwen2, tiny.qwen3]


def model_and_stops(make: Callable[..., PreTrainedModel]) -> tuple[PreTrainedModel, Stops]:
    model = make(len(tok), seed=1)
    # Random models say EOS too seldom: some frequent tokens count as EOS, too.
    stops = Stops.of(model, tok, LIMIT)
    return model, replace(stops, eos_ids=stops.eos_ids | set(range(20, 40)))


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize("max_rows", [1, 8, 1000])
def test_decode_equals_generate(make: Callable[..., PreTrainedModel], max_rows: int) -> None:
    model, stops = model_and_stops(make)
    wanted = requests(tok, 12, seed=1)
    answers = decode(model, wanted, stops, Limits(4000, max_rows))
    for request, answer in zip(wanted, answers, strict=True):
        assert answer.new_ids == generate(model, request, stops)
        assert answer.stop == stops.reason([*request.prior, *answer.new_ids])
    # The cases are worth comparing: answers of many lengths, ended in more than one way.
    assert len({len(a.new_ids) for a in answers}) >= 3
    assert {"newline", "eos", "length"} >= {a.stop for a in answers} and len({a.stop for a in answers}) >= 2


def test_the_order_of_requests_is_no_matter() -> None:
    model, stops = model_and_stops(tiny.gemma)
    wanted = requests(tok, 12, seed=1)
    answers = dict(zip(wanted, decode(model, wanted, stops, Limits(4000, 16)), strict=True))
    random.Random(1).shuffle(wanted)
    assert decode(model, wanted, stops, Limits(4000, 16)) == [answers[request] for request in wanted]


def rows_per_pass(model: PreTrainedModel, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Record the shape of the ids of every forward pass."""
    shapes: list[tuple[int, ...]] = []
    decoder = model.get_decoder()
    forward = decoder.forward

    def counting(**arguments: Any) -> Any:
        shapes.append(tuple(arguments["input_ids"].shape))
        return forward(**arguments)

    monkeypatch.setattr(decoder, "forward", counting)
    return shapes


def test_waiting_prompts_take_the_places_of_ended_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    model, stops = model_and_stops(tiny.llama)
    shapes = rows_per_pass(model, monkeypatch)
    wanted = [Request(r.prompt[:12]) for r in requests(tok, 80, seed=1) if not r.prior and len(r.prompt) >= 12]
    answers = decode(model, wanted, stops, Limits(4000, 10))
    steps = [rows for rows, time in shapes if time == 1]
    assert max(steps) == 10
    # Every token chosen but the first of an answer is one row of one step: none is computed for an ended row.
    assert sum(steps) == sum(len(a.new_ids) - 1 for a in answers)
    # The batch is full until no prompt waits; from then on it shrinks.
    assert steps == sorted(steps, reverse=True) and steps.count(10) > len(steps) / 2
    # A prefill takes as many prompts as make it a large product, though there is room for ten at a time.
    assert [rows for rows, time in shapes if time > 1] == [PREFILL_TOKENS // 12, len(wanted) - PREFILL_TOKENS // 12]


def test_logits_only_where_a_token_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    model, stops = model_and_stops(tiny.llama)
    rows: list[int] = []
    head = model.get_output_embeddings()
    forward = head.forward

    def counting(hidden: torch.Tensor) -> torch.Tensor:
        rows.append(len(hidden))
        return forward(hidden)

    monkeypatch.setattr(head, "forward", counting)
    wanted = [Request(r.prompt, r.prior) for r in requests(tok, 6, seed=3) if len(r.prior) == 4]
    answers = decode(model, wanted, stops, Limits(4000))
    assert sum(rows) == sum(len(a.new_ids) for a in answers)


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")]
)
def test_when_memory_runs_out_rows_are_halved(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    model, stops = model_and_stops(tiny.gemma)
    wanted = requests(tok, 8, seed=1)
    expected = decode(model, wanted, stops, Limits(4000, 16))
    stepping = KVCache.stepping
    capacities: set[int] = set()

    def short(self: KVCache, places: torch.Tensor, reach: int) -> None:
        capacities.add(self.rows)
        if self.rows > 4 and len(places) > 3:
            raise error
        stepping(self, places, reach)

    monkeypatch.setattr(KVCache, "stepping", short)
    assert decode(model, wanted, stops, Limits(4000, 16)) == expected
    assert capacities == {16, 8, 4}
    monkeypatch.setattr(KVCache, "stepping", lambda *arguments: (_ for _ in ()).throw(RuntimeError("something else")))
    with pytest.raises(RuntimeError, match="something else"):
        decode(model, wanted, stops, Limits(4000, 16))


def test_rows_follow_from_the_memory() -> None:
    model = tiny.llama(len(tok))
    # Two layers, keys and values of two heads of eight, fp32: 256 bytes a position.
    one, two = (rows_within(model, 256, Limits(memory, 10**9)) for memory in (2000, 2001))
    assert two - one == 16 and rows_within(model, 512, Limits(2000, 10**9)) == one // 2
    assert rows_within(model, 2048, Limits(2000, 7)) == 7
    with pytest.raises(
        InputError, match=r"100 MB of memory do not hold one row of 4096 tokens, which takes about \d+ MB"
    ):
        rows_within(model, 4096, Limits(100))


def test_known_answers_are_not_decoded_again() -> None:
    model, stops = model_and_stops(tiny.llama)
    wanted = requests(tok, 4, seed=1)
    told: dict[Request, Answer] = {}
    finished: list[int] = []
    answers = decode(model, wanted, stops, Limits(4000), found=told.__setitem__)
    assert told == dict(zip(wanted, answers, strict=True))
    again: dict[Request, Answer] = {}
    half = dict(list(told.items())[::2])
    found = decode(model, wanted, stops, Limits(4000), finished.append, half.get, again.__setitem__)
    assert found == answers and set(again) == set(told) - set(half) and sum(finished) == len(wanted)


def test_equal_requests_and_shared_steps_are_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny.llama(len(tok))
    stops = Stops.of(model, tok, LIMIT)
    shapes = rows_per_pass(model, monkeypatch)
    request = Request((2, 50, 60, 70))
    alone = decode(model, [request], stops, Limits(4000))[0]
    cost_alone = shapes.copy()
    shapes.clear()
    # The model's own first tokens as priors: every step is shared with the row without prior.
    own = [Request(request.prompt, alone.new_ids[:k]) for k in (0, 1, 2, 3, 0, 3)]
    finished: list[int] = []
    answers = decode(model, own, stops, Limits(4000), finished.append)
    assert shapes == cost_alone
    assert [r.prior + a.new_ids for r, a in zip(own, answers, strict=True)] == [alone.new_ids] * 6
    assert sum(finished) == 6


def test_whole_answer_as_prior_adds_nothing() -> None:
    model = tiny.gemma(len(tok), seed=1)
    stops = Stops.of(model, tok, LIMIT)
    whole = next(
        (r, a)
        for r in requests(tok, 12, 1)
        if (a := decode(model, [r], stops, Limits(4000))[0]).stop == "newline" and not r.prior
    )
    again = decode(model, [Request(whole[0].prompt, whole[1].new_ids)], stops, Limits(4000))[0]
    assert again.new_ids == () and again.stop == "newline"


def test_prior_longer_than_the_limit_is_refused() -> None:
    model = tiny.llama(len(tok))
    with pytest.raises(InputError, match=r"prior of 21 tokens is longer than the answer limit of 20"):
        decode(model, [Request((2, 5), (9,) * 21)], Stops.of(model, tok, LIMIT), Limits(4000))


def test_prior_that_ends_the_answer_early_is_refused() -> None:
    model = tiny.llama(len(tok))
    newline, text = tok.get_vocab()["\n"], tok.get_vocab()["D"]
    with pytest.raises(InputError, match="ends the answer"):
        decode(model, [Request((2, 5), (text, newline, text))], Stops.of(model, tok, LIMIT), Limits(4000))


def test_a_model_spread_over_devices_answers_the_same(tmp_path: Path) -> None:
    folder = tiny.save_model(tmp_path / "model")
    wanted, plain = requests(tok, 12, seed=7), AutoModelForCausalLM.from_pretrained(folder).eval()
    # Without a second device: layers on disk, which go through the same hooks.
    places = {f"model.layers.{n}": "disk" if n else "cpu" for n in range(plain.config.num_hidden_layers)}
    places |= dict.fromkeys(("model.embed_tokens", "model.norm", "model.rotary_emb", "lm_head"), "cpu")
    spread = AutoModelForCausalLM.from_pretrained(folder, device_map=places, offload_folder=tmp_path / "offload").eval()
    assert set(spread.hf_device_map.values()) == {"cpu", "disk"}
    stops = Stops.of(plain, tok, LIMIT)
    assert decode(spread, wanted, stops, Limits(4000)) == decode(plain, wanted, stops, Limits(4000))


@pytest.mark.gpu
@pytest.mark.parametrize("make", MODELS)
def test_on_a_gpu_answers_equal_generate_in_fp32(make: Callable[..., PreTrainedModel]) -> None:
    model, stops = model_and_stops(make)
    model, wanted = model.cuda(), requests(tok, 12, seed=2)
    for request, answer in zip(wanted, decode(model, wanted, stops, Limits(4000)), strict=True):
        assert answer.new_ids == generate(model, request, stops)


@pytest.mark.gpu
@pytest.mark.model
@pytest.mark.parametrize(("dtype", "equal"), [("float32", 1.0), ("bfloat16", 0.5)])
def test_default_model_on_a_gpu(default_model: Path, dtype: str, equal: float) -> None:
    foundation = load(default_model, "gemma-3-270m", dtype)
    stops = Stops.of(foundation.model, foundation.tokenizer, 24)
    join = "English: {}\nGerman:"
    wanted = [Request(tuple(prompt_ids(foundation.tokenizer, join.format(s)))) for s in sentences(60)]
    answers = decode(foundation.model, wanted, stops, Limits(4000))
    same = [a.new_ids == generate(foundation.model, r, stops) for r, a in zip(wanted, answers, strict=True)]
    assert sum(same) / len(same) >= equal  # in bf16 batches change some tokens: benchmarks/rounding.py says how many


def sentences(n: int) -> list[str]:
    """Return real English sentences: how the documentation of the standard library's functions begins."""
    found = []
    for module in (argparse, email.message, logging, pathlib, shutil, subprocess, threading, zipfile):
        for _, owner in sorted(inspect.getmembers(module, inspect.isclass)) + [("", module)]:
            for _, function in sorted(inspect.getmembers(owner, inspect.isfunction)):
                first = " ".join((inspect.getdoc(function) or "").split("\n\n")[0].split())
                if first.endswith(".") and 25 <= len(first) <= 140 and first not in found:
                    found.append(first)
    return found[:n]


@pytest.mark.model
def test_default_model_equals_generate_on_real_prompts(default_model: Path) -> None:
    foundation = load(default_model, "gemma-3-270m", "float32")
    stops = Stops.of(foundation.model, foundation.tokenizer, 24)
    assert len(stops.newline_ids) == 32
    prompt, wanted = Prompt("labels", "{source_language}: {source}\n{target_language}:"), []
    openings = {"de": "Gibt die", "zh": "返回一个", "ru": "Возвращает список", "ar": "إرجاع قائمة"}
    for n, source in enumerate(sentences(100)):
        direction = Direction("en", list(openings)[n % 4])
        filled = prompt.fill(source, direction)
        ids = tuple(prompt_ids(foundation.tokenizer, filled))
        prior = answer_ids(foundation.tokenizer, filled, prompt.join(direction), openings[direction.target])
        wanted.append(Request(ids, tuple(prior[: n % 3])))
    assert len(set(wanted)) == 100
    answers = decode(foundation.model, wanted, stops, Limits(4000))
    assert [a.new_ids for a in answers] == [generate(foundation.model, request, stops) for request in wanted]
