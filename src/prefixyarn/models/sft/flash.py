"""Attention within sequences that lie after one another in one row, by torch's flash attention for such rows.

A mask over a whole row costs the square of its length; this costs the sum of the sequences' squares, and no memory. It
needs a GPU and half precision. Elsewhere `prefixyarn.models.sft.loss` makes the mask.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.attention.varlen import varlen_attn
from transformers import PreTrainedModel
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from prefixyarn.decode.kv_cache import widest_head, window_of
from prefixyarn.models.families import BATCH, way

NAME = "prefixyarn_packed"
WIDEST = 256  # dimensions of a head that the kernel knows


@dataclass
class Packed:
    """A row of sequences.

    Attributes:
        ends: By device, where each begins and the last ends, shape (sequences + 1,).
        longest: Tokens of the longest.
        dtype: The half precision that they are computed in.
    """

    ends: dict[torch.device, torch.Tensor]
    longest: int
    dtype: torch.dtype

    def on(self, device: torch.device) -> torch.Tensor:
        """Return the ends on the device of a layer; the layers of a large model are spread over several."""
        if device not in self.ends:
            self.ends[device] = next(iter(self.ends.values())).to(device)
        return self.ends[device]


# No context variable: layers that are computed again for their gradient are so in a thread of autograd's.
_packed: list[Packed] = []


def fits(model: PreTrainedModel) -> bool:
    """Return whether a model attends so: on a GPU in half precision, with a usual attention and no cap on scores."""
    config = model.config
    if model.device.type != "cuda" or model.dtype == torch.float32 or torch.cuda.get_device_capability() < (8, 0):
        return False
    return way(config) == BATCH and config._attn_implementation == "sdpa" and widest_head(config) <= WIDEST


@contextmanager
def packed(model: PreTrainedModel, lengths: Sequence[int]) -> Iterator[None]:
    """Make a model's attention keep within sequences of these lengths, in forward passes and their gradients."""
    config, before = model.config, model.config._attn_implementation
    ends = torch.tensor([0, *lengths]).cumsum(0).to(torch.int32).to(model.device)
    _packed.append(Packed({ends.device: ends}, max(lengths), model.dtype))
    config._attn_implementation = NAME
    try:
        yield
    finally:
        config._attn_implementation = before
        _packed.pop()


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attend within the sequences of the row; a function of ``transformers``' attention interface.

    Args:
        module: The attention layer.
        query: Shape (1, heads, time, d).
        key: Shape (1, key heads, time, d).
        value: Likewise.
        attention_mask: Not used: `packed` says what belongs together.
        scaling: Of scores; by default one over the root of d.
        kwargs: Others' options. How far back the layer sees is taken from the configuration: not every family tells.

    Returns:
        Shape (1, time, heads, d), and no weights.
    """
    row = _packed[-1]
    ends, window = row.on(query.device), window_of(module.config, module.layer_idx)
    # Norms of queries and keys may give fp32 where what is trained is multiplied in half precision.
    asking, keys, values = (own[0].transpose(0, 1).to(row.dtype) for own in (query, key, value))
    out = varlen_attn(
        *(asking, keys, values, ends, ends, row.longest, row.longest),
        scale=scaling,
        window_size=(window - 1 if window else -1, 0),
        enable_gqa=asking.shape[1] != keys.shape[1],
    )
    return out[None], None


ALL_ATTENTION_FUNCTIONS.register(NAME, attend)
