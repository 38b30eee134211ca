"""The steps of training an SFT model: updates, the loss on dev, and checkpoints; by one process or a group of them."""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from prefixyarn.decode.kv_cache import free_bytes
from prefixyarn.errors import InputError
from prefixyarn.models.families import ALONE, way
from prefixyarn.models.sft.group import SINGLE, Group
from prefixyarn.models.sft.loss import Example, attending, target_loss
from prefixyarn.models.sft.memory import PASS_TOKENS, Room, room_within
from prefixyarn.models.training_state import load_state, save_state

SAVE_SECONDS = 30  # between checkpoints
WARMUP = 0.1  # share of the steps in which the rate rises; then it falls to zero along a cosine
CLIP = 1.0  # largest gradient norm

Weights = dict[str, torch.Tensor]


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
class Training:
    """What is trained, on what, and how: all but the model itself.

    Attributes:
        base: What identifies the foundation (`prefixyarn.models.manifest.identity`).
        examples: Training sequences.
        dev: Dev sequences, for the dev loss.
        config: How to train.
        state_file: Where checkpoints go.
        scoring: What the score on dev depends on beside the model. A checkpoint made under another is not used.

    Raises:
        InputError: Fewer examples than a batch.
    """

    base: str
    examples: Sequence[Example]
    dev: Sequence[Example]
    config: SftConfig
    state_file: Path
    scoring: str = ""

    def __post_init__(self) -> None:
        """Check that there are enough examples."""
        if len(self.examples) < self.config.batch:
            raise InputError(
                f"sft: {len(self.examples)} training items are fewer than one batch of {self.config.batch}. "
                "Lower the task's sft.batch, add training data, or set its sft.method to 'none'."
            )

    def points(self) -> set[int]:
        """Return the steps after which dev is scored."""
        steps, points = self.config.steps, self.config.dev_points
        return {max(1, round(steps * n / points)) for n in range(1, points + 1)}

    def key(self, dtype: torch.dtype) -> str:
        """Return what identifies a training in a number format: it resumes only from a checkpoint of the same."""
        sequences = [[(e.prompt, e.target) for e in split] for split in (self.examples, self.dev)]
        what = [self.base, str(dtype), self.scoring, asdict(self.config), sequences]
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()


@dataclass
class Checkpoint:
    """What a killed training resumes from.

    Attributes:
        step: The last one taken.
        weights: What is trained, after it.
        optimizer: The optimizer's state.
        curve: Of each step its number, loss per target token in nats, and rate.
        dev: Of each scored point its step, loss, and score; no score yet where the points are scored at the end.
        kept: By step, what was trained until the best point, and until points without a score.
    """

    step: int = 0
    weights: Weights = field(default_factory=dict)
    optimizer: dict[str, Any] = field(default_factory=dict)
    curve: list[dict[str, float]] = field(default_factory=list)
    dev: list[dict[str, float]] = field(default_factory=list)
    kept: dict[int, Weights] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, key: str) -> Checkpoint:
        """Return the checkpoint of a training; a new one where there is none, or another's."""
        saved = load_state(path, key)
        if saved is None:
            return cls()
        logging.info("train_sft: continuing after step %d", saved["step"])
        return cls(**saved)

    def write(self, path: Path, key: str) -> None:
        """Write it."""
        save_state(path, key, vars(self))


def take_steps(
    model: PreTrainedModel,
    weights: Weights,
    training: Training,
    state: Checkpoint,
    dev_score: Callable[[PreTrainedModel], float] | None = None,
    done: Callable[[int], None] = lambda n: None,
    group: Group = SINGLE,
) -> None:
    """Train a model from a checkpoint to the end, and keep the checkpoint.

    Args:
        model: The model that decodes, with the adapter's layers in it.
        weights: What is trained of it, by name.
        training: What is trained.
        state: The checkpoint; changed.
        dev_score: Scores a model on dev, higher is better; the first of the best is kept. Without it the weights of all
            points are, to be scored later.
        done: Called with the number of steps just finished.
        group: The processes that train together, each with this model and checkpoint.

    Raises:
        InputError: The loss is not finite (step and rate are named), or a GPU's memory does not hold one sequence.
    """
    config, points, key = training.config, training.points(), training.key(model.dtype)
    fused = True if model.device.type == "cuda" else None
    optimizer = torch.optim.AdamW(weights.values(), lr=config.rate, weight_decay=0.0, fused=fused)
    if state.step:
        put(weights, state.weights)
        optimizer.load_state_dict(state.optimizer)
        done(state.step)
    room = group.least(_room(model, weights, max(map(len, training.examples))))
    if group.size > 1 and way(model.config) == ALONE:
        room = Room(1)  # all processes meet in each layer, and these read each sequence in a pass of its own
    logging.info("passes of at most %d tokens%s", room.tokens, ", layers computed again" * room.recompute)
    saved = time.monotonic()
    for step in range(state.step + 1, config.steps + 1):
        batch = [training.examples[n] for n in order(len(training.examples), config, step)]
        model.train()
        loss = None
        while loss is None:
            try:
                loss = _gradients(model, batch, room, group)
            except torch.OutOfMemoryError as error:
                room = _less(room, error, batch, group)
            if loss is None:  # only here has the error's traceback let go of the pass
                optimizer.zero_grad()
                torch.cuda.empty_cache()
        rate = rate_at(step, config)
        if not math.isfinite(loss):
            raise InputError(
                f"sft: the loss is {loss} at step {step} of {config.steps}, rate {rate:.2g}: the training diverged. "
                f"Lower the task's sft.rate (now {config.rate:g})."
            )
        for parameters in optimizer.param_groups:
            parameters["lr"] = rate
        group.add_gradients(weights.values())
        torch.nn.utils.clip_grad_norm_(list(weights.values()), CLIP)
        optimizer.step()
        optimizer.zero_grad()
        state.curve.append({"step": step, "loss": round(loss, 6), "rate": rate})
        done(1)
        if step in points:
            _at_point(model, weights, training, state, step, room, dev_score, group)
        if step in points or time.monotonic() - saved > SAVE_SECONDS:
            state.step, state.weights, state.optimizer = step, weights, optimizer.state_dict()
            if group.rank == 0:
                state.write(training.state_file, key)
            saved = time.monotonic()


