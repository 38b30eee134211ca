"""The batch: rows that are decoded or scored side by side, with their keys and values in the rows of a cache.

A row is a node of a prompt's tree of priors. Rows that end leave at once, the last rows take their places, and
waiting prompts are prefilled behind them: the batch stays full, and what attention reads stays in one piece.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel

from prefixyarn.decode.backend import Request
from prefixyarn.decode.constraint import Constraint, Ids
from prefixyarn.decode.kv_cache import KVCache, masks

LOGIT_ROWS = 64  # rows whose logits are computed at a time
PREFILL_TOKENS = 512  # most tokens prefilled at a time, padding included


@dataclass
class Row:
    """A row: a prompt, the answer's tokens so far, and the requests that share them, all under the same constraint.

    The last token is not yet in the cache.
    """

    prompt: Ids
    tokens: list[int]
    requests: list[Request]

    @property
    def length(self) -> int:
        """Positions in use in the cache."""
        return len(self.prompt) + max(len(self.tokens) - 1, 0)

    @property
    def constraint(self) -> Constraint | None:
        """The constraint that the row's answers keep to."""
        return self.requests[0].constraint

    @property
    def chooses(self) -> bool:
        """Whether some request has no given token next."""
        return any(len(request.prior) <= len(self.tokens) for request in self.requests)

    @property
    def bound(self) -> int:
        """Most rows that this one can still become: one for each way in which its priors go on."""
        return len({request.prior[len(self.tokens) :] for request in self.requests})

    def branch(self, chosen: int | None) -> list[Row]:
        """Return the rows that this one becomes by one token: given where a prior goes on, else ``chosen``.

        Requests without a given token are left out if nothing is chosen.
        """
        step = len(self.tokens)
        branches: dict[int, list[Request]] = defaultdict(list)
        for request in self.requests:
            token = request.prior[step] if step < len(request.prior) else chosen
            if token is not None:
                branches[token].append(request)
        return [Row(self.prompt, [*self.tokens, token], requests) for token, requests in branches.items()]


