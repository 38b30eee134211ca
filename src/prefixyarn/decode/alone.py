"""Decoding one by one, by a model's own forward pass and cache: for families that the batch cannot do.

That is where attention adds something to scores that follows from a mask of its own making (ALiBi in BLOOM and MPT), or
where some layers have no attention (state spaces). It is exact, and slow: nothing is computed for several prompts
together. The priors of a prompt still share it, and what they begin with.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator, Sequence
from inspect import signature
from typing import Any

import torch
from transformers import PreTrainedModel

from prefixyarn.decode.backend import Request
from prefixyarn.decode.batch import Batch, Room, Row
from prefixyarn.decode.constraint import Constraint, Ids
from prefixyarn.models.families import ALONE, STEPWISE, way

CACHES = ("past_key_values", "cache_params", "state")  # what a family's decoder takes and returns its cache as


def begin(model: PreTrainedModel, requests: Sequence[Request], room: Room, graphs: bool) -> Batch | Alone:
    """Return what decodes or scores requests with a model; see `Batch`."""
    return Alone(model, requests) if way(model.config) == ALONE else Batch(model, requests, room, graphs)


class Alone:
    """One row after another. Iterating gives each with states; then `replace` must say what becomes of it.

    It does what `prefixyarn.decode.batch.Batch` does, which see.
    """

    def __init__(self, model: PreTrainedModel, requests: Sequence[Request]) -> None:
        """Take distinct requests, in the order in which their prompts are to be begun."""
        by_prompt: dict[tuple[Ids, Constraint | None], list[Request]] = defaultdict(list)
        for request in requests:
            by_prompt[request.prompt, request.constraint].append(request)
        self._model, self._roots = model, [Row(prompt, [], own) for (prompt, _), own in by_prompt.items()]
        self._waiting: list[tuple[Row, Any]] = []  # rows of one prompt's tree, with the cache of what was read
        self._cache: Any = None

    def __iter__(self) -> Iterator[tuple[list[Row], torch.Tensor, list[int]]]:
        """Yield a row, states of shape (time, hidden), and where among these its last one is."""
        for root in self._roots:
            states, self._cache = read(self._model, root.prompt, None)
            yield [root], states[-1:], [0]
            while self._waiting:
                row, cache = self._waiting.pop()
                states, self._cache = read(self._model, row.tokens[-row.new :], cache)
                yield [row], states, [len(states) - 1]

    def replace(self, children: Sequence[Sequence[Row]]) -> None:
        """Put what the row given out last has become in its place."""
        for n, child in enumerate(children[0]):
            self._waiting.append((child, copy.deepcopy(self._cache) if n else self._cache))


def read(model: PreTrainedModel, ids: Sequence[int], cache: Any) -> tuple[torch.Tensor, Any]:
    """Return the states of tokens behind those of a cache, shape (time, hidden), and the cache with them.

    Args:
        model: The model.
        ids: The tokens.
        cache: What was returned before, which is changed; None at the beginning.
    """
    if cache is not None and len(ids) > 1 and model.config.model_type in STEPWISE:
        states = []
        for token in ids:
            own, cache = read(model, [token], cache)
            states.append(own)
        return torch.cat(states), cache
    decoder = model.get_decoder()
    name = next(own for own in CACHES if own in signature(decoder.forward).parameters)
    found = decoder(input_ids=torch.tensor([list(ids)], device=model.device), use_cache=True, **{name: cache})
    return found.last_hidden_state[0], found[name]
