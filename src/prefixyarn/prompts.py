"""Prompt templates: how a source sentence is put to the foundation, and where its answer begins."""

from __future__ import annotations

import string
from dataclasses import dataclass

from transformers import PreTrainedTokenizerFast

from prefixyarn.errors import InputError
from prefixyarn.languages import Direction, language
from prefixyarn.models.foundation import bos_count

FIELDS = ("source", "source_language", "target_language", "source_native", "target_native", "target_heading")


@dataclass(frozen=True)
class Prompt:
    """A prompt template.

    Attributes:
        name: Its name in tables.
        text: Text with the placeholders of `FIELDS` in braces. The answer begins right after it, divided
            from it by the target language's join (a space, nothing in Chinese) unless it ends in a newline.
    """

    name: str
    text: str

    def __post_init__(self) -> None:
        """Refuse a template that cannot work.

        Raises:
            InputError: ``{source}`` is missing, another placeholder is unknown, or the text ends in a space
                (the answer's first token brings its own: two would follow each other).
        """
        try:
            used = [name for _, name, _, _ in string.Formatter().parse(self.text) if name is not None]
        except ValueError as error:
            raise InputError(f"prompt {self.name!r}: {error}; write a literal brace twice") from error
        unknown = sorted(set(used) - set(FIELDS))
        if unknown or "source" not in used:
            raise InputError(
                f"prompt {self.name!r}: "
                + (f"unknown placeholder {{{unknown[0]}}}" if unknown else "the placeholder {source} is missing")
                + f"; known are {', '.join('{' + name + '}' for name in FIELDS)}"
            )
        if self.text != self.text.rstrip(" \t"):
            raise InputError(f"prompt {self.name!r}: ends in a space; the join of the target language adds it")

    def fill(self, source: str, direction: Direction) -> str:
        """Return the prompt for one source sentence."""
        source_language, target_language = language(direction.source), language(direction.target)
        return self.text.format(
            source=source,
            source_language=source_language.name,
            target_language=target_language.name,
            source_native=source_language.native,
            target_native=target_language.native,
            target_heading=target_language.heading,
        )

    def join(self, direction: Direction) -> str:
        """Return what stands between the prompt and the answer."""
        return "" if self.text.endswith("\n") else language(direction.target).join


def prompt_ids(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    """Encode a prompt, with exactly the BOS tokens that the model expects.

    Raises:
        AssertionError: BOS is missing or double.
    """
    ids = list(tokenizer(text).input_ids)
    if tokenizer.eos_token_id is not None and ids and ids[-1] == tokenizer.eos_token_id:
        ids.pop()  # some tokenizers close what they encode; a prompt goes on
    if tokenizer.bos_token_id is not None:
        assert ids.count(tokenizer.bos_token_id) == bos_count(tokenizer), "BOS is missing or double"
    return ids


def answer_ids(tokenizer: PreTrainedTokenizerFast, prompt: str, join: str, answer: str) -> list[int]:
    """Encode the start of an answer as it stands after its prompt.

    Raises:
        InputError: The prompt's last token merges with the answer's first, so the answer has no ids of its own.
    """
    before = prompt_ids(tokenizer, prompt)
    whole = prompt_ids(tokenizer, prompt + join + answer)
    if whole[: len(before)] != before:
        raise InputError(
            f"the prompt's end {prompt[-12:]!r} merges with the answer {answer[:12]!r} into one token. End the "
            "template with another character (a colon or a newline)."
        )
    return whole[len(before) :]