def put(weights: Weights, values: Mapping[str, torch.Tensor]) -> None:
    """Set what is trained to values of the same names."""
    with torch.no_grad():
        for name, p in weights.items():
            p.copy_(values[name])


def _copy(weights: Weights) -> Weights:
    return {name: p.detach().to("cpu", copy=True) for name, p in weights.items()}


def _gradients(model: PreTrainedModel, batch: Sequence[Example], room: Room, group: Group) -> float:
    """Compute an update's gradients, this process's part of them; return the loss per target token in nats."""
    if room.recompute and model.supports_gradient_checkpointing and not model.is_activation_checkpointing:
        model.activation_checkpointing_enable()
        model.disable_input_require_grads()  # which only the older way of computing again needs
    tokens, losses = sum(len(e.target) for e in batch), []
    for part in group.passes(batch, room.tokens):
        with attending(model, part or batch[:1]):
            own, _ = target_loss(model, part or batch[:1])
            own = own if part else 0 * own  # met for nothing, as the others' layers need all processes
            (own / tokens).backward()
        losses.append(own.detach())
    # Asked for at the end: the next pass need not wait until a GPU has done the last.
    return group.total(sum(own.item() / tokens for own in losses))


def _at_point(
    model: PreTrainedModel,
    weights: Weights,
    training: Training,
    state: Checkpoint,
    step: int,
    room: Room,
    dev_score: Callable[[PreTrainedModel], float] | None,
    group: Group,
) -> None:
    """Add the dev loss of a point to the checkpoint, and its score, and keep what was trained."""
    model.eval()
    point: dict[str, float] = {"step": step, "loss": _mean_loss(model, training.dev, room, group)}
    if dev_score is None:
        state.kept[step] = _copy(weights)
        logging.info("dev after %d steps: loss %.3f", step, point["loss"])
    else:
        point["score"] = dev_score(model)
        if not state.dev or point["score"] > max(d["score"] for d in state.dev):
            state.kept = {step: _copy(weights)}
        logging.info("dev after %d steps: loss %.3f, score %.1f", step, point["loss"], point["score"])
    state.dev.append(point)


@torch.no_grad()
def _mean_loss(model: PreTrainedModel, examples: Sequence[Example], room: Room, group: Group) -> float:
    total = 0.0
    for part in group.passes(examples, room.tokens):
        with attending(model, part or examples[:1]):
            loss, _ = target_loss(model, part or examples[:1])
        total += loss.item() * bool(part)
    return round(group.total(total) / sum(len(e.target) for e in examples), 6)


def _room(model: PreTrainedModel, weights: Weights, longest: int) -> Room:
    """Return what a pass may have, by the memory that is free on a model's GPUs and the longest sequence."""
    gpus = {p.device for p in model.parameters() if p.device.type == "cuda"}
    if not gpus:
        return Room(PASS_TOKENS["cpu"])
    # Gradients and two moments are still to come.
    coming = 3 * sum(p.numel() * p.element_size() for p in weights.values()) // len(gpus)
    free = [free_bytes(gpu) - coming for gpu in gpus]
    return room_within(free, model.num_parameters(), model.config.vocab_size, longest)


def _less(room: Room, error: BaseException, batch: Sequence[Example], group: Group) -> Room:
    """Return what is tried when a GPU's memory ran out.

    Raises:
        InputError: Nothing is left to try, or other processes wait for this one.
    """
    if group.size > 1 or (room.recompute and room.tokens <= max(map(len, batch))):
        raise InputError(
            f"sft: the GPU's memory does not hold a pass of {room.tokens} tokens. Ask for more or larger GPUs (gpu of "
            "the rule, docs/cluster.md), or choose a smaller model."
        ) from error
    less = room.smaller()
    logging.warning("out of memory with passes of %d tokens; going on with at most %d", room.tokens, less.tokens)
    return less


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
