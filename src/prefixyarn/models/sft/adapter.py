"""A trained SFT model, loaded beside its foundation: what decoding needs of it.

Apart from the training, so that a change there makes no job that only decodes run again.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from peft import PeftModel
from transformers import AutoModelForCausalLM, PreTrainedModel

from prefixyarn.data.wheels import sha256
from prefixyarn.errors import InputError
from prefixyarn.models.foundation import Foundation, attention
from prefixyarn.records import read_json


def identified(folder: str | os.PathLike[str], base: str, name: str) -> tuple[dict[str, Any], str]:
    """Return an SFT model's manifest, and what identifies it: a SHA-256 of the base's and its own weights.

    Args:
        folder: The SFT model's folder.
        base: What identifies its foundation (`prefixyarn.models.manifest.identity`).
        name: The foundation's name.

    Raises:
        InputError: It was trained on another foundation.
    """
    manifest = read_json(Path(folder) / "manifest.json")
    if manifest["base"] != base:
        raise InputError(
            f"{folder}: this SFT model was trained on another foundation than {name} (weights "
            f"{manifest['base'][:12]}, not {base[:12]}). Train it again: snakemake --forcerun train_sft"
        )
    weights = sorted(Path(folder).glob("*.safetensors"))
    return manifest, hashlib.sha256("".join([base, *map(sha256, weights)]).encode()).hexdigest()


class SftModel:
    """A foundation with its SFT model at hand: `on` gives the model that decodes as SFT.

    With LoRA both share one loaded base. While `on` is not entered, the adapter is off and the foundation's
    logits are bit for bit its own.
    """

    def __init__(self, foundation: Foundation, base: str, folder: str | os.PathLike[str]) -> None:
        """Load what `prefixyarn.models.sft.train` wrote.

        Args:
            foundation: The loaded foundation; LoRA layers are put into its model, switched off.
            base: What identifies it (`prefixyarn.models.manifest.identity`).
            folder: The SFT model's folder.

        Raises:
            InputError: It was trained on another foundation.
        """
        manifest, self.identity = identified(folder, base, foundation.name)
        """What identifies the SFT model; see `identified`."""
        self.extra_mb = 0
        """Memory that it takes beside the foundation: none with LoRA, a second model's with full fine-tuning."""
        self._adapter: PeftModel | None = None
        if manifest["config"]["method"] == "lora":
            with warnings.catch_warnings():  # peft asks for what transformers has given another name
                warnings.filterwarnings("ignore", ".*is_gradient_checkpointing", FutureWarning)
                self._adapter = PeftModel.from_pretrained(foundation.model, folder)
            self._adapter.base_model.disable_adapter_layers()
            self._model = foundation.model
        else:
            model = AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=foundation.model.dtype,
                attn_implementation=attention(folder),
                use_safetensors=True,
                trust_remote_code=False,
            )
            self._model = model.to(foundation.model.device)
            self.extra_mb = sum(p.numel() * p.element_size() for p in model.parameters()) // 2**20
        self._model.eval()

    @contextmanager
    def on(self) -> Iterator[PreTrainedModel]:
        """Return the model that decodes as SFT within the context."""
        if self._adapter is None:
            yield self._model
            return
        self._adapter.base_model.enable_adapter_layers()
        try:
            yield self._model
        finally:
            self._adapter.base_model.disable_adapter_layers()


def decoding_model(foundation: Foundation, sft: SftModel | None, name: str) -> AbstractContextManager[PreTrainedModel]:
    """Return the model of a system's ``model``, ``foundation`` or ``sft``, as a context."""
    if name == "foundation":
        return nullcontext(foundation.model)
    assert sft is not None, "systems of the SFT model need one"
    return sft.on()
