"""Keys and values of the rows that are decoded side by side, in slots that keep their place.

``transformers``' own caches grow by copying everything at each step, and give all rows one length. Here a row has a
slot of fixed size and a length of its own: a step writes one position per row and reads the rest where it lies. The
rows in use are always the first slots, so what attention reads is a view.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch
from transformers import PreTrainedConfig
from transformers.cache_utils import Cache, DynamicLayer

Mask: TypeAlias = torch.Tensor | dict[str, torch.Tensor]


class Slots(Cache):
    """A cache for one model.

    Args:
        rows: Number of slots.
        length: Positions in a slot.
    """

    def __init__(self, rows: int, length: int) -> None:
        """Reserve nothing yet: tensors are made layer by layer when first written."""
        super().__init__(layer_class_to_replicate=DynamicLayer)
        self.rows, self.length = rows, length
        self._keys: dict[int, torch.Tensor] = {}  # by layer, shape (rows, heads, length, head dimension)
        self._values: dict[int, torch.Tensor] = {}
        self._first = 0  # slot of the batch's first row
        self._places: torch.Tensor | None = None  # position that each row of the batch writes; None while prefilling
        self._reach = 0  # positions that attention reads

    def prefilling(self, first: int) -> None:
        """Make the next forward pass write whole prompts, from position 0, into the slots from ``first`` on."""
        self._first, self._places = first, None

    def stepping(self, places: torch.Tensor, reach: int) -> None:
        """Make the next forward pass write one token into each of the first slots, and read ``reach`` positions."""
        self._first, self._places, self._reach = 0, places, reach

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, layer_idx: int, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Store a layer's keys and values, shape (batch, heads, time, head dimension); return those to attend to."""
        if layer_idx not in self._keys:
            for store, states in ((self._keys, key_states), (self._values, value_states)):
                # Zeros: what was never written is masked, but a weight of 0 times NaN would still be NaN.
                store[layer_idx] = states.new_zeros(self.rows, states.shape[1], self.length, states.shape[3])
        keys, values = self._keys[layer_idx], self._values[layer_idx]
        n, time = key_states.shape[0], key_states.shape[2]
        own = slice(self._first, self._first + n)
        if self._places is None:
            keys[own, :, :time], values[own, :, :time] = key_states, value_states
            return key_states, value_states
        index = torch.arange(n, device=keys.device)
        places = self._places.to(keys.device)
        keys[index, :, places], values[index, :, places] = key_states[:, :, 0], value_states[:, :, 0]
        return keys[own, :, : self._reach], values[own, :, : self._reach]

    def copy(self, sources: Sequence[int], targets: Sequence[int], length: int) -> None:
        """Copy the first ``length`` positions of some slots to others, none of which is a source as well."""
        for store in (self._keys, self._values):
            for states in store.values():
                states[targets, :, :length] = states[sources, :, :length]


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
