"""Making a loadable model of a foundation's files, and checking the conversion.

The result is a folder as any ``transformers`` causal LM has it: ``config.json``, ``*.safetensors``,
``tokenizer.json``, and licence texts that came with the weights. Its ``manifest.json``, written last, names every
file with its SHA-256 and stands for the model in the workflow.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
import transformers
from transformers import CONFIG_MAPPING, AutoConfig, AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel
from transformers.utils.logging import disable_progress_bar

from prefixyarn.data.wheels import sha256
from prefixyarn.errors import InputError, named
from prefixyarn.models.families import way
from prefixyarn.models.gguf_tokenizer import parse_once, tokenizer_of
from prefixyarn.models.manifest import MANIFEST, STAMPS, stamps
from prefixyarn.models.plain_text import spelled_in
from prefixyarn.models.tokenizer import as_published, bos_count, special_tokens
from prefixyarn.models.weights import gguf_file, parameters, unread
from prefixyarn.records import RESTORE, read_json, write_json

disable_progress_bar()  # weights load in seconds, and the bars fill the logs


def convert(source_folder: str | os.PathLike[str], folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Make a loadable model folder of fetched files.

    A GGUF file is dequantised to fp32 safetensors with a tokenizer.json, and checked against its own metadata
    and tensors (`check_conversion`); other files are linked as they are. Of every model the configuration, the
    header of each weight file and a fast tokenizer must load.

    Returns:
        The manifest that was written to ``folder/manifest.json``: files with SHA-256, and facts of the check.

    Raises:
        InputError: Weights, configuration or fast tokenizer are missing or damaged, the conversion is wrong, or
            it could not be written. The folder is empty then.
    """
    source_folder, folder = Path(source_folder), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _empty(folder)
    try:
        packed = gguf_file(source_folder)
        checked = _convert_gguf(packed, folder) if packed else {}
        left = {MANIFEST, STAMPS, *(path.name for path in unread(source_folder))}
        for file in source_folder.iterdir():
            made = (folder / file.name).exists()  # by the conversion
            if file.is_file() and file.name not in left and not made:
                (folder / file.name).symlink_to(os.path.relpath(file.resolve(), folder.resolve()))
        seen = stamps(folder)
        check_config(folder)
        tokenizer = as_published(folder)
        expected = checked.get("add_bos_token")
        if expected is not None and bool(bos_count(tokenizer)) != expected:
            raise InputError(f"{folder}: the tokenizer has lost the BOS token that the file says it adds")
        manifest = {
            "files": {name: sha256(folder / name) for name in seen},
            "checked": checked,
            "special_tokens": special_tokens(folder, tokenizer),
            "spelled": spelled_in(tokenizer.backend_tokenizer),
            "vocabulary": len(tokenizer),
            "parameters": parameters(folder),
        }
        write_json(folder / STAMPS, seen)
        write_json(folder / MANIFEST, manifest)
    except BaseException:
        _empty(folder)
        raise
    return manifest


def _empty(folder: Path) -> None:
    for file in folder.iterdir():
        if file.is_file() or file.is_symlink():
            file.unlink()


