"""Keys and values of prompts and of rows, each in its place.

``transformers``' own caches grow by copying everything at each step, and give all rows one length. In a `Store` a row
has room of a fixed size and a length of its own: a pass writes new places, and the rest is read where it lies. The rows
in use are always the first, so what attention reads is a view. There are two stores, one of prompts and one of what
rows have behind their prompt; `prefixyarn.decode.attention` reads both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.cache_utils import Cache, DynamicLayer

from prefixyarn.errors import InputError

if TYPE_CHECKING:
    from prefixyarn.decode.attention import Layout

Mask: TypeAlias = torch.Tensor | dict[str, torch.Tensor]


class Store:
    """Keys and values of rows. Nothing is reserved until it is written: tensors are made layer by layer.

    Args:
        rows: Number of rows.
        length: Places of a row.
    """

    def __init__(self, rows: int, length: int) -> None:
        """Make an empty one."""
        self.rows, self.length = rows, length
        self._keys: dict[int, torch.Tensor] = {}  # by layer, shape (rows, key heads, length, head dimension)
        self._values: dict[int, torch.Tensor] = {}

    def layer(self, layer: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the keys and values of a layer, shape (rows, key heads, length, head dimension)."""
        return self._keys[layer], self._values[layer]

    def write(
        self, layer: int, keys: torch.Tensor, values: torch.Tensor, rows: torch.Tensor, places: torch.Tensor
    ) -> None:
        """Store tokens' keys and values, shape (1, key heads, time, head dimension), at their rows and places."""
        for own, states in ((self._keys, keys), (self._values, values)):
            if layer not in own:
                own[layer] = self._room(states)
            own[layer][rows, :, places] = states[0].transpose(0, 1)

    def copy(self, sources: Sequence[int], targets: Sequence[int], length: int) -> None:
        """Copy the first ``length`` places of some rows to others, none of which is a source as well."""
        self.take(self, sources, targets, length)

    def take(self, other: Store, sources: Sequence[int], targets: Sequence[int], length: int) -> None:
        """Copy the first ``length`` places of some rows of another store."""
        indices: dict[torch.device, tuple[torch.Tensor, torch.Tensor]] = {}
        for own, others in ((self._keys, other._keys), (self._values, other._values)):
            for layer, states in others.items():
                if layer not in own:
                    own[layer] = self._room(states)
                if states.device not in indices:
                    both = torch.tensor([list(sources), list(targets)], device=states.device)
                    indices[states.device] = both[0], both[1]
                source, target = indices[states.device]
                own[layer][target, :, :length] = states[source, :, :length]

    def flat(self, layer: int, rows: int, length: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the first places of the first rows after one another: (1, key heads, rows · length, dimension)."""
        keys, values = (
            own[layer][:rows, :, :length].transpose(0, 1).flatten(1, 2)[None] for own in (self._keys, self._values)
        )
        return keys, values

    def _room(self, states: torch.Tensor) -> torch.Tensor:
        """Return room for a layer with the heads and dimensions of some states."""
        # Zeros: what was never written is masked, but a weight of 0 times NaN would still be NaN.
        return states.new_zeros(self.rows, states.shape[1], self.length, states.shape[3])


class KVCache(Cache):
    """What a model sees of the stores in one forward pass: it hands over new keys and values, and gets what it reads.

    Args:
        layout: Where the pass's tokens belong.
        flat: Whether the model gets all rows and prompts after one another (see `Layout.flat`).
    """

    def __init__(self, layout: Layout, flat: bool) -> None:
        """Take a pass's layout."""
        super().__init__(layer_class_to_replicate=DynamicLayer)
        self._layout, self._flat = layout, flat

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, layer_idx: int, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Store a layer's keys and values, shape (1, key heads, time, head dimension); return those to attend to.

        These are the rows' own parts, shape (rows, key heads, reach, head dimension), or everything, see `Store.flat`.
        """
        layout = self._layout.on(key_states.device)
        layout.own.write(layer_idx, key_states, value_states, layout.rows, layout.places)
        rows = len(layout.by_row.tokens)
        if not self._flat:
            keys, values = layout.own.layer(layer_idx)
            return keys[:rows, :, : layout.reach], values[:rows, :, : layout.reach]
        parts = [layout.own.flat(layer_idx, rows, layout.reach)]
        if layout.prompts:
            parts.insert(0, layout.prompts.flat(layer_idx, len(layout.by_prompt.tokens), layout.prompts.length))
        keys, values = (torch.cat(own, 2) for own in zip(*parts, strict=True))
        return keys, values


def masks(model: PreTrainedModel, attend: torch.Tensor, distance: torch.Tensor) -> Mask:
    """Return a model's attention masks, for models with full, sliding-window or both kinds of layers.

    Eager attention adds its mask to scores, so it gets zeros and the least number; torch's own takes true and false.

    Args:
        model: The model.
        attend: Which position each token may see at all, shape (batch, time, positions).
        distance: How far back each position lies from each token, the same shape or one that broadcasts.
    """
    config, full = model.config, attend[:, None]
    window = getattr(config, "sliding_window", None)
    sliding = full & (distance < window)[:, None] if window else full
    if config._attn_implementation == "eager":
        nothing, least = torch.zeros((), dtype=model.dtype, device=full.device), torch.finfo(model.dtype).min
        full, sliding = (torch.where(own, nothing, least) for own in (full, sliding))
    if getattr(config, "layer_types", None):
        return {"full_attention": full, "sliding_attention": sliding}
    return sliding  # without a list, all layers have the window, if there is one (Mistral)


def widest_head(config: PreTrainedConfig) -> int:
    """Return the dimensions of an attention head; of the widest, where layers differ."""
    usual = config.hidden_size // config.num_attention_heads
    return max(getattr(layer, "head_dim", None) or usual for layer in config.per_layer_config)


def free_bytes(gpu: torch.device) -> int:
    """Return the bytes that tensors can still take on a GPU: what is free, and what torch holds unused."""
    free, _ = torch.cuda.mem_get_info(gpu)
    return int(free + torch.cuda.memory_reserved(gpu) - torch.cuda.memory_allocated(gpu))


def window_of(config: PreTrainedConfig, layer: int) -> int | None:
    """Return how far back a layer sees, itself included; None for all the way. As `masks` has it.

    Raises:
        InputError: The layer is of a kind that is not known here.
    """
    window: int | None = getattr(config, "sliding_window", None)
    types = getattr(config, "layer_types", None)
    if not types:
        return window
    if types[layer] not in ("full_attention", "sliding_attention"):
        raise InputError(f"the built-in engine does not know attention of the kind {types[layer]!r}")
    return window if types[layer] == "sliding_attention" else None
