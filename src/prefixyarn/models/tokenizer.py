"""A foundation's tokenizer: loading it, and encoding prompts and the starts of answers."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, PreTrainedTokenizerFast

from prefixyarn.errors import InputError, named
from prefixyarn.git_lfs import check_files_brought
from prefixyarn.models.manifest import found_by_conversion
from prefixyarn.models.plain_text import as_text, inside, known_spelled


def load_tokenizer(folder: str | os.PathLike[str]) -> PreTrainedTokenizerFast:
    """Load a model folder's fast tokenizer. What spells a special token is text to it.

    Raises:
        InputError: There is none.
    """
    return reading_text(as_published(folder), known_spelled(folder))


def reading_text(tokenizer: PreTrainedTokenizerFast, names: Sequence[str] | None = None) -> PreTrainedTokenizerFast:
    """Make a tokenizer read all text as text; see `prefixyarn.models.plain_text.as_text`."""
    if tokenizer.is_fast:  # of refined models, some are not
        as_text(tokenizer.backend_tokenizer, names)
    tokenizer.split_special_tokens = True  # what a fast one would take back as well
    return tokenizer


def as_published(folder: str | os.PathLike[str]) -> PreTrainedTokenizerFast:
    """Load a model folder's fast tokenizer as it is.

    Where `prefixyarn.models.convert` found that ``tokenizer.json`` says all (`special_tokens`), nothing else is read:
    of a vocabulary of 262k tokens this takes half the time.

    Raises:
        InputError: There is none.
    """
    special = found_by_conversion(folder, "special_tokens")
    if special and (Path(folder) / "tokenizer.json").exists():
        return _alone(folder, special)
    check_files_brought(folder)
    wanted = "expected a fast tokenizer (tokenizer.json). Save one there with save_pretrained()."
    if not any((Path(folder) / name).exists() for name in ("tokenizer.json", "tokenizer.model", "vocab.json")):
        raise InputError(f"{folder}: no tokenizer; {wanted}")
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        tokenizer("x")
    except Exception as error:  # of a file that is not as it expects, errors of every kind
        raise InputError(f"{folder}: the tokenizer does not load ({named(error)}); {wanted}") from error
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


def check_entries(tokenizer: PreTrainedTokenizerFast, rows: int) -> None:
    """Check that a model with so many rows of embeddings has one for whatever a text becomes.

    Special tokens count where the template adds them: Gemma 3's tokenizer has one for images, behind the last row.

    Raises:
        InputError: It lacks some.
    """
    backend = tokenizer.backend_tokenizer
    added = backend.get_added_tokens_decoder()
    special = {i for i, token in added.items() if token.special} - {*template(tokenizer)}
    beyond = {i for i in added if i >= rows} - special
    if backend.get_vocab_size(with_added_tokens=False) > rows:  # looked at only then: half a second for 262k entries
        beyond |= {i for i in backend.get_vocab().values() if i >= rows} - special
    if beyond:
        first = backend.id_to_token(min(beyond))
        raise InputError(
            f"its tokenizer has {len(tokenizer)} entries, but the model has {rows} ({first!r} is the first without). "
            "Give the tokenizer that belongs to the model."
        )


def template(tokenizer: PreTrainedTokenizerFast) -> tuple[int, ...]:
    """Return what a tokenizer's template puts before a text: BOS, nothing, in XGLM EOS.

    What it appends (EOS, in T5's manner) closes a text, and a prompt goes on: it is never taken.

    Raises:
        InputError: It changes the text itself.
    """
    alone, whole = (list(tokenizer("x", add_special_tokens=own).input_ids) for own in (False, True))
    start = next((n for n in range(len(whole)) if alone and whole[n : n + len(alone)] == alone), None)
    if start is None:
        raise InputError(
            f"the tokenizer encodes 'x' as {alone}, but with what its template adds as {whole}: no text can be told "
            "from the template. Mend post_processor in its tokenizer.json, or give another model."
        )
    return tuple(whole[:start])


def text_ids(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    """Return the tokens of a text alone."""
    return list(tokenizer(text, add_special_tokens=False).input_ids)


def normalised(tokenizer: PreTrainedTokenizerFast, text: str) -> str:
    """Return a text as the tokenizer's normaliser leaves it (NFKC, fewer spaces), which need not be as it was."""
    normalizer = tokenizer.backend_tokenizer.normalizer
    return text if normalizer is None else normalizer.normalize_str(text).replace("▁", " ")


def changes_case(tokenizer: PreTrainedTokenizerFast) -> bool:
    """Tell whether the tokenizer's normaliser takes capitals for small letters, so that answers have none."""
    return normalised(tokenizer, "aA").strip() != "aA"


def bos_count(tokenizer: PreTrainedTokenizerFast) -> int:
    """Return how many BOS tokens the model expects at the start: 1, or 0 where its tokenizer adds none."""
    return int(tokenizer.bos_token_id is not None and tokenizer.bos_token_id in template(tokenizer))


def prompt_ids(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    """Encode a prompt, after what the tokenizer's template puts before a text.

    Raises:
        InputError: That has BOS twice.
    """
    before = template(tokenizer)
    if tokenizer.bos_token_id is not None and before.count(tokenizer.bos_token_id) > 1:
        raise InputError(
            f"the tokenizer's template puts {before.count(tokenizer.bos_token_id)} BOS tokens instead of 1 before a "
            "text. Mend post_processor in its tokenizer.json."
        )
    return [*before, *text_ids(tokenizer, text)]


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
    alone = list(inside(tokenizer.backend_tokenizer)(join + answer))
    known = {tokenizer.decode(before) + text for text in (join + answer, normalised(tokenizer, join + answer))}
    if tokenizer.decode([*before, *alone]) not in known:
        raise InputError(
            f"the prompt's end {prompt[-12:]!r} merges with the answer {answer[:12]!r} into one token. End the "
            "template with another character (a colon or a line break)."
        )
    return alone
