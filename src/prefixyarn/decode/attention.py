"""Attention in two parts: a prompt's keys and values are held once, and a row holds only its own part behind them.

The idea is Hydragen's (arXiv 2402.05099): rows that share a prompt ask it together. Their scores against the prompt are
one matrix product, those against their own parts a small batched one; one softmax goes over both, and two products with
the values follow. So a step reads each prompt once, not once a row. With few key heads, all query heads of such a head
ask together as well, and keys are never repeated.

All tokens of a forward pass lie after one another in one sequence, shape (1, time): rows with one new token, rows with
several (a prior, the given text of a constraint), and whole prompts, which have no prompt before them. Nothing is
padded but the small tensors of attention itself. `Layout` says which token belongs where. Models of ``transformers``
reach this through its attention interface; families that do not use it, or do more than it says, get the same through a
mask (`Layout.flat`). `prefixyarn.models.families` says which.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from prefixyarn.decode.kv_cache import Store, window_of
from prefixyarn.errors import InputError

NAME = "prefixyarn_two_part"


@dataclass(frozen=True)
class Groups:
    """Tokens in groups, those of a row or of a prompt, as a rectangle.

    Attributes:
        tokens: The tokens of each group, shape (groups, width); where a group has fewer, token 0 fills in.
        cells: Where each token lies in the flattened rectangle, shape (time,); None where groups have one token each
            and are in the order of tokens, so that there is nothing to rearrange.
    """

    tokens: torch.Tensor
    cells: torch.Tensor | None

    def spread(self, states: torch.Tensor) -> torch.Tensor:
        """Return states of tokens, shape (time, …), by group: (groups, width, …)."""
        return states[:, None] if self.cells is None else states[self.tokens]

    def collect(self, states: torch.Tensor) -> torch.Tensor:
        """Return what `spread` took apart, in the order of the tokens: (groups, width, …) -> (time, …)."""
        return states[:, 0] if self.cells is None else states.flatten(0, 1)[self.cells]

    def to(self, device: torch.device) -> Groups:
        """Return the same on a device."""
        return Groups(self.tokens.to(device), None if self.cells is None else self.cells.to(device))


def arrange(groups: np.ndarray, number: int, width: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return the tokens and cells of `Groups`.

    Args:
        groups: The group of each token.
        number: How many groups there are.
        width: At least so wide.
    """
    counts = np.bincount(groups, minlength=number)
    width = max(width, counts.max())
    order = np.argsort(groups, kind="stable")
    rank = np.empty_like(groups)
    rank[order] = np.arange(len(groups)) - np.repeat(np.cumsum(counts) - counts, counts)
    cells = groups * width + rank
    tokens = np.zeros(number * width, dtype=np.int64)
    tokens[cells] = np.arange(len(groups))
    return tokens.reshape(number, width), cells


