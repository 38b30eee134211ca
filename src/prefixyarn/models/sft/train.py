"""Training the SFT model: the foundation fine-tuned on the task, by LoRA (Hu et al. 2021, arXiv 2106.09685) or in full.

A trained model is a folder: ``adapter_model.safetensors`` and
``adapter_config.json`` (LoRA, as ``peft`` has them) or a whole model's files (full), and ``manifest.json``, written
last, which names the foundation that it belongs to.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import PreTrainedModel

from prefixyarn.errors import InputError, first_line
from prefixyarn.models.foundation import Foundation
from prefixyarn.models.sft.steps import Checkpoint, SftConfig, Training, Weights, order, put, take_steps
from prefixyarn.records import write_json


def train(
    foundation: Foundation,
    training: Training,
    dev_score: Callable[[PreTrainedModel], float],
    folder: Path,
    done: Callable[[int], None] = lambda n: None,
) -> dict[str, Any]:
    """Train an SFT model and write it to ``folder``; the foundation's weights are changed if ``method`` is full.

    Dev is scored ``dev_points`` times; of these models the one with the best score is kept, of equals the earliest. A
    killed training resumes from its last checkpoint, and gives the same model. What several processes trained
    (`prefixyarn.models.sft.several`) is a checkpoint, too: there the scores alone are missing.

    Args:
        foundation: The loaded foundation.
        training: What is trained.
        dev_score: Scores a model on dev; higher is better.
        folder: Where the model goes.
        done: Called with the number of steps just finished.

    Returns:
        The manifest: ``base``, ``config``, ``parameters`` (trained), ``examples``, ``curve`` (step, loss per target
        token in nats, rate), ``dev`` (step, loss, score), ``step`` (that was kept), ``seen`` (indices of the examples
        that the training used), ``still_improving``
        (whether the last one was the best: more steps might help; None where dev was scored once).

    Raises:
        InputError: As `take_steps`; or no adapter can be put onto the model.
    """
    config = training.config
    model = trainable(foundation.model, config)
    weights = trained(model)
    decoding = foundation.model  # peft puts its layers into it
    state = Checkpoint.read(training.state_file, training.key(decoding.dtype))
    if state.step < config.steps:
        take_steps(decoding, weights, training, state, dev_score, done)
    decoding.eval()
    for point in state.dev:
        if "score" not in point:
            put(weights, state.kept[int(point["step"])])
            point["score"] = dev_score(decoding)
            logging.info("dev after %d steps: score %.1f", point["step"], point["score"])
    best = max(state.dev, key=lambda d: d["score"])
    put(weights, state.kept[int(best["step"])])
    shutil.rmtree(folder, ignore_errors=True)  # an adapter left there would be loaded on top of a whole model
    folder.mkdir(parents=True)
    if isinstance(model, PeftModel):
        for own in model.peft_config.values():  # a set, whose order is another in each process
            own.target_modules = sorted(own.target_modules)
        # No embeddings are trained; asked to find that out itself, peft would look at the hub.
        model.save_pretrained(str(folder), save_embedding_layers=False)
    else:
        model.save_pretrained(folder)
    manifest = {
        "base": training.base,
        "config": asdict(config),
        "parameters": sum(p.numel() for p in weights.values()),
        "examples": len(training.examples),
        "curve": state.curve,
        "dev": state.dev,
        "seen": sorted({n for step in range(1, config.steps + 1) for n in order(len(training.examples), config, step)}),
        "step": best["step"],
        "still_improving": best["step"] == config.steps if config.dev_points > 1 else None,
    }
    write_json(folder / "manifest.json", manifest)
    training.state_file.unlink(missing_ok=True)
    return manifest


def trained(model: PreTrainedModel | PeftModel) -> Weights:
    """Return what is trained of a model, by name."""
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def trainable(model: PreTrainedModel, config: SftConfig) -> PreTrainedModel | PeftModel:
    """Return the model to train: a foundation's with a new adapter, or all of it.

    Raises:
        InputError: An adapter cannot be put onto a model of its family.
    """
    if config.method == "full":
        return model.requires_grad_(True)
    torch.manual_seed(config.seed)
    lora = LoraConfig(
        r=config.rank,
        lora_alpha=2 * config.rank,
        lora_dropout=0.0,  # no randomness in a step, so that a resumed training is the same
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    try:
        return get_peft_model(model, lora)
    except ValueError as error:  # it knows of some families (Mamba) that an adapter of theirs would have no effect
        raise InputError(
            f"sft: no adapter can be put onto a model of the family {model.config.model_type!r} "
            f"({first_line(error)}). Set the task's sft.method to 'full' or 'none'."
        ) from error
