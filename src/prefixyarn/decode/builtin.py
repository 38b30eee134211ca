"""The built-in back end: the project's own engine over models of ``transformers``."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import PreTrainedTokenizerFast

from prefixyarn.decode.backend import Answer, Request
from prefixyarn.decode.constraint import Ids
from prefixyarn.decode.engine import ALL, Limits, Parts, decode
from prefixyarn.decode.likelihood import first_tokens, score
from prefixyarn.decode.stops import Stops
from prefixyarn.models.foundation import Foundation, load
from prefixyarn.models.manifest import identity
from prefixyarn.models.sft.adapter import SftModel, decoding_model


class Builtin:
    """A `prefixyarn.decode.backend.Backend`.

    Attributes:
        foundation: The loaded foundation.
        sft: Its SFT model, put onto it, or None.
    """

    def __init__(
        self, foundation: Foundation, base: str, limits: Limits, sft: SftModel | None = None, parts: Parts = ALL
    ) -> None:
        """Take loaded models.

        Args:
            foundation: The foundation.
            base: What identifies it.
            limits: Memory and rows.
            sft: Its SFT model.
            parts: What the engine uses.
        """
        self.foundation, self.sft = foundation, sft
        self._base, self._limits, self._parts = base, limits, parts

    @classmethod
    def open(
        cls,
        folder: str | os.PathLike[str],
        name: str,
        dtype: str,
        memory_mb: int,
        sft: str | os.PathLike[str] | None,
        engine: Mapping[str, bool],
    ) -> Builtin:
        """Load a foundation, and its SFT model if a manifest is given."""
        foundation, base = load(folder, name, dtype), identity(folder)
        tuned = SftModel(foundation, base, Path(sft).parent) if sft else None
        limits = Limits(memory_mb - (tuned.extra_mb if tuned else 0))
        return cls(foundation, base, limits, tuned, Parts(**engine))

    @property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """The tokenizer of both models."""
        return self.foundation.tokenizer

    @property
    def tokens(self) -> int:
        """How many tokens the models choose among."""
        return int(self.foundation.model.config.get_text_config().vocab_size)

    @property
    def settings(self) -> Mapping[str, Any]:
        """The number format, and the versions of the libraries that compute."""
        versions = {"torch": torch.__version__, "transformers": transformers.__version__}
        return {"dtype": str(self.foundation.model.dtype), **versions}

    def identity(self, model: str) -> str:
        """Return what identifies a model's weights."""
        if model == "foundation":
            return self._base
        return self.sft.identity if self.sft else ""

    def stops(self, max_answer_tokens: int) -> Stops:
        """Return the stop rule of both models."""
        return replace(self._stops, max_answer_tokens=max_answer_tokens)

    @functools.cached_property
    def _stops(self) -> Stops:
        return Stops.of(self.foundation.model, self.tokenizer, 0)

    def answers(
        self,
        model: str,
        requests: Sequence[Request],
        stops: Stops,
        done: Callable[[int], None],
        known: Callable[[Request], Answer | None],
        found: Callable[[Request, Answer], None],
    ) -> list[Answer]:
        """Decode requests; see `prefixyarn.decode.engine.decode`."""
        with decoding_model(self.foundation, self.sft, model) as own:
            return decode(own, requests, stops, self._limits, done, known, found, self._parts)

    def likelihoods(
        self, model: str, requests: Sequence[Request], done: Callable[[int], None]
    ) -> dict[Request, list[float]]:
        """Score given continuations; see `prefixyarn.decode.likelihood.score`."""
        with decoding_model(self.foundation, self.sft, model) as own:
            return score(own, requests, self._limits, done)

    def first_tokens(self, prompts: Sequence[Ids], n: int) -> dict[Ids, list[int]]:
        """Return the likeliest first tokens; see `prefixyarn.decode.likelihood.first_tokens`."""
        with decoding_model(self.foundation, self.sft, "foundation") as own:
            return first_tokens(own, prompts, n, self._limits)
