"""Fine-tuning with ``transformers.Trainer``: what the neural refined models share."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import PreTrainedModel, Trainer, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint

from prefixyarn.errors import InputError, first_line

Features = Sequence[Mapping[str, Any]]


def load_part(auto: Any, folder: str | os.PathLike[str], **options: Any) -> Any:
    """Return a model's part that ``auto`` names, model or tokenizer, without running code that came with it.

    Args:
        auto: A class such as ``AutoTokenizer``.
        folder: The model's folder.
        options: More of what its ``from_pretrained`` takes.

    Raises:
        InputError: The folder has none that ``transformers`` can read.
    """
    try:
        return auto.from_pretrained(folder, trust_remote_code=False, **options)
    except (OSError, ValueError, SafetensorError) as error:
        raise InputError(
            f"{folder}: no model for {auto.__name__} ({first_line(error)}). Expected one that transformers knows "
            "without code of its own, with its weights as *.safetensors."
        ) from error


def fit(
    model: PreTrainedModel,
    origin: str,
    collator: Any,
    train: Features,
    dev: Features,
    config: Mapping[str, Any],
    state: Path,
) -> PreTrainedModel:
    """Fine-tune a model; of the checkpoints at ¼, ½, ¾ and all of the steps the one with the least dev loss is kept.

    Args:
        model: The model.
        origin: What says which model it is: training does not resume from checkpoints of another.
        collator: Makes a batch of features.
        train: Training features.
        dev: Dev features, for the dev loss.
        config: ``steps``, ``batch``, ``rate`` and ``seed``.
        state: Folder for checkpoints, from the last of which a killed training goes on; removed at the end.

    Raises:
        InputError: Fewer features than a batch, or a loss that is not finite.
    """
    if len(train) < config["batch"]:
        raise InputError(f"refined model: {len(train)} training items are fewer than one batch of {config['batch']}")
    content = [config, origin, model.config.to_dict(), [*map(dict, train)], [*map(dict, dev)]]
    key = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]
    folder = state / key
    every = max(1, math.ceil(config["steps"] / 4))
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=config["steps"],
        per_device_train_batch_size=config["batch"],
        per_device_eval_batch_size=config["batch"],
        learning_rate=config["rate"],
        warmup_steps=round(0.1 * config["steps"]),
        seed=config["seed"],
        eval_strategy="steps",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=2,
        load_best_model_at_end=True,
        logging_steps=every,
        logging_nan_inf_filter=False,
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )
    trainer = _Trainer(model, arguments, data_collator=collator, train_dataset=train, eval_dataset=dev)
    last = get_last_checkpoint(str(folder)) if folder.is_dir() else None
    trainer.train(resume_from_checkpoint=last)
    shutil.rmtree(state, ignore_errors=True)
    return trainer.model.eval()


class _Trainer(Trainer):
    """A trainer that stops at the first loss that is not finite."""

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        loss = super().training_step(*args, **kwargs)
        if not torch.isfinite(loss).all():
            raise InputError(
                f"refined model: the loss is {float(loss)} at step {self.state.global_step + 1}, rate "
                f"{self._get_learning_rate():.2g}: the training diverged. Lower the rate (now "
                f"{self.args.learning_rate:g})."
            )
        return loss
