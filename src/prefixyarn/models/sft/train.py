"""Training the SFT model: the foundation fine-tuned on the task, by LoRA (Hu et al. 2021, arXiv 2106.09685) or in full.

A trained model is a folder: ``adapter_model.safetensors`` and
``adapter_config.json`` (LoRA, as ``peft`` has them) or a whole model's files (full), and ``manifest.json``, written
last, which names the foundation that it belongs to.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from prefixyarn.decode.kv_cache import masks
from prefixyarn.errors import InputError, first_line
from prefixyarn.models.families import ALONE, way
from prefixyarn.models.foundation import Foundation
from prefixyarn.models.logits import logits
from prefixyarn.models.tokenizer import answer_ids, prompt_ids
from prefixyarn.records import atomic, write_json

SAVE_EVERY = 10  # steps between checkpoints: about half a minute's work on two cores
WARMUP = 0.1  # share of the steps in which the rate rises; then it falls to zero along a cosine
CLIP = 1.0  # largest gradient norm
PASS_TOKENS = {"cpu": 256, "cuda": 1024}  # of one pass: larger ones are hardly faster, and need more memory


@dataclass(frozen=True)
class SftConfig:
    """How to train: the task's ``sft`` block of the config, and the seed.

    Attributes:
        method: ``lora`` or ``full``.
        steps: Number of updates.
        batch: Sequences in an update.
        rate: Largest learning rate (AdamW).
        rank: Rank of the LoRA matrices; alpha is twice that. Not used by ``full``.
        dev_points: How many times dev is scored, after equal numbers of steps, the last time at the end.
        seed: Seed of the adapter's start and of the order of the data.
    """

    method: str
    steps: int
    batch: int
    rate: float
    rank: int
    dev_points: int
    seed: int

    @classmethod
    def of(cls, block: Mapping[str, Any], seed: int) -> SftConfig:
        """Return what a task's block ``sft`` says, with a seed."""
        return cls(**{key: value for key, value in block.items() if key != "seeds"}, seed=seed)


@dataclass(frozen=True)
class Example:
    """A training sequence: prompt ids, and the ids of target and line break after it, on which the loss is."""

    prompt: tuple[int, ...]
    target: tuple[int, ...]


def example(tokenizer: PreTrainedTokenizerFast, prompt: str, join: str, target: str) -> Example:
    """Return the training sequence of a filled prompt and its target, which a line break ends as an answer's stop."""
    ids = answer_ids(tokenizer, prompt, join, target + "\n")
    return Example(tuple(prompt_ids(tokenizer, prompt)), tuple(ids))


def target_loss(model: PreTrainedModel, examples: Sequence[Example]) -> tuple[torch.Tensor, int]:
    """Return the summed cross-entropy in nats of the target tokens, and how many there are.

    The sequences lie after one another in one row, each with positions of its own and blind to the others: nothing is
    padded. Families that cannot be told so (`prefixyarn.models.families.ALONE`) read one after the other. Logits are
    computed only where a target token is predicted: with a vocabulary of 262k entries they would otherwise cost more
    than the layers.
    """
    spans = [len(e.prompt) + len(e.target) for e in examples]
    hidden = _states(model, [[*e.prompt, *e.target] for e in examples])
    # The state before each target token predicts it.
    wanted: list[int] = []
    end = 0
    for e, span in zip(examples, spans, strict=True):
        end += span
        wanted += range(end - len(e.target) - 1, end - 1)
    scores = logits(model, hidden[wanted])  # (target tokens, vocab), on the last GPU of a model spread over several
    expected = torch.tensor([token for e in examples for token in e.target], device=scores.device)
    loss: torch.Tensor = _CrossEntropy.apply(scores, expected)
    return loss, len(expected)


def _states(model: PreTrainedModel, sequences: Sequence[Sequence[int]]) -> torch.Tensor:
    """Return the last states of sequences after one another, shape (time, hidden)."""
    decoder, device = model.get_decoder(), model.device
    if way(model.config) == ALONE:
        each = [decoder(input_ids=torch.tensor([[*own]], device=device), use_cache=False) for own in sequences]
        return torch.cat([read.last_hidden_state[0] for read in each])
    ids = torch.tensor([[token for own in sequences for token in own]], device=device)  # (1, time)
    of = torch.tensor([n for n, own in enumerate(sequences) for _ in own], device=device)
    places = torch.tensor([place for own in sequences for place in range(len(own))], device=device)
    distance = places[:, None] - places
    mask = masks(model, ((of[:, None] == of) & (distance >= 0))[None], distance[None])
    read = decoder(input_ids=ids, position_ids=places[None], attention_mask=mask, use_cache=False)
    states: torch.Tensor = read.last_hidden_state[0]
    return states


