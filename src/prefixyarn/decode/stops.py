"""When an answer ends, and what of it counts as text.

A base model seldom emits EOS; it ends an answer with a line break and goes on with the next example. So an
answer ends at its first line break after some text. A line break before any text ends nothing: otherwise a
model that starts its answer on a new line would be robbed of it, and that is the baseline without prior.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefixyarn.errors import InputError

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerFast


def answer_text(text: str) -> str:
    """Return the answer in decoded text: up to the first line break after some text, outer space removed."""
    return text.strip().split("\n", 1)[0].strip()


@dataclass(frozen=True)
class Stops:
    """The stop rule for one model.

    Attributes:
        tokenizer: The model's.
        newline_ids: Every vocabulary entry that contains a line break (32 in Gemma 3's).
        eos_ids: End-of-sequence ids, by tokenizer and generation configuration.
        max_answer_tokens: Limit on prior and continuation together.
    """

    tokenizer: PreTrainedTokenizerFast
    newline_ids: frozenset[int]
    eos_ids: frozenset[int]
    max_answer_tokens: int

    @classmethod
    def of(cls, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, max_answer_tokens: int) -> Stops:
        """Find a loaded model's stop tokens."""
        return cls.by(model.generation_config, tokenizer, max_answer_tokens)

    @classmethod
    def by(
        cls, generation: GenerationConfig | None, tokenizer: PreTrainedTokenizerFast, max_answer_tokens: int
    ) -> Stops:
        """Find a model's stop tokens by its generation configuration, and by decoding its whole vocabulary."""
        decode = tokenizer.backend_tokenizer.decode  # a third of the tokenizer's own time, in every job with a model
        newlines = frozenset(i for i in range(len(tokenizer)) if "\n" in decode([i], skip_special_tokens=False))
        listed = generation.eos_token_id if generation else None
        eos = set(listed) if isinstance(listed, list) else {listed}
        eos.add(tokenizer.eos_token_id)
        return cls(tokenizer, newlines, frozenset(e for e in eos if e is not None), max_answer_tokens)

    def text(self, ids: Sequence[int]) -> str:
        """Decode answer ids without special tokens."""
        return str(self.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def check_length(self, prior: Sequence[int]) -> None:
        """Check that a prior is no longer than an answer may be.

        Raises:
            InputError: It is.
        """
        if len(prior) > self.max_answer_tokens:
            raise InputError(
                f"a prior of {len(prior)} tokens is longer than the answer limit of {self.max_answer_tokens}: raise "
                "max_answer_tokens or lower k in the config"
            )

    def ends_early(self, prior: Sequence[int], tokens: int, stop: str) -> InputError:
        """Return the error of a prior that ends the answer, for a reason, at one of its tokens before its last."""
        return InputError(
            f"a prior of {len(prior)} tokens ends the answer ({stop}) at its token {tokens}: {self.text(prior)!r}"
        )

    def reason(self, ids: Sequence[int]) -> str | None:
        """Return why an answer ends with its last token: ``eos``, ``newline`` or ``length``; None if it goes on.

        Args:
            ids: The answer so far: prior and new tokens. Only the last one can be a stop.
        """
        if ids[-1] in self.eos_ids:
            return "eos"
        if ids[-1] in self.newline_ids and "\n" in self.text(ids).lstrip():
            return "newline"
        return "length" if len(ids) >= self.max_answer_tokens else None
