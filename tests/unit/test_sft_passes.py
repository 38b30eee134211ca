"""How sequences go through the model in training: in one row, blind to each other, as many as memory holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import PreTrainedModel

import tiny
from families import tiny_config, tiny_model
from prefixyarn.errors import InputError
from prefixyarn.models.foundation import Foundation
from prefixyarn.models.sft import flash, steps
from prefixyarn.models.sft.loss import Example, attending, target_loss
from prefixyarn.models.sft.memory import PASS_TOKENS, RECOMPUTED, Room, kept, room_within
from prefixyarn.models.sft.steps import SftConfig, Training
from prefixyarn.models.sft.train import train, trainable, trained

draw = torch.Generator().manual_seed(5)


def some(n: int) -> tuple[int, ...]:
    return tuple(torch.randint(3, 128, (n,), generator=draw).tolist())


# Longer than the windows of 8, and shorter; of one token, too.
SEQUENCES = [Example(some(n), some(m)) for n, m in ((20, 9), (3, 2), (11, 1), (1, 17))]
CONFIG = SftConfig(method="lora", steps=4, batch=4, rate=0.02, rank=2, dev_points=2, seed=1)


DROPOUT: dict[str, dict[str, float]] = {
    "gpt2": dict.fromkeys(("resid_pdrop", "attn_pdrop", "embd_pdrop"), 0.0),
    "opt": {"dropout": 0.0},
}


def made(family: str) -> PreTrainedModel:
    """Return a tiny model as it is in a step."""
    return tiny_model(tiny_config(family, **DROPOUT.get(family, {}))).train()


def one_by_one(model: PreTrainedModel) -> float:
    """Return the loss as the model itself has it, of each sequence alone."""
    total = 0.0
    for own in SEQUENCES:
        ids = torch.tensor([[*own.prompt, *own.target]])
        labels = torch.tensor([[*[-100] * len(own.prompt), *own.target]])
        total += model(ids, labels=labels, use_cache=False).loss.item() * len(own.target)
    return total


def gradients(model: PreTrainedModel) -> tuple[float, list[torch.Tensor]]:
    weights = [p for p in model.parameters() if p.requires_grad]
    for p in weights:
        p.grad = None
    with attending(model, SEQUENCES):
        loss, _ = target_loss(model, SEQUENCES)
        loss.backward()
    return loss.item(), [p.grad for p in weights if p.grad is not None]


def same(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    largest = max(float(own.abs().max()) for own in one)
    return len(one) == len(other) and all(
        torch.allclose(a, b, rtol=1e-4, atol=1e-6 * largest) for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize(
    "family", ["llama", "qwen2", "qwen3", "gemma3_text", "mistral", "gpt2", "opt", "bloom", "lfm2"]
)
def test_a_row_of_sequences_has_the_loss_of_each_alone(family: str) -> None:
    """BLOOM's positions count tokens in a mask, and LFM's layers have states: they read one after the other."""
    model = made(family)
    expected = one_by_one(model)
    assert gradients(model)[0] == pytest.approx(expected, rel=1e-6)


def kernel(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, ends: torch.Tensor, *rest: Any, **given: Any
) -> torch.Tensor:
    """Stand in for torch's kernel, which needs a GPU: what its documentation says."""
    back, ahead = given["window_size"]
    assert ahead == 0 and ends.dtype == torch.int32 and rest[1] == rest[2] == max(map(len, SEQUENCES))
    assert given["enable_gqa"] == (query.shape[1] != key.shape[1])
    parts = []
    for start, end in zip(ends.tolist(), ends.tolist()[1:], strict=False):
        q, k, v = (own[start:end].transpose(0, 1) for own in (query, key, value))
        distance = torch.arange(end - start)[:, None] - torch.arange(end - start)
        seen = (distance >= 0) & ((distance <= back) if back >= 0 else True)
        how = {"attn_mask": seen, "scale": given["scale"], "enable_gqa": given["enable_gqa"]}
        parts.append(torch.nn.functional.scaled_dot_product_attention(q, k, v, **how).transpose(0, 1))
    return torch.cat(parts)