def check_config(folder: str | os.PathLike[str]) -> PreTrainedConfig:
    """Return a model folder's configuration, which is that of a causal language model.

    Raises:
        InputError: It does not load, or says that the weights are those of something else, or quantised.
    """
    path = Path(folder) / "config.json"
    try:
        written = read_json(path) if path.exists() else {}
    except InputError as error:
        said = str(error).removesuffix(f". {RESTORE}")
        raise InputError(f"config.json does not load: {said}. Fetch or copy the model again.") from error
    if isinstance(written, dict) and (kind := written.get("model_type")) and kind not in CONFIG_MAPPING:
        raise InputError(
            f"{path}: transformers {transformers.__version__} does not know the model_type {kind!r}, and code that "
            "came with a model is not run. Give a model of a family that it knows, or install a transformers that does."
        )
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # transformers checks each key, with errors of every kind
        raise InputError(
            f"{folder}: config.json does not load ({named(error)}). Fetch or copy the model again."
        ) from error
    known = AutoModelForCausalLM._model_mapping
    if type(config) not in known:
        raise InputError(f"{folder}: {config.model_type!r} is not a causal language model. Give one that is.")
    # Encoders and embedding models lack the output matrix: transformers would load them, with a random one.
    saved = config.architectures or []
    if not isinstance(saved, list) or not all(isinstance(name, str) for name in saved):
        raise InputError(f"{folder}: config.json: architectures: expected a list of names, got {saved!r}. Mend it.")
    causal = (known[type(config)].__name__.casefold(), "causallm", "lmheadmodel")
    if saved and not any(own in name.casefold() for name in saved for own in causal):
        raise InputError(
            f"{folder}: its weights are those of {', '.join(saved)}, not of a causal language model. Give one that is."
        )
    if (quantised := getattr(config, "quantization_config", None)) is not None:
        raise InputError(
            f"{folder}: config.json: quantization_config: its weights are quantised "
            f"({dict(quantised).get('quant_method', 'it does not say how')}), and floats are read. Give the model from "
            "which it was made, or load it with transformers, dequantize() it and save it with save_pretrained()."
        )
    try:
        way(config)
    except InputError as error:
        raise InputError(f"{folder}: {error}") from error
    return config


def _convert_gguf(path: Path, folder: Path) -> dict[str, Any]:
    parse_once()
    with tokenizer_of(path, folder):
        try:
            model = AutoModelForCausalLM.from_pretrained(
                path.parent, gguf_file=path.name, dtype=torch.float32, trust_remote_code=False
            )
            checked = check_conversion(model, read_gguf(path))
        except (InputError, MemoryError):
            raise
        except Exception as error:  # its readers have errors of every kind
            raise InputError(
                f"{path}: not a GGUF file that can be converted ({named(error)}). Fetch or copy it again; if it stays "
                "so, give the model's safetensors."
            ) from error
        # The weights are plain fp32 now; with these two left in place transformers refuses to save them.
        model.hf_quantizer = None
        if hasattr(model.config, "quantization_config"):
            del model.config.quantization_config
        try:
            model.save_pretrained(folder)
        except Exception as error:  # safetensors has its own, untyped error for a full disk
            raise InputError(
                f"{folder}: the converted model could not be written ({error}). Free some space."
            ) from error
    return checked


@dataclass(frozen=True)
class GgufFacts:
    """What a GGUF file says of its model.

    Attributes:
        path: The file.
        metadata: Its key-value pairs, the vocabulary's lists left out.
        vocabulary: Number of tokens.
        tensors: Norm weights, and the first 256 rows of the token embeddings, dequantised, by GGUF name.
    """

    path: str
    metadata: dict[str, Any]
    vocabulary: int
    tensors: dict[str, np.ndarray]


def read_gguf(path: str | os.PathLike[str]) -> GgufFacts:
    """Read a GGUF file's facts with the reference reader, independently of the conversion."""
    reader = gguf.GGUFReader(path)
    lists = {"tokens", "scores", "token_type", "merges"}
    return GgufFacts(
        path=str(path),
        metadata={k: f.contents() for k, f in reader.fields.items() if k.split(".")[-1] not in lists},
        vocabulary=len(reader.fields["tokenizer.ggml.tokens"].data),
        tensors={
            t.name: gguf.dequantize(t.data if "norm" in t.name else t.data[:256], t.tensor_type)
            for t in reader.tensors
            if "norm" in t.name or t.name == "token_embd.weight"
        },
    )