class _CrossEntropy(torch.autograd.Function):
    """Summed cross-entropy whose gradient takes the place of the log-probabilities.

    As ``torch.nn.functional.cross_entropy`` computes it, the gradient of 262k logits a token is written three times.
    """

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, expected: torch.Tensor) -> torch.Tensor:
        """Return the sum in nats, of logits of shape (target tokens, vocab)."""
        scores = torch.log_softmax(logits, -1)
        loss = -scores.gather(1, expected[:, None]).sum()
        gradient = scores.exp_()  # of the sum: the probabilities, less 1 at what was expected
        gradient[torch.arange(len(expected), device=expected.device), expected] -= 1
        ctx.save_for_backward(gradient)
        return loss

    @staticmethod
    def backward(ctx: Any, outer: torch.Tensor) -> tuple[torch.Tensor, None]:
        """Return the gradient of the logits."""
        (gradient,) = ctx.saved_tensors
        return gradient * outer, None


def passes(examples: Sequence[Example], tokens: int) -> list[list[Example]]:
    """Return an update's sequences in passes, each of at most so many tokens, or of one: what memory holds."""
    parts: list[list[Example]] = []
    size = 0
    for own in examples:
        length = len(own.prompt) + len(own.target)
        if not parts or size + length > tokens:
            parts.append([])
            size = 0
        parts[-1].append(own)
        size += length
    return parts


@dataclass
class _State:
    """What a killed training resumes from."""

    step: int
    weights: dict[str, torch.Tensor]
    optimizer: dict[str, Any]
    curve: list[dict[str, float]]
    dev: list[dict[str, float]]
    best: dict[str, torch.Tensor]


def train(
    foundation: Foundation,
    base: str,
    examples: Sequence[Example],
    dev: Sequence[Example],
    dev_score: Callable[[PreTrainedModel], float],
    config: SftConfig,
    folder: Path,
    state_file: Path,
    done: Callable[[int], None] = lambda n: None,
    scoring: str = "",
) -> dict[str, Any]:
    """Train an SFT model and write it to ``folder``; the foundation's weights are changed if ``method`` is full.

    Dev is scored ``dev_points`` times; of these models the one with the best score is kept, of equals the earliest. A
    killed training resumes from its last checkpoint in ``state_file``, and gives the same model.

    Args:
        foundation: The loaded foundation.
        base: What identifies it (`prefixyarn.models.foundation.identity`).
        examples: Training sequences.
        dev: Dev sequences, for the dev loss.
        dev_score: Scores a model on dev; higher is better.
        config: How to train.
        folder: Where the model goes.
        state_file: Where checkpoints go; removed at the end.
        done: Called with the number of steps just finished.
        scoring: What ``dev_score`` depends on beside the model. A checkpoint made under another is not used.

    Returns:
        The manifest: ``base``, ``config``, ``parameters`` (trained), ``examples``, ``curve`` (step, loss per target
        token in nats, rate), ``dev`` (step, loss, score), ``step`` (that was kept), ``seen`` (indices of the examples
        that the training used), ``still_improving``
        (whether the last one was the best: more steps might help; None where dev was scored once).

    Raises:
        InputError: Fewer examples than a batch, or the loss is not finite (step and rate are named).
    """
    if len(examples) < config.batch:
        raise InputError(
            f"sft: {len(examples)} training items are fewer than one batch of {config.batch}. "
            "Lower the task's sft.batch, add training data, or set its sft.method to 'none'."
        )
    model = trainable(foundation, config)
    weights = {name: p for name, p in model.named_parameters() if p.requires_grad}
    optimizer = torch.optim.AdamW(weights.values(), lr=config.rate, weight_decay=0.0)
    key = _key(base, str(foundation.model.dtype), examples, dev, config, scoring)
    state = _load_state(state_file, key) or _State(0, {}, {}, [], [], {})
    if state.step:
        with torch.no_grad():
            for name, p in weights.items():
                p.copy_(state.weights[name])
        optimizer.load_state_dict(state.optimizer)
        logging.info("train_sft: continuing after step %d", state.step)
        done(state.step)
    points = {max(1, round(config.steps * n / config.dev_points)) for n in range(1, config.dev_points + 1)}
    decoding = foundation.model  # peft puts its layers into it
    for step in range(state.step + 1, config.steps + 1):
        batch = [examples[n] for n in order(len(examples), config, step)]
        decoding.train()
        loss, tokens = 0.0, sum(len(e.target) for e in batch)
        for part in passes(batch, PASS_TOKENS[foundation.model.device.type]):
            own, _ = target_loss(decoding, part)
            (own / tokens).backward()
            loss += own.item() / tokens
        rate = rate_at(step, config)
        if not math.isfinite(loss):
            raise InputError(
                f"sft: the loss is {loss} at step {step} of {config.steps}, rate {rate:.2g}: the training diverged. "
                f"Lower the task's sft.rate (now {config.rate:g})."
            )
        for group in optimizer.param_groups:
            group["lr"] = rate
        torch.nn.utils.clip_grad_norm_(list(weights.values()), CLIP)
        optimizer.step()
        optimizer.zero_grad()
        state.curve.append({"step": step, "loss": round(loss, 6), "rate": rate})
        done(1)
        if step in points:
            decoding.eval()
            scored = {"step": step, "loss": _mean_loss(decoding, dev), "score": dev_score(decoding)}
            if not state.dev or scored["score"] > max(d["score"] for d in state.dev):
                state.best = {name: p.detach().clone() for name, p in weights.items()}
            state.dev.append(scored)
            logging.info("dev after %d steps: loss %.3f, score %.1f", step, scored["loss"], scored["score"])
        if step % SAVE_EVERY == 0 or step in points:
            state.step, state.weights, state.optimizer = step, weights, optimizer.state_dict()
            _save_state(state_file, key, state)
    with torch.no_grad():
        for name, p in weights.items():
            p.copy_(state.best[name])
    shutil.rmtree(folder, ignore_errors=True)  # an adapter left there would be loaded on top of a whole model
    folder.mkdir(parents=True)
    if isinstance(model, PeftModel):
        for own in model.peft_config.values():  # a set, whose order is another in each process
            own.target_modules = sorted(own.target_modules)
        # No embeddings are trained; asked to find that out itself, peft would look at the hub.
        model.save_pretrained(str(folder), save_embedding_layers=False)
    else:
        model.save_pretrained(folder)
    best = max(state.dev, key=lambda d: d["score"])
    manifest = {
        "base": base,
        "config": asdict(config),
        "parameters": sum(p.numel() for p in weights.values()),
        "examples": len(examples),
        "seen": sorted({n for step in range(1, config.steps + 1) for n in order(len(examples), config, step)}),
        "curve": state.curve,
        "dev": state.dev,
        "step": best["step"],
        "still_improving": best["step"] == config.steps if config.dev_points > 1 else None,
    }
    write_json(folder / "manifest.json", manifest)
    state_file.unlink(missing_ok=True)
    return manifest


