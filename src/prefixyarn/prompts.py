"""Prompt templates: how a source sentence is put to the foundation, and where its answer begins."""

from __future__ import annotations

import functools
import os
import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tokenizers import Tokenizer

from prefixyarn.errors import InputError
from prefixyarn.languages import Direction, language
from prefixyarn.records import AGAIN, read_json

FIELDS = ("source", "source_language", "target_language", "source_native", "target_native", "target_heading")
_SENTENCE_END = re.compile(r"[.!?…](?=\s)|[。！？]")


@dataclass(frozen=True)
class Prompt:
    """A prompt template.

    Attributes:
        name: Its name in tables.
        text: Text with the placeholders of `FIELDS` in braces. The answer begins right after it, divided
            from it by the target language's join (a space, nothing in Chinese) unless it ends in a newline.
        shots: Sources and targets of training examples that stand before the item, filled into the same text.
        shorten: Cuts a source that is too long.
    """

    name: str
    text: str
    shots: tuple[tuple[str, str], ...] = ()
    shorten: Callable[[str], str] = field(default=str, compare=False)

    def __post_init__(self) -> None:
        """Refuse a template that cannot work.

        Raises:
            InputError: ``{source}`` is missing, a line break is written as a backslash and an n, another placeholder
                is unknown or more than a name, or the text ends in a space (the answer's first token brings its own:
                two would follow each other).
        """
        try:
            # A placeholder as it is written: nothing is converted, formatted or taken apart.
            used = [
                name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")
                for _, name, form, conversion in string.Formatter().parse(self.text)
                if name is not None
            ]
        except ValueError as error:
            raise InputError(f"prompt {self.name!r}: {error}; write a literal brace twice") from error
        if re.search(r"\\n(?![a-z])", self.text):  # \name may be meant
            raise InputError(
                f"prompt {self.name!r}: a backslash and an n are no line break; in YAML put the template into double "
                "quotes, and on a command line write a real line break ($'…\\n…' in bash)"
            )
        unknown = [name for name in used if name not in FIELDS]
        if unknown or "source" not in used:
            raise InputError(
                f"prompt {self.name!r}: "
                + (f"unknown placeholder {{{unknown[0]}}}" if unknown else "the placeholder {source} is missing")
                + f"; known are {', '.join('{' + name + '}' for name in FIELDS)}; write a literal brace twice"
            )
        if self.text != self.text.rstrip(" \t"):
            raise InputError(f"prompt {self.name!r}: ends in a space; the join of the target language adds it")

    def fill(self, source: str, direction: Direction) -> str:
        """Return the prompt for one source text, after the examples and a blank line each."""
        shots = [self._filled(shot, direction) + self.join(direction) + target for shot, target in self.shots]
        return "\n\n".join([*shots, self._filled(source, direction)])

    def _filled(self, source: str, direction: Direction) -> str:
        source_language, target_language = language(direction.source), language(direction.target)
        return self.text.format(
            source=self.shorten(source),
            source_language=source_language.name,
            target_language=target_language.name,
            source_native=source_language.native,
            target_native=target_language.native,
            target_heading=target_language.heading,
        )

    def join(self, direction: Direction) -> str:
        """Return what stands between the prompt and the answer."""
        return "" if self.text.endswith("\n") else language(direction.target).join


def load_prompt(path: str | os.PathLike[str], tokenizer: Tokenizer, max_source_tokens: int | None) -> Prompt:
    """Return the prompt that `choose_prompt` chose.

    Args:
        path: What it wrote.
        tokenizer: The foundation's.
        max_source_tokens: Most tokens of a source; None for no limit.

    Raises:
        InputError: The file holds something else.
    """
    found = read_json(path, "prompt")["prompt"]
    try:
        prompt = Prompt(**found)
    except TypeError as error:
        raise InputError(f"{path}: 'prompt' is expected to have a name and a text, got {found}. {AGAIN}") from error
    return within(prompt, tokenizer, max_source_tokens)


def within(prompt: Prompt, tokenizer: Tokenizer, max_source_tokens: int | None) -> Prompt:
    """Return a prompt that cuts long sources; see `load_prompt`."""
    if max_source_tokens is None:
        return prompt
    cut = functools.partial(shortened, tokenizer=tokenizer, limit=max_source_tokens)
    return Prompt(prompt.name, prompt.text, prompt.shots, cut)


def shortened(text: str, tokenizer: Tokenizer, limit: int) -> str:
    """Return a text up to the last sentence end within its first ``limit`` tokens; without one, the last word's."""
    offsets = tokenizer.encode(text, add_special_tokens=False).offsets
    if len(offsets) <= limit:
        return text
    end = offsets[limit - 1][1]
    ends = [found.end() for found in _SENTENCE_END.finditer(text) if found.end() <= end]
    return text[: ends[-1]] if ends else (text[:end].rsplit(None, 1)[0] if " " in text[:end] else text[:end])


def share_shortened(texts: Sequence[str], tokenizer: Tokenizer, limit: int | None) -> float:
    """Return the share of texts that `shortened` shortens; none without a limit."""
    cut = [limit is not None and shortened(text, tokenizer, limit) != text for text in texts]
    return sum(cut) / len(cut)
