"""Loading a foundation, a folder that `prefixyarn.models.convert` made, as model and tokenizer; what identifies it."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast
from transformers.utils.logging import disable_progress_bar

from prefixyarn.errors import InputError
from prefixyarn.models.tokenizer import load_tokenizer
from prefixyarn.records import read_json

disable_progress_bar()  # weights load in seconds, and the bars fill the logs

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


def load(folder: str | os.PathLike[str], name: str, dtype: str) -> Foundation:
    """Load a foundation, on the GPU where there is one, spread over several where one does not hold it.

    Args:
        folder: A folder that `convert` made.
        name: Its name in the config.
        dtype: ``float32``, ``bfloat16`` or ``float16``.

    Raises:
        InputError: The folder is not, or no longer, what its manifest says, its weights lack some that the model has,
            or the GPUs do not hold the model.
    """
    check_files(folder)
    devices = {}
    if torch.cuda.is_available():
        devices["device_map"] = "auto"
        # cuDNN's attention plans anew for each length of keys, which every step has: 99 ms a step on an H100, not 33.
        torch.backends.cuda.enable_cudnn_sdp(False)
    model, found = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=DTYPES[dtype],
        attn_implementation=attention(folder),
        use_safetensors=True,
        trust_remote_code=False,  # no code that came with a model is run, here or elsewhere
        output_loading_info=True,
        **devices,
    )
    if found["missing_keys"]:  # transformers would fill them with random numbers
        raise InputError(
            f"{folder}: its weights lack {len(found['missing_keys'])} that {type(model).__name__} has, "
            f"{sorted(found['missing_keys'])[0]} among them. Fetch or copy the model again."
        )
    elsewhere = {str(device) for device in getattr(model, "hf_device_map", {}).values()} & {"cpu", "disk"}
    if elsewhere:
        raise InputError(
            f"{folder}: {torch.cuda.device_count()} GPU(s) do not hold {name} in {dtype}. Ask for more or larger "
            "GPUs (gpu of the rule, docs/cluster.md), or choose a smaller model."
        )
    return Foundation(name, model.eval(), load_tokenizer(folder))


def check_files(folder: str | os.PathLike[str]) -> None:
    """Check that a foundation's folder has all files that its manifest names.

    Raises:
        InputError: It lacks some.
    """
    folder = Path(folder)
    manifest = read_json(folder / "manifest.json")
    gone = sorted(file for file in manifest["files"] if not (folder / file).exists())
    if gone:
        raise InputError(
            f"{folder}: {', '.join(gone)} is missing. Remove {folder}/manifest.json and run again: it is made anew"
        )


def identity(folder: str | os.PathLike[str]) -> str:
    """Return what identifies a foundation: a SHA-256 over its weights, configuration and tokenizer files."""
    files = read_json(Path(folder) / "manifest.json")["files"]
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
