"""How well a foundation and its SFT models predict held-out text of each language."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from prefixyarn.analysis.forgetting import BASE, BitsRow
from prefixyarn.languages import Direction, language
from prefixyarn.models.foundation import load
from prefixyarn.models.manifest import identity
from prefixyarn.models.sft.adapter import SftModel
from prefixyarn.models.verify import bits_per_character
from prefixyarn.records import Item


def texts(items: Mapping[str, Sequence[Item]]) -> dict[str, str]:
    """Return the text of each language: all sentences of items, sources and targets, each once, joined.

    Args:
        items: By direction.
    """
    sentences: dict[str, dict[str, None]] = {}
    for subset, own in items.items():
        direction = Direction.parse(subset)
        for item in own:
            for code, text in ((direction.source, item.source), (direction.target, item.target)):
                sentences.setdefault(code, {})[text] = None
    return {code: language(code).join.join(own) for code, own in sorted(sentences.items())}


def measure(
    folder: str | os.PathLike[str],
    name: str,
    dtype: str,
    sft: Mapping[str, Path],
    items: Mapping[str, Sequence[Item]],
) -> list[BitsRow]:
    """Return bits per character of a foundation and its SFT models: a row per language and model.

    Args:
        folder: The foundation's folder.
        name: Its name.
        dtype: Its number format.
        sft: By task the folder of the SFT model trained on it.
        items: By direction the items that none of the models was trained on.
    """
    held_out, found = texts(items), {}
    for model, own in {BASE: None, **sft}.items():
        for code, bits in _bits(folder, name, dtype, own, held_out).items():
            found[code, model] = bits
        # Of models in turn the job has memory for one.
        gc.collect()
        torch.cuda.empty_cache()
        logging.info("bits per character measured: %s", model)
    return [
        BitsRow(name, code, len(text), model, found[code, model])
        for code, text in held_out.items()
        for model in (BASE, *sft)
    ]


def _bits(
    folder: str | os.PathLike[str], name: str, dtype: str, sft: Path | None, held_out: Mapping[str, str]
) -> dict[str, float]:
    """Return bits per character by language, of an untouched foundation or with an SFT model on it."""
    foundation = load(folder, name, dtype)
    if sft is None:
        return {code: bits_per_character(foundation, text) for code, text in held_out.items()}
    with SftModel(foundation, identity(folder), sft).on() as model:
        return {code: bits_per_character(foundation.with_model(model), text) for code, text in held_out.items()}
