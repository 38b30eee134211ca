"""Text is text: a tokenizer that encodes what spells one of its special tokens as the characters that it is.

Special tokens come from a tokenizer's template alone, and from us. Needs no ``transformers``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from tokenizers import Regex, Tokenizer, pre_tokenizers

from prefixyarn.decode.constraint import Ids
from prefixyarn.models.manifest import found_by_conversion


def open_tokenizer(folder: str | os.PathLike[str]) -> Tokenizer:
    """Return the tokenizer of a converted model's folder, which reads all text as text."""
    return as_text(Tokenizer.from_file(str(Path(folder) / "tokenizer.json")), known_spelled(folder))


def known_spelled(folder: str | os.PathLike[str]) -> Sequence[str] | None:
    """Return what conversion found by `spelled_in`, which takes a tenth of a second for 6,000 tokens; or None."""
    names: Sequence[str] | None = found_by_conversion(folder, "spelled")
    return names


def as_text(tokenizer: Tokenizer, names: Sequence[str] | None = None) -> Tokenizer:
    """Make a tokenizer read all text as text; all other text is encoded as before.

    A flag keeps it from looking for special tokens. The model's vocabulary may hold their names as well (a Unigram
    model's has them all): what spells one of these is cut before its last character, so that no token is the whole.

    Args:
        tokenizer: The tokenizer, which is changed.
        names: What `spelled_in` finds; None to look.
    """
    names = spelled_in(tokenizer) if names is None else names
    tokenizer.encode_special_tokens = True
    if names:
        longest_first = sorted(names, key=len, reverse=True)
        pattern = "|".join(f"{re.escape(name[:-1])}(?={re.escape(name[-1])})" for name in longest_first)
        cut = pre_tokenizers.Split(Regex(pattern), "isolated")
        before = [tokenizer.pre_tokenizer] if tokenizer.pre_tokenizer else []
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*before, cut])
    return tokenizer


def inside(tokenizer: Tokenizer) -> Callable[[str], Ids]:
    """Return what encodes a text that stands behind another.

    Some tokenizers (SentencePiece's, so Llama 2's) put a space before all that they encode. There something stands
    before the text while it is encoded.
    """

    def alone(text: str) -> Ids:
        return tuple(tokenizer.encode(text, add_special_tokens=False).ids)

    if tokenizer.decode(alone("x") * 2) == "xx":
        return alone

    def behind(text: str) -> Ids:
        for before in ("\n", "(", "x"):
            own, whole = alone(before), alone(before + text)
            if own and whole[: len(own)] == own:
                return whole[len(own) :]
        return alone(text)

    return behind


def spelled_in(tokenizer: Tokenizer) -> list[str]:
    """Return the special tokens whose names, in a text, become the token although nobody looks for it."""
    tokenizer.encode_special_tokens = True
    special = {i: token.content for i, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    found = tokenizer.encode_batch_fast([f"a {name} a{name}" for name in special.values()], add_special_tokens=False)
    return [name for (i, name), own in zip(special.items(), found, strict=True) if i in own.ids and len(name) > 1]
