"""A foundation's tokenizer: loading it, and encoding prompts and the starts of answers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, PreTrainedTokenizerFast

from prefixyarn.errors import InputError, first_line
from prefixyarn.records import read_json


def load_tokenizer(folder: str | os.PathLike[str]) -> PreTrainedTokenizerFast:
    """Load a model folder's fast tokenizer.

    Where `prefixyarn.models.convert` found that ``tokenizer.json`` says all (`special_tokens`), nothing else is read:
    of a vocabulary of 262k tokens this takes half the time.

    Raises:
        InputError: There is none.
    """
    manifest = Path(folder) / "manifest.json"
    special = read_json(manifest).get("special_tokens") if manifest.exists() else None
    if special and (Path(folder) / "tokenizer.json").exists():
        return _alone(folder, special)
    wanted = "expected a fast tokenizer (tokenizer.json). Save one there with save_pretrained()."
    if not any((Path(folder) / name).exists() for name in ("tokenizer.json", "tokenizer.model", "vocab.json")):
        raise InputError(f"{folder}: no tokenizer; {wanted}")
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{folder}: the tokenizer does not load ({first_line(error)}); {wanted}") from error
    if not tokenizer.is_fast:
        raise InputError(f"{folder}: the tokenizer is a slow one; {wanted}")
    return tokenizer


def special_tokens(folder: str | os.PathLike[str], tokenizer: PreTrainedTokenizerFast) -> dict[str, Any] | None:
    """Return the special tokens with which a folder's tokenizer.json makes this tokenizer; None if it needs more."""
    if not (Path(folder) / "tokenizer.json").exists():
        return None
    special: dict[str, Any] = tokenizer.special_tokens_map
    alone = _alone(folder, special)
    same = alone.special_tokens_map == special and alone.all_special_ids == tokenizer.all_special_ids
    return special if same and alone.backend_tokenizer.to_str() == tokenizer.backend_tokenizer.to_str() else None


def _alone(folder: str | os.PathLike[str], special: Mapping[str, Any]) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(tokenizer_file=str(Path(folder) / "tokenizer.json"), **special)


def bos_count(tokenizer: PreTrainedTokenizerFast) -> int:
    """Return how many BOS tokens the model expects at the start: 1, or 0 where its tokenizer adds none."""
    return int(tokenizer.bos_token_id is not None and tokenizer("x").input_ids[0] == tokenizer.bos_token_id)


def prompt_ids(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    """Encode a prompt, with exactly the BOS tokens that the model expects.

    Raises:
        InputError: BOS is missing or double.
    """
    ids = list(tokenizer(text).input_ids)
    if tokenizer.eos_token_id is not None and ids and ids[-1] == tokenizer.eos_token_id:
        ids.pop()  # some tokenizers close what they encode; a prompt goes on
    if tokenizer.bos_token_id is not None and ids.count(tokenizer.bos_token_id) != bos_count(tokenizer):
        raise InputError(
            f"the prompt {text[:20]!r} has {ids.count(tokenizer.bos_token_id)} BOS tokens instead of "
            f"{bos_count(tokenizer)}: the tokenizer, or a prompt that spells out {tokenizer.bos_token}, is at fault"
        )
    return ids


def answer_ids(tokenizer: PreTrainedTokenizerFast, prompt: str, join: str, answer: str) -> list[int]:
    """Encode the start of an answer as it stands after its prompt.

    Where the prompt's last token would merge with the answer's first (a colon and an opening quote, in Chinese,
    where nothing stands between them), the answer is encoded on its own.

    Raises:
        InputError: Encoded on its own, the answer does not give the same text after the prompt.
    """
    before = prompt_ids(tokenizer, prompt)
    whole = prompt_ids(tokenizer, prompt + join + answer)
    if whole[: len(before)] == before:
        return whole[len(before) :]
    alone = list(tokenizer(join + answer, add_special_tokens=False).input_ids)
    if tokenizer.decode([*before, *alone]) != tokenizer.decode(before) + join + answer:
        raise InputError(
            f"the prompt's end {prompt[-12:]!r} merges with the answer {answer[:12]!r} into one token. End the "
            "template with another character (a colon or a line break)."
        )
    return alone
