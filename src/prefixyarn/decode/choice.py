"""Choosing the next token: the likeliest of all, or of those that a constraint allows.

In fp32 answers do not depend on the batch. Rounding does, and could change a token where the two best logits are closer
than it moves them (benchmarks/rounding.py). There a row is computed again by itself, by the model's plain forward pass.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import torch
from transformers import PreTrainedModel

from prefixyarn.decode.batch import Row
from prefixyarn.decode.int8_head import Int8Head
from prefixyarn.models.logits import logits

LOGITS_BYTES = {"cpu": 2**26, "cuda": 2**30}  # of the logits that are computed at a time, in fp32
# How close the two best logits may be, as a share of the best, before a row is computed again: four times what batching
# and the order of sums were seen to move a logit by (4.1e-4 at logits about 25; benchmarks/rounding.py).
CLOSE = 6.4e-5
GIVE_UP = 8  # times that 8 bits told too many candidates, after which they are no longer asked


def rows_at_a_time(model: PreTrainedModel) -> int:
    """Return of how many rows logits are computed at a time."""
    return max(1, LOGITS_BYTES[model.device.type] // (model.config.vocab_size * 4))


class Chooser:
    """Chooses tokens with one model.

    Attributes:
        close: How many choices were so close that they were made again.
    """

    def __init__(self, model: PreTrainedModel, int8: bool, answers: int) -> None:
        """Take a model.

        Args:
            model: The model.
            int8: Whether candidates may be found in 8 bits.
            answers: How many answers are to be decoded; few are not worth preparing for.
        """
        self._model, self._exact, self._answers = model, model.dtype == torch.float32, answers if int8 else 0
        self.close, self._given_up = 0, 0

    @functools.cached_property
    def _int8(self) -> Int8Head | None:
        return Int8Head.of(self._model, self._answers)

    def __call__(
        self, rows: Sequence[Row], states: torch.Tensor, allowed: Sequence[tuple[int, ...] | None]
    ) -> list[int]:
        """Return the next token of each row.

        Args:
            rows: The rows.
            states: The last state of each, shape (rows, hidden).
            allowed: What each row's constraint allows; None for every token.
        """
        chosen = [0] * len(rows)
        free = [n for n, own in enumerate(allowed) if own is None]
        for own in {own for own in allowed if own}:
            self._choose(rows, states, [n for n, other in enumerate(allowed) if other == own], own, chosen)
        size = rows_at_a_time(self._model)
        for start in range(0, len(free), size):
            self._choose(rows, states, free[start : start + size], None, chosen)
        return chosen

    def _choose(
        self, rows: Sequence[Row], states: torch.Tensor, part: list[int], own: tuple[int, ...] | None, chosen: list[int]
    ) -> None:
        """Choose for some of the rows, all under the same constraint."""
        whole = part[-1] - part[0] + 1 == len(part)  # a view: an index of numbers would make a GPU wait
        hidden = states[part[0] : part[-1] + 1] if whole else states[part]
        best, first, second = self._two_best(hidden, own)
        for n, token in zip(part, best.tolist(), strict=True):
            chosen[n] = token if own is None else own[token]
        if not self._exact:
            return
        for place in (first - second < CLOSE * first.abs().clamp(min=1)).nonzero()[:, 0].tolist():
            self.close += 1
            row = rows[part[place]]
            ids = torch.tensor([[*row.prompt, *row.tokens]], device=self._model.device)
            alone = self._model.get_decoder()(input_ids=ids, use_cache=False).last_hidden_state[0, -1:]
            token = int(logits(self._model, alone, own).argmax())
            chosen[part[place]] = token if own is None else own[token]

    def _two_best(
        self, hidden: torch.Tensor, own: tuple[int, ...] | None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the likeliest tokens (of a constraint's, their places) and what the two best ones' logits are."""
        if own is None and self._int8:
            if found := self._int8.best(hidden):
                return found
            self._given_up += 1
            if self._given_up == GIVE_UP:
                self._int8 = None
        if not self._exact and own is None:  # scales and caps change no order
            first, best = self._model.get_output_embeddings()(hidden).max(-1)
            return best, first, first
        scores = logits(self._model, hidden, own)
        first, best = scores.max(-1)
        scores.scatter_(1, best[:, None], -torch.inf)
        return best, first, scores.amax(-1)