class Batch:
    """Rows side by side. Iterating gives them with their last states; then `replace` must say what becomes of them."""

    def __init__(self, model: PreTrainedModel, requests: Sequence[Request], capacity: int, length: int) -> None:
        """Take distinct requests, in the order in which their prompts are to be begun.

        Args:
            model: A causal language model in evaluation mode, with SDPA attention.
            requests: The requests.
            capacity: Most rows side by side.
            length: Positions of a row: the longest prompt and answer together.
        """
        self._model, self._decoder = model, model.get_decoder()
        self._cache, self._capacity = KVCache(capacity, length), capacity
        by_prompt: dict[tuple[Ids, Constraint | None], list[Request]] = defaultdict(list)
        for request in requests:
            by_prompt[request.prompt, request.constraint].append(request)
        # A prompt with more priors than there are rows is begun more than once.
        self._waiting = [
            Row(prompt, [], own[n : n + capacity])
            for (prompt, _), own in by_prompt.items()
            for n in range(0, len(own), capacity)
        ][::-1]
        self._prefilled = KVCache(0, 0)  # prompts that wait for a place, with their keys and values
        self._parked: list[tuple[Row, int, torch.Tensor]] = []  # (row, its place there, its last state), the next last
        self._rows: list[Row] = []
        self._first = 0  # of the rows that were given out last

    def __iter__(self) -> Iterator[tuple[list[Row], torch.Tensor]]:
        """Yield rows, and the last state of each, shape (rows, hidden): new prompts, then all rows by one token."""
        while self._waiting or self._parked or self._rows:
            if not self._parked and self._waiting and self._has_room(self._waiting[-1]):
                self._prefill()
            if self._parked and self._has_room(self._parked[-1][0]):
                yield self._admit()
            elif self._rows:
                self._first = 0
                yield self._rows, self._step()

    def _has_room(self, row: Row) -> bool:
        """Return whether there is room for all that a row can become, beside the rows in use."""
        return sum(own.bound for own in [*self._rows, row]) <= self._capacity

    def _admit(self) -> tuple[list[Row], torch.Tensor]:
        """Take prefilled prompts in, as many as there is room for; return them with their last states."""
        self._first, admitted = len(self._rows), []
        while self._parked and self._has_room(self._parked[-1][0]):
            admitted.append(self._parked.pop())
            self._rows.append(admitted[-1][0])
        rows, sources, states = zip(*admitted, strict=True)
        self._cache.take(
            self._prefilled, sources, range(self._first, len(self._rows)), max(len(row.prompt) for row in rows)
        )
        return list(rows), torch.stack(states)

    def _prefill(self) -> None:
        """Compute the keys and values of the next prompts, as many as are prefilled at a time.

        More than there may be room for: few large matrix products are faster than many small ones.
        """
        rows = [self._waiting.pop()]
        longest = len(rows[0].prompt)
        while self._waiting and (len(rows) + 1) * max(longest, len(self._waiting[-1].prompt)) <= PREFILL_TOKENS:
            rows.append(self._waiting.pop())
            longest = max(longest, len(rows[-1].prompt))
        device = self._model.device
        # Right padding: no token attends to what follows it, and steps overwrite the padding's keys and values.
        ids = torch.tensor([[*row.prompt, *[0] * (longest - len(row.prompt))] for row in rows], device=device)
        positions = torch.arange(longest, device=device)
        distance = positions[:, None] - positions  # (time, positions)
        self._prefilled = KVCache(len(rows), longest)
        expanded = positions.expand(len(rows), -1)
        hidden = self._forward(self._prefilled, ids, expanded, (distance >= 0)[None], distance[None])
        self._parked = [(row, n, hidden[n, len(row.prompt) - 1].clone()) for n, row in enumerate(rows)][::-1]

    def _step(self) -> torch.Tensor:
        device, lengths = self._model.device, [row.length for row in self._rows]
        ids = torch.tensor([[row.tokens[-1]] for row in self._rows], device=device)
        places = torch.tensor(lengths, device=device)
        distance = places[:, None, None] - torch.arange(max(lengths) + 1, device=device)  # (rows, 1, positions)
        self._cache.stepping(places, max(lengths) + 1)
        return self._forward(self._cache, ids, places[:, None], distance >= 0, distance)[:, 0]

    def _forward(
        self, cache: KVCache, ids: torch.Tensor, positions: torch.Tensor, attend: torch.Tensor, distance: torch.Tensor
    ) -> torch.Tensor:
        """Return the last layer's states, shape (rows, time, hidden)."""
        return self._decoder(
            input_ids=ids,
            attention_mask=masks(self._model.config, attend, distance),
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
        ).last_hidden_state

    def replace(self, children: Sequence[Sequence[Row]]) -> None:
        """Put what the rows given out last have become in their place: for each its children, maybe none."""
        free: list[int] = []
        more: list[tuple[int, Row]] = []  # (place of the parent, a child beside its first)
        for place, own in enumerate(children, self._first):
            if own:
                self._rows[place] = own[0]
                more += [(place, child) for child in own[1:]]
            else:
                free.append(place)
        free.reverse()  # the lowest last
        sources, targets = [], []
        for source, child in more:
            sources.append(source)
            targets.append(free.pop() if free else len(self._rows))
            self._rows[targets[-1] :] = [child, *self._rows[targets[-1] + 1 :]]
        while free:
            if free[0] == len(self._rows) - 1:
                free.pop(0)
            else:
                sources.append(len(self._rows) - 1)
                targets.append(free.pop())
                self._rows[targets[-1]] = self._rows[-1]
            self._rows.pop()
        if sources:
            self._cache.copy(sources, targets, max(self._rows[target].length for target in targets))