# GGUF key (after the architecture's name) -> attribute of the transformers configuration.
_GGUF_KEYS = {
    "embedding_length": "hidden_size",
    "block_count": "num_hidden_layers",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.key_length": "head_dim",
    "attention.sliding_window": "sliding_window",
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
    "context_length": "max_position_embeddings",
}
_GGUF_TOKENS = {"bos": "bos_token_id", "eos": "eos_token_id", "padding": "pad_token_id"}
_GGUF_NORMS = {
    "output_norm.weight": "model.norm.weight",
    "blk.{}.attn_norm.weight": "model.layers.{}.input_layernorm.weight",
    "blk.{}.attn_q_norm.weight": "model.layers.{}.self_attn.q_norm.weight",
    "blk.{}.attn_k_norm.weight": "model.layers.{}.self_attn.k_norm.weight",
}
# Facts of the architecture that Gemma 3's GGUF metadata leaves out (Gemma 3 report, arXiv 2503.19786, section 2).
_GEMMA3_LOCAL_ROPE, _GEMMA3_PATTERN = 10_000.0, 6


def check_conversion(model: PreTrainedModel, facts: GgufFacts) -> dict[str, Any]:
    """Check a model that was read from a GGUF file against the file's metadata and tensors.

    A wrong conversion does not crash; it makes a weaker model, which would look like the effect under study.

    Returns:
        What was compared, by name, with the value found; and ``add_bos_token``, which `convert` compares.

    Raises:
        InputError: Something differs; every difference is named.
    """
    config, metadata = model.config, facts.metadata
    architecture = metadata["general.architecture"]
    # Name -> (found in the model, expected from the file).
    pairs: dict[str, tuple[Any, Any]] = {"vocab_size": (config.vocab_size, facts.vocabulary)}
    for key, attribute in _GGUF_KEYS.items():
        if f"{architecture}.{key}" in metadata:
            pairs[attribute] = (getattr(config, attribute), metadata[f"{architecture}.{key}"])
    for token, attribute in _GGUF_TOKENS.items():
        if f"tokenizer.ggml.{token}_token_id" in metadata:
            pairs[attribute] = (getattr(config, attribute), metadata[f"tokenizer.ggml.{token}_token_id"])
    added = metadata.get("tokenizer.ggml.add_bos_token")
    rope, ropes, offset = metadata[f"{architecture}.rope.freq_base"], config.rope_parameters, 0.0
    if architecture == "gemma3":
        offset = 1.0  # GGUF stores w + 1, Gemma multiplies by 1 + w: the loader must subtract it again
        pairs["rope_theta of global layers"] = (ropes["full_attention"]["rope_theta"], rope)
        pairs["rope_theta of local layers"] = (ropes["sliding_attention"]["rope_theta"], _GEMMA3_LOCAL_ROPE)
        layers = range(1, config.num_hidden_layers + 1)
        pattern = ["full_attention" if n % _GEMMA3_PATTERN == 0 else "sliding_attention" for n in layers]
        pairs["layer_types"] = (config.layer_types, pattern)
    else:
        pairs["rope_theta"] = (ropes["rope_theta"], rope)
    state = model.state_dict()
    for gguf_name, name in _GGUF_NORMS.items():
        for layer in range(config.num_hidden_layers) if "{}" in gguf_name else (0,):
            tensor = facts.tensors.get(gguf_name.format(layer))
            if tensor is not None:
                equal = np.allclose(state[name.format(layer)].numpy() + offset, tensor, atol=1e-6)
                pairs[f"{name.format(layer)} + {offset} equals the file's"] = (bool(equal), True)
    embeddings = model.get_input_embeddings().weight[:256].detach().numpy()
    equal = np.array_equal(embeddings, facts.tensors["token_embd.weight"])
    pairs["token embeddings equal the file's"] = (equal, True)

    def differ(a: Any, b: Any) -> bool:
        return not math.isclose(a, b, rel_tol=1e-6) if isinstance(a, float) else bool(a != b)

    wrong = [f"{name}: converted {a}, expected {b}" for name, (a, b) in pairs.items() if differ(a, b)]
    if wrong:
        raise InputError(f"{facts.path}: the conversion is wrong. {'; '.join(wrong)}")
    return {**{name: a for name, (a, _) in pairs.items()}, "add_bos_token": added}