@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize("family", ["llama", "qwen3", "gemma3_text", "mistral", "gpt2"])
def test_flash_attention_keeps_within_sequences(family: str, recompute: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Losses and gradients are those of the mask, also where layers are computed again for their gradient."""
    trainable(model := made(family), CONFIG)
    with torch.no_grad():
        for p in trained(model).values():
            p.add_(torch.randn(p.shape, generator=draw) * 0.1)
    loss, expected = gradients(model)
    monkeypatch.setattr(flash, "fits", lambda model: True)
    monkeypatch.setattr(flash, "varlen_attn", kernel)
    if recompute:
        model.activation_checkpointing_enable()
        model.disable_input_require_grads()
    found, again = gradients(model)
    assert found == pytest.approx(loss, rel=1e-6) and same(expected, again)
    assert model.config._attn_implementation == "sdpa"


@pytest.mark.gpu
@pytest.mark.parametrize("family", ["llama", "qwen3", "gemma3_text", "mistral", "gpt2"])
def test_on_a_gpu_flash_attention_has_the_masks_loss_up_to_rounding(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = made(family).to("cuda", torch.bfloat16)
    trainable(model, CONFIG)
    with torch.no_grad():
        for p in trained(model).values():
            p.add_(torch.randn(p.shape, generator=draw).to(p) * 0.1)
    assert flash.fits(model)
    loss, found = gradients(model)
    monkeypatch.setattr(flash, "fits", lambda model: False)
    masked, expected = gradients(model)
    assert loss == pytest.approx(masked, rel=0.02)
    flat = [torch.cat([own.flatten() for own in both]) for both in (found, expected)]
    assert torch.nn.functional.cosine_similarity(*flat, dim=0) > 0.98


def test_only_usual_attention_on_a_gpu_in_half_precision_goes_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PreTrainedModel, "device", torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (9, 0))

    def fits(family: str, dtype: torch.dtype, **own: Any) -> bool:
        return flash.fits(tiny_model(tiny_config(family, **own)).to(dtype))

    assert fits("llama", torch.bfloat16) and fits("gemma3_text", torch.float16)
    assert not fits("llama", torch.float32), "the kernel has no fp32"
    assert not fits("gemma2", torch.bfloat16), "caps scores"
    assert not fits("bloom", torch.bfloat16) and not fits("deepseek_v3", torch.bfloat16)
    assert not fits("llama", torch.bfloat16, head_dim=264)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (7, 5))
    assert not fits("llama", torch.bfloat16)


@pytest.mark.parametrize("family", ["llama", "gpt2", "gemma3_text"])
def test_an_adapter_in_fp32_is_multiplied_in_half_precision(family: str) -> None:
    model = made(family).to(torch.bfloat16)
    trainable(model, CONFIG)
    seen = []
    for name, module in model.named_modules():
        if name.endswith("lora_B.default"):
            module.register_forward_hook(lambda module, given, out: seen.append((given[0].dtype, out.dtype)))
    _, found = gradients(model)
    assert {*seen} == {(torch.bfloat16, torch.bfloat16)} and {own.dtype for own in found} == {torch.float32}


GB = 2**30
LLAMA_7B: dict[str, Any] = {"parameters": 6.7e9, "vocabulary": 32000}


@pytest.mark.parametrize(
    ("free", "model", "longest", "recompute"),
    [
        ([60 * GB], LLAMA_7B, 300, False),  # a card of 80 GB
        ([60 * GB], LLAMA_7B, 20_000, True),  # a sequence too long for it
        ([8 * GB], LLAMA_7B, 300, True),  # a card of 24 GB
        ([5 * GB] * 4, LLAMA_7B, 300, False),  # the layers spread over four
    ],
)
def test_passes_are_as_large_as_memory_allows(
    free: list[int], model: dict[str, Any], longest: int, recompute: bool
) -> None:
    room = room_within(free, **model, longest=longest)
    assert room.recompute == recompute and room.tokens >= max(longest, PASS_TOKENS["cuda"])
    each = kept(model["parameters"]) * (RECOMPUTED if recompute else 1)
    assert 0.5 * sum(free) < room.tokens * each < sum(free)
    twice = room_within([2 * own for own in free], **model, longest=longest)
    assert twice.tokens > 1.9 * room.tokens or twice.recompute != room.recompute


def test_a_card_too_small_gets_the_smallest_passes() -> None:
    assert room_within([GB // 2], **LLAMA_7B, longest=300) == Room(258, True)
    assert room_within([-GB], **LLAMA_7B, longest=300) == Room(1, True)


@pytest.fixture
def lesson(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    def run(name: str) -> dict[str, Any]:
        foundation = Foundation("tiny", tiny_model(tiny_config("llama")), tiny.tokenizer())
        training = Training("base", SEQUENCES, SEQUENCES[:2], CONFIG, tmp_path / f"{name}.pt")
        return train(foundation, training, lambda model: 0.0, tmp_path / name)

    return run


def test_out_of_memory_layers_are_computed_again_and_then_passes_halved(
    lesson: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = lesson("usual")
    sizes = []

    def short(model: PreTrainedModel, examples: list[Example]) -> tuple[torch.Tensor, int]:
        size = sum(map(len, examples))
        sizes.append((size, model.is_activation_checkpointing))
        loss = target_loss(model, examples)
        if size > 40 or not sizes[-1][1]:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return loss

    monkeypatch.setattr(steps, "target_loss", short)
    found = lesson("short of memory")
    curves = [[point["loss"] for point in own["curve"]] for own in (found, usual)]
    assert curves[0] == pytest.approx(curves[1], rel=1e-5)
    assert sizes[:3] == [(64, False), (64, True), (64, True)] and (64, True) not in sizes[4:]


def test_what_does_not_fit_at_all_says_so(
    lesson: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*args: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(steps, "target_loss", none)
    with pytest.raises(InputError, match="memory does not hold a pass of .* tokens. Ask for more or larger GPUs"):
        lesson("none")
