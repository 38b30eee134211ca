"""Loading a foundation, a folder that `prefixyarn.models.convert` made, as model and tokenizer."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast
from transformers.utils.logging import disable_progress_bar

from prefixyarn.errors import InputError, named
from prefixyarn.models.manifest import check_unchanged
from prefixyarn.models.tokenizer import check_entries, load_tokenizer

disable_progress_bar()  # weights load in seconds, and the bars fill the logs
# What its table says of tensors, `load` says in a line.
logging.getLogger("transformers.modeling_utils").addFilter(lambda record: "LOAD REPORT" not in record.getMessage())

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class Foundation:
    """A loaded foundation: model in evaluation mode, its tokenizer and its name."""

    name: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast

    def with_model(self, model: PreTrainedModel) -> Foundation:
        """Return the same with another model, such as its SFT model."""
        return replace(self, model=model)


def attention(folder: str | os.PathLike[str]) -> str:
    """Return how a model attends: by torch's own attention, or eager where its family has no other.

    What its config.json asks for (``flash_attention_2``) does not count: masks are made for these two.
    """
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    kinds = AutoModelForCausalLM._model_mapping[type(config)]
    kind = kinds[0] if isinstance(kinds, tuple) else kinds
    return "sdpa" if kind._supports_sdpa else "eager"


def positions(config: PreTrainedConfig) -> int | None:
    """Return how many tokens a model reads at most, if its configuration says so."""
    own = config.get_text_config()
    names = ("max_position_embeddings", "max_seq_len", "n_positions", "seq_length")
    return next((getattr(own, name) for name in names if getattr(own, name, None)), None)


def load(folder: str | os.PathLike[str], name: str, dtype: str, on_gpus: bool = True) -> Foundation:
    """Load a foundation, on the GPU where there is one, spread over several where one does not hold it.

    Args:
        folder: A folder that `convert` made.
        name: Its name in the config.
        dtype: ``float32``, ``bfloat16`` or ``float16``.
        on_gpus: Whether to put it on the GPUs; it stays in the machine's memory otherwise.

    Raises:
        InputError: The folder is not, or no longer, what its manifest says; weights, configuration and tokenizer are
            not of one model; a weight is no number; or the GPUs do not hold the model.
    """
    folder = Path(folder)
    check_unchanged(folder)
    devices = {}
    if on_gpus and torch.cuda.is_available():
        devices["device_map"] = "auto"
        # cuDNN's attention plans anew for each length of keys, which every step has: 99 ms a step on an H100, not 33.
        torch.backends.cuda.enable_cudnn_sdp(False)
    try:
        model, found = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=DTYPES[dtype],
            attn_implementation=attention(folder),
            use_safetensors=True,
            trust_remote_code=False,  # no code that came with a model is run, here or elsewhere
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are in what was found
            **devices,
        )
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # a family's own code meets the configuration here, with errors of every kind
        raise InputError(f"{folder}: the model does not load ({named(error)}). Fetch or copy it again.") from error
    if wrong := _misfit(type(model).__name__, found):
        raise InputError(f"{folder}: {wrong}")
    elsewhere = {str(device) for device in getattr(model, "hf_device_map", {}).values()} & {"cpu", "disk"}
    if elsewhere:
        raise InputError(
            f"{folder}: {torch.cuda.device_count()} GPU(s) do not hold {name} in {dtype}. Ask for more or larger "
            "GPUs (gpu of the rule, docs/cluster.md), or choose a smaller model."
        )
    if damaged := next(_not_numbers(model), None):
        do = "Its numbers may be too large for float16: choose bfloat16 or float32." if dtype == "float16" else ""
        raise InputError(
            f"{folder}: {damaged} has NaN or infinity among its numbers in {dtype}. "
            f"{do or 'Fetch or copy the model again.'}"
        )
    tokenizer = load_tokenizer(folder)
    try:
        check_entries(tokenizer, model.get_input_embeddings().num_embeddings)
    except InputError as error:
        raise InputError(f"{folder}: {error}") from error
    return Foundation(name, model.eval(), tokenizer)


def _misfit(kind: str, found: Mapping[str, Any]) -> str | None:
    """Return what ``transformers`` found that does not fit between weights and configuration, the first of it."""
    if sizes := sorted(found["mismatched_keys"]):  # these and missing ones it would fill with random numbers
        name, stored, wanted = sizes[0]
        return (
            f"its weights and its config.json are not of one model: {name} is {_shape(stored)}, and by the "
            f"configuration {_shape(wanted)} ({len(sizes)} such tensors). Give the config.json that belongs to "
            "the weights."
        )
    if missing := sorted(found["missing_keys"]):
        return (
            f"its weights lack {len(missing)} that {kind} has, {missing[0]} among them. Fetch or copy the model again."
        )
    # But for those that a family is known to leave, and what old files have of the configuration.
    if left := sorted(name for name in found["unexpected_keys"] if not name.endswith("rotary_emb.inv_freq")):
        return (
            f"by its config.json, {kind} has no place for {left[0]} of its weights ({len(left)} such tensors). Give "
            "the config.json that belongs to the weights; where they are meant to be left out, load the model with "
            "transformers and save it with save_pretrained()."
        )
    return None


def _shape(shape: Any) -> str:
    return " x ".join(map(str, shape))


def _not_numbers(model: PreTrainedModel) -> Iterator[str]:
    """Yield the names of tensors with NaN or infinity: one pass over each, 0.5 s for 10^9 numbers on one core."""
    seen: set[int] = set()
    for name, own in model.state_dict(keep_vars=True).items():
        if id(own) in seen or not own.is_floating_point() or not own.numel():
            continue
        seen.add(id(own))
        if not all(torch.isfinite(most) for most in own.detach().aminmax()):
            yield name