@dataclass
class Layout:
    """Where the tokens of one forward pass belong. Index tensors are int64, shape (time,) each.

    Attributes:
        own: The store that the tokens' keys and values are written to: that of rows, or of prompts being read.
        rows: The row of each token there.
        places: Its place in the row.
        by_row: Tokens by row.
        reach: How many places of the own part are read.
        prompts: The store of prompts; None while prompts are read.
        slots: The slot there of each token's prompt.
        behind: The length of each token's prompt.
        by_prompt: Tokens by slot, the first ones up to the last in use.
    """

    own: Store
    rows: torch.Tensor
    places: torch.Tensor
    by_row: Groups
    reach: int
    prompts: Store | None
    slots: torch.Tensor
    behind: torch.Tensor
    by_prompt: Groups
    _seen: dict[int | None, torch.Tensor] = field(default_factory=dict)
    _unseen: dict[int | None, torch.Tensor] = field(default_factory=dict)
    _elsewhere: dict[torch.device, Layout] = field(default_factory=dict)

    @property
    def positions(self) -> torch.Tensor:
        """The position of each token in its whole sequence."""
        return self.places + self.behind

    def on(self, device: torch.device) -> Layout:
        """Return the same on the device of a layer; the layers of a large model are spread over several."""
        if self.places.device == device:
            return self
        if device not in self._elsewhere:
            self._elsewhere[device] = Layout(
                own=self.own,
                rows=self.rows.to(device),
                places=self.places.to(device),
                by_row=self.by_row.to(device),
                reach=self.reach,
                prompts=self.prompts,
                slots=self.slots.to(device),
                behind=self.behind.to(device),
                by_prompt=self.by_prompt.to(device),
            )
        return self._elsewhere[device]

    def attend(self, window: int | None) -> torch.Tensor:
        """Return what each token sees: first the prompt's places, then its own row's up to itself.

        Args:
            window: How far back a token sees, itself included; None for all the way.

        Returns:
            True where it does, shape (time, places of a prompt + reach).
        """
        if window not in self._seen:
            places = self.places[:, None]
            own = torch.arange(self.reach, device=places.device)
            seen = own <= places
            if window:
                seen &= places - own < window
            if self.prompts:
                given, behind = torch.arange(self.prompts.length, device=places.device), self.behind[:, None]
                before = given < behind
                if window:
                    before = before & (behind + places - given < window)
                seen = torch.cat([before, seen], -1)
            self._seen[window] = seen
        return self._seen[window]

    def unseen(self, window: int | None) -> torch.Tensor:
        """Return the opposite of `attend`, for all heads: shape (time, 1, places of a prompt + reach)."""
        if window not in self._unseen:
            self._unseen[window] = ~self.attend(window)[:, None]
        return self._unseen[window]

    def flat(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what each token sees, and how far back, of all rows and prompts after one another.

        For models that take keys and values as they come from the cache: `Store.flat` of prompts, then of rows. Most of
        what is there belongs to others; so this is for few rows.

        Returns:
            Shape (1, time, places) each.
        """
        parts = [self._flat_part(len(self.by_row.tokens), self.reach, self.rows, self.places, self.behind)]
        if self.prompts:
            slots, nothing = len(self.by_prompt.tokens), torch.zeros_like(self.behind)
            parts.insert(0, self._flat_part(slots, self.prompts.length, self.slots, self.behind - 1, nothing))
        seen, distance = (torch.cat(own, -1)[None] for own in zip(*parts, strict=True))
        return seen, distance

    def _flat_part(
        self, groups: int, length: int, mine: torch.Tensor, last: torch.Tensor, before: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return `flat` of one store: which group is each token's, the last place it sees, what lies before place 0."""
        place = torch.arange(length, device=mine.device).repeat(groups)
        group = torch.arange(groups, device=mine.device).repeat_interleave(length)
        seen = (group == mine[:, None]) & (place <= last[:, None])
        return seen, self.positions[:, None] - (place + before[:, None])


_layout: ContextVar[Layout | None] = ContextVar("layout", default=None)


@contextmanager
def attending(decoder: Any, layout: Layout) -> Iterator[None]:
    """Make a decoder's attention follow a layout."""
    config, before = decoder.config, decoder.config._attn_implementation
    token = _layout.set(layout)
    config._attn_implementation = NAME
    try:
        yield
    finally:
        config._attn_implementation = before
        _layout.reset(token)


def _scores(query: torch.Tensor, keys: torch.Tensor, groups: Groups, scaling: float) -> torch.Tensor:
    """Return scaled products of queries (time, heads, d) with keys (groups, key heads, places, d).

    Shape (time, heads, places).
    """
    number, kv_heads, places, _ = keys.shape
    heads, d = query.shape[1:]
    spread = groups.spread(query)  # (groups, width, heads, d)
    width = spread.shape[1]
    asking = spread.view(number, width, kv_heads, -1, d).transpose(1, 2).reshape(number * kv_heads, -1, d)
    # The scale within the product, before half precision rounds it.
    nothing = query.new_empty(1)
    found = torch.baddbmm(nothing, asking, keys.reshape(-1, places, d).transpose(1, 2), beta=0, alpha=scaling)
    found = found.view(number, kv_heads, width, -1, places).transpose(1, 2).reshape(number, width, heads, places)
    return groups.collect(found)


def _weighted(weights: torch.Tensor, values: torch.Tensor, groups: Groups) -> torch.Tensor:
    """Return sums of values (groups, key heads, places, d) by weights (time, heads, places): (time, heads, d)."""
    number, kv_heads, places, d = values.shape
    heads = weights.shape[1]
    spread = groups.spread(weights)
    width = spread.shape[1]
    own = spread.view(number, width, kv_heads, -1, places).transpose(1, 2).reshape(number * kv_heads, -1, places)
    found = torch.bmm(own, values.reshape(-1, places, d)).view(number, kv_heads, width, -1, d)
    return groups.collect(found.transpose(1, 2).reshape(number, width, heads, d))


def two_part(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    softcap: float | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attend as the pass's `Layout` says; a function of ``transformers``' attention interface.

    Args:
        module: The attention layer.
        query: Shape (1, heads, time, d).
        key: The rows' own parts, as `KVCache.update` returns them: (rows, key heads, reach, d).
        value: Likewise.
        attention_mask: Not used: the layout knows.
        scaling: Of scores; by default one over the root of d.
        dropout: Not used: nothing is trained.
        softcap: Scores are capped at it (Gemma 2, arXiv 2408.00118, section 2).
        kwargs: Others' options. How far back the layer sees is taken from the configuration: not every family tells.

    Returns:
        Shape (1, time, heads, d), and no weights.

    Raises:
        InputError: The family adds something to scores that is not known here.
    """
    if unknown := [name for name in ("s_aux", "position_bias") if kwargs.get(name) is not None]:
        raise InputError(f"the built-in engine does not know what {type(module).__name__} does with {unknown[0]}")
    layout = _layout.get()
    assert layout is not None
    window = window_of(module.config, module.layer_idx)
    layout, asking = layout.on(query.device), query[0].transpose(0, 1)
    scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
    if layout.prompts is None and softcap is None:
        return _reading(asking, key, value, layout.by_row, layout.attend(window), scaling)[None], None
    scores = _scores(asking, key, layout.by_row, scaling)
    if layout.prompts:
        slots = len(layout.by_prompt.tokens)
        given, content = (s[:slots] for s in layout.prompts.layer(module.layer_idx))
        scores = torch.cat([_scores(asking, given, layout.by_prompt, scaling), scores], -1)
    if softcap is not None:
        scores = torch.tanh(scores / softcap) * softcap
    scores.masked_fill_(layout.unseen(window), torch.finfo(scores.dtype).min)
    weights = torch.softmax(scores, -1, dtype=torch.float32).to(value.dtype)
    out = _weighted(weights[..., -layout.reach :], value, layout.by_row)
    if layout.prompts:
        out = out + _weighted(weights[..., : -layout.reach], content, layout.by_prompt)
    return out[None], None


def _reading(
    asking: torch.Tensor, key: torch.Tensor, value: torch.Tensor, groups: Groups, seen: torch.Tensor, scaling: float
) -> torch.Tensor:
    """Attend within rows alone, many tokens each, by torch's own attention: (time, heads, d)."""
    sharing = asking.shape[1] // key.shape[1]
    if sharing > 1:  # heads repeated: with a mask, torch has no fast way that shares them
        key, value = (own[:, :, None].expand(-1, -1, sharing, -1, -1).flatten(1, 2) for own in (key, value))
    out = torch.nn.functional.scaled_dot_product_attention(
        groups.spread(asking).transpose(1, 2), key, value, attn_mask=groups.spread(seen)[:, None], scale=scaling
    )
    return groups.collect(out.transpose(1, 2))


ALL_ATTENTION_FUNCTIONS.register(NAME, two_part)