def trainable(foundation: Foundation, config: SftConfig) -> PreTrainedModel | PeftModel:
    """Return the model to train: the foundation with a new adapter, or all of it.

    Raises:
        InputError: An adapter cannot be put onto a model of its family.
    """
    if config.method == "full":
        return foundation.model.requires_grad_(True)
    torch.manual_seed(config.seed)
    lora = LoraConfig(
        r=config.rank,
        lora_alpha=2 * config.rank,
        lora_dropout=0.0,  # no randomness in a step, so that a resumed training is the same
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    try:
        return get_peft_model(foundation.model, lora)
    except ValueError as error:  # it knows of some families (Mamba) that an adapter of theirs would have no effect
        raise InputError(
            f"sft: no adapter can be put onto a model of the family {foundation.model.config.model_type!r} "
            f"({first_line(error)}). Set the task's sft.method to 'full' or 'none'."
        ) from error


def rate_at(step: int, config: SftConfig) -> float:
    """Return the learning rate of a step (from 1): a linear rise, then half a cosine to nearly zero."""
    warmup, middle = WARMUP * config.steps, step - 0.5
    if middle < warmup:
        return config.rate * middle / warmup
    return config.rate * 0.5 * (1 + math.cos(math.pi * (middle - warmup) / (config.steps - warmup)))


def order(n: int, config: SftConfig, step: int) -> list[int]:
    """Return the examples of a step (from 1): a new seeded order of all of them in each epoch."""
    chosen: list[int] = []
    for index in range((step - 1) * config.batch, step * config.batch):
        epoch, place = divmod(index, n)
        chosen.append(_permutation(n, config.seed, epoch)[place])
    return chosen


@functools.lru_cache(maxsize=2)
def _permutation(n: int, seed: int, epoch: int) -> list[int]:
    return torch.randperm(n, generator=torch.Generator().manual_seed(seed * 1_000_003 + epoch)).tolist()


@torch.no_grad()
def _mean_loss(model: PreTrainedModel, examples: Sequence[Example]) -> float:
    parts = [target_loss(model, part) for part in passes(examples, PASS_TOKENS[model.device.type])]
    return round(sum(loss.item() for loss, _ in parts) / sum(tokens for _, tokens in parts), 6)


def _key(
    base: str, dtype: str, examples: Sequence[Example], dev: Sequence[Example], config: SftConfig, scoring: str
) -> str:
    """Return what identifies a training: it resumes only from a checkpoint of the same."""
    sequences = [[(e.prompt, e.target) for e in split] for split in (examples, dev)]
    return hashlib.sha256(json.dumps([base, dtype, scoring, asdict(config), sequences]).encode()).hexdigest()


def _save_state(path: Path, key: str, state: _State) -> None:
    with atomic(path, "wb") as stream:
        torch.save({"key": key, **vars(state)}, stream)


def _load_state(path: Path, key: str) -> _State | None:
    if not path.exists():
        return None
    saved = torch.load(path, weights_only=True)
    return _State(**saved) if saved.pop("key") == key else None
