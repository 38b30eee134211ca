"""Fine-tuning with ``transformers.Trainer``: what the neural refined models share."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel, Trainer, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint

from prefixyarn.errors import InputError

Features = Sequence[Mapping[str, Any]]


def fit(
    model: PreTrainedModel, collator: Any, train: Features, dev: Features, config: Mapping[str, Any], state: Path
) -> PreTrainedModel:
    """Fine-tune a model; of the checkpoints at ¼, ½, ¾ and all of the steps the one with the least dev loss is kept.

    Args:
        model: The model.
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
    key = hashlib.sha256(json.dumps([config, [*map(dict, train)]], sort_keys=True).encode()).hexdigest()[:16]
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
    trainer = Trainer(model, arguments, data_collator=collator, train_dataset=train, eval_dataset=dev)
    last = get_last_checkpoint(str(folder)) if folder.is_dir() else None
    trainer.train(resume_from_checkpoint=last)
    wrong = [entry for entry in trainer.state.log_history if not math.isfinite(entry.get("loss", 0.0))]
    if wrong:
        raise InputError(
            f"refined model: the loss is {wrong[0]['loss']} at step {wrong[0]['step']}, rate "
            f"{wrong[0]['learning_rate']:.2g}: the training diverged. Lower the rate (now {config['rate']:g})."
        )
    shutil.rmtree(state, ignore_errors=True)
    return trainer.model.eval()
