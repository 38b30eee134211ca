"""Pre-training: a model that loads as any other, the same again, and from where it was killed."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import LlamaForCausalLM

from made_corpus import CODES, encode, tokenizer, works
from prefixyarn.data.corpus.mixes import Mix, Recipe, cells, held_out
from prefixyarn.errors import InputError
from prefixyarn.models import pretrain as module
from prefixyarn.models.bpe import DOCUMENT
from prefixyarn.models.convert import convert
from prefixyarn.models.foundation import load
from prefixyarn.models.pretrain import Plan, Windows, held_out_bits, new_model, pretrain
from prefixyarn.models.tokenizer import bos_count, prompt_ids
from prefixyarn.models.verify import bits_per_character
from prefixyarn.prompts import Prompt

PLAN = Plan(hidden=16, layers=2, heads=2, feed_forward=32, context=32, batch=4, tokens=12_800, rate=1e-2, seed=1)


def mix() -> Mix:
    recipe = Recipe(CODES, 6000, 0.1, [Prompt("labels", "{source_language}: {source}\n{target_language}:")], 1)
    ((_, made),) = cells(works(), {"50": {"share": 0.5, "arrangement": "P"}}, recipe, encode())
    return made


def apart() -> Mix:
    return held_out(works(40, seed=5), CODES, 300, 1, encode())


def trained(folder: Path, plan: Plan = PLAN) -> dict[str, Any]:
    return pretrain(mix(), apart(), tokenizer(), plan, folder / "source", folder / "state.pt")


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("pretrained")
    return folder, trained(folder)


def test_it_learns_and_says_what_it_read(once: tuple[Path, dict[str, Any]]) -> None:
    _, made = once
    losses = [point["loss"] for point in made["curve"]]
    assert losses[0] > 5 and losses[-1] < losses[0] - 1.5
    assert made["curve"][-1]["tokens"] == PLAN.steps * PLAN.batch * PLAN.context == 12_800
    assert made["passes"] == pytest.approx(12_800 / 6000)
    assert [*made["held_out"]] == CODES and all(0 < bits < 6 for bits in made["held_out"].values())


def test_without_tokens_it_keeps_its_random_weights(tmp_path: Path) -> None:
    made = trained(tmp_path, replace(PLAN, tokens=0))
    assert made["curve"] == [] and made["passes"] == 0
    weights = LlamaForCausalLM.from_pretrained(tmp_path / "source").state_dict()
    for name, own in new_model(PLAN, tokenizer().get_vocab_size()).state_dict().items():
        assert torch.equal(own, weights[name])


def test_the_model_loads_as_any_other(once: tuple[Path, dict[str, Any]]) -> None:
    folder, made = once
    manifest = convert(folder / "source", folder / "model")
    assert manifest["parameters"] == made["parameters"]
    foundation = load(folder / "model", "tiny", "float32")
    assert bos_count(foundation.tokenizer) == 1 and foundation.tokenizer.bos_token == DOCUMENT
    assert prompt_ids(foundation.tokenizer, "the file")[0] == 0
    text = works(1, seed=9)[0].document("de")
    untrained = foundation.with_model(new_model(PLAN, tokenizer().get_vocab_size()).eval())
    assert bits_per_character(foundation, text) < bits_per_character(untrained, text) - 0.5


def test_the_same_again_and_after_a_kill(
    once: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, made = once
    assert trained(tmp_path / "again") == made
    monkeypatch.setattr(module, "SAVE_EVERY", 0.0)
    steps = 0

    class Killed(module.Progress):
        def __call__(self, finished: int) -> None:
            nonlocal steps
            steps += 1
            if steps == 40:
                raise KeyboardInterrupt
            super().__call__(finished)

    monkeypatch.setattr(module, "Progress", Killed)
    killed = tmp_path / "killed"
    with pytest.raises(KeyboardInterrupt):
        trained(killed)
    assert (killed / "state.pt").exists() and not (killed / "source").exists()
    assert trained(killed) == made
    assert steps == 40 + PLAN.steps - 39, "it went on after the last checkpoint"
    assert not (killed / "state.pt").exists()
    for own in ("again", "killed"):
        for name in ("model.safetensors", "tokenizer.json", "config.json"):
            assert (tmp_path / own / "source" / name).read_bytes() == (folder / "source" / name).read_bytes()


def test_another_plans_checkpoint_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / "state.pt"
    torch.save({"key": "another"}, state)
    assert trained(tmp_path)["curve"][0]["step"] == 1


def test_every_token_is_read_once_a_pass_in_another_order() -> None:
    own = mix()
    windows = Windows(own, PLAN)
    size = PLAN.batch * PLAN.context
    assert windows.batch(1).shape == (PLAN.batch, PLAN.context + 1)
    steps = own.tokens // size + 2
    read = torch.cat([windows.batch(step)[:, :-1].flatten() for step in range(1, steps + 1)]).numpy()
    first, second = read[: own.tokens], read[own.tokens :]
    assert np.array_equal(np.sort(first), np.sort(np.concatenate(own.ids)))
    assert not np.array_equal(second, first[: len(second)])
    follows = torch.cat([windows.batch(step)[:, 1:].flatten() for step in range(1, steps + 1)]).numpy()
    assert np.array_equal(follows[:-1], read[1:]), "each token's target is the next one, over passes, too"


def test_held_out_bits_are_those_of_the_model() -> None:
    model = new_model(PLAN, tokenizer().get_vocab_size()).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()  # every token is as likely
    own = apart()
    found = held_out_bits(model, own, tokenizer(), PLAN.context)
    for code in CODES:
        ids = [i.tolist() for i, kind in zip(own.ids, own.kinds, strict=True) if kind == code]
        characters = sum(map(len, tokenizer().decode_batch(ids)))
        expected = (sum(map(len, ids)) - 1) * math.log2(tokenizer().get_vocab_size()) / characters
        assert found[code] == pytest.approx(expected, rel=1e-4)


def test_what_cannot_be_trained_is_named(tmp_path: Path) -> None:
    big = Plan(**{**PLAN.__dict__, "batch": 512})
    with pytest.raises(InputError, match="a cell of 6,000 tokens is less than an update of 512 windows of 32"):
        trained(tmp_path, big)
    with pytest.raises(InputError, match=r"pretraining.sizes: the loss is .* at step .* Lower rate"):
        trained(tmp_path, Plan(**{**PLAN.__dict__, "rate": 1e30}))
