"""Keys and values of the rows that are decoded side by side, each in its place.

``transformers``' own caches grow by copying everything at each step, and give all rows one length. Here a row has room
of a fixed size and a length of its own: a step writes one position per row and reads the rest where it lies. The rows
in use are always the first, so what attention reads is a view.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch
from transformers import PreTrainedConfig
from transformers.cache_utils import Cache, DynamicLayer

Mask: TypeAlias = torch.Tensor | dict[str, torch.Tensor]


class KVCache(Cache):
    """A cache for one model.

    Args:
        rows: Number of rows.
        length: Positions of a row.
    """

    def __init__(self, rows: int, length: int) -> None:
        """Reserve nothing yet: tensors are made layer by layer when first written."""
        super().__init__(layer_class_to_replicate=DynamicLayer)
        self.rows, self.length = rows, length
        self._keys: dict[int, torch.Tensor] = {}  # by layer, shape (rows, heads, length, head dimension)
        self._values: dict[int, torch.Tensor] = {}
        self._places: torch.Tensor | None = None  # position that each row of the batch writes; None while prefilling
        self._reach = 0  # positions that attention reads

    def stepping(self, places: torch.Tensor, reach: int) -> None:
        """Make forward passes write one token into each of the first rows, and read ``reach`` positions.

        Until this is called, they write whole prompts, from position 0.
        """
        self._places, self._reach = places, reach

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, layer_idx: int, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Store a layer's keys and values, shape (batch, heads, time, head dimension); return those to attend to."""
        if layer_idx not in self._keys:
            self._keys[layer_idx], self._values[layer_idx] = self._room(key_states), self._room(value_states)
        keys, values = self._keys[layer_idx], self._values[layer_idx]
        n, time = key_states.shape[0], key_states.shape[2]
        if self._places is None:
            keys[:n, :, :time], values[:n, :, :time] = key_states, value_states
            return key_states, value_states
        index = torch.arange(n, device=keys.device)
        places = self._places.to(keys.device)
        keys[index, :, places], values[index, :, places] = key_states[:, :, 0], value_states[:, :, 0]
        return keys[:n, :, : self._reach], values[:n, :, : self._reach]

    def copy(self, sources: Sequence[int], targets: Sequence[int], length: int) -> None:
        """Copy the first ``length`` positions of some rows to others, none of which is a source as well."""
        self.take(self, sources, targets, length)

    def take(self, other: KVCache, sources: Sequence[int], targets: Sequence[int], length: int) -> None:
        """Copy the first ``length`` positions of some rows of another cache."""
        for own, others in ((self._keys, other._keys), (self._values, other._values)):
            for layer, states in others.items():
                if layer not in own:
                    own[layer] = self._room(states)
                own[layer][targets, :, :length] = states[sources, :, :length]

    def _room(self, states: torch.Tensor) -> torch.Tensor:
        """Return room for a layer with the heads and dimensions of some states."""
        # Zeros: what was never written is masked, but a weight of 0 times NaN would still be NaN.
        return states.new_zeros(self.rows, states.shape[1], self.length, states.shape[3])


def masks(config: PreTrainedConfig, attend: torch.Tensor, distance: torch.Tensor) -> Mask:
    """Return a model's attention masks, for models with full, sliding-window or both kinds of layers.

    Args:
        config: The model's configuration.
        attend: Which position each token may see at all, shape (batch, time, positions).
        distance: How far back each position lies from each token, the same shape or one that broadcasts.
    """
    full = attend[:, None]
    window = getattr(config, "sliding_window", None)
    sliding = full & (distance < window)[:, None] if window else full
    if getattr(config, "layer_types", None):
        return {"full_attention": full, "sliding_attention": sliding}
    return sliding  # without a list, all layers have the window, if there is one (Mistral)
