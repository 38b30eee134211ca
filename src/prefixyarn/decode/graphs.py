"""Steps on a GPU from CUDA graphs: the GPU need not wait for Python.

A step of a small model takes as long as launching its few thousand kernels, 33 to 51 ms whatever the batch. A captured
step is launched at once. A capture has fixed shapes and addresses: so numbers of rows and prompts and the reach are
rounded up, and what a step is told lies in one buffer that each step overwrites. What is rounded up computes with room
that nobody reads. All captures share one memory pool: their states are read before the next step is launched.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel

from prefixyarn.decode.attention import Groups, Layout, arrange
from prefixyarn.decode.kv_cache import Store

MOST = 64  # captures at a time
# Rows times parameters from which on a step takes so long that launching it does not matter: 40 ms and more.
LARGE = 6e12

Run = Callable[[torch.Tensor, Layout], torch.Tensor]
Replay = Callable[[], torch.Tensor]


def usable(model: PreTrainedModel) -> bool:
    """Return whether a model's steps can be captured: it is on one GPU."""
    devices = {parameter.device for parameter in model.parameters()}
    return len(devices) == 1 and model.device.type == "cuda"


def rounded(n: int, step: int, most: int) -> int:
    """Return the size of a capture for n: a power of two up to ``step``, then multiples of it; at most ``most``."""
    size = 1 << (n - 1).bit_length() if n <= step else -(-n // step) * step
    return min(size, most)


def captured(step: Replay, pool: Any) -> Replay:
    """Return what replays a step from a CUDA graph; its result is overwritten by the next replay of any."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, pool=pool):
        states = step()

    def replay() -> torch.Tensor:
        graph.replay()
        return states

    return replay


@dataclass
class _Capture:
    """A step of one shape: what it is told, on the host and where it reads it, what runs it, and what replays it.

    The first time it is run as it is, which sets up what libraries and stores need; it is captured the second time.
    """

    told: torch.Tensor
    buffer: torch.Tensor
    step: Replay
    seen: bool = False
    replay: Replay | None = None


class Graphs:
    """The captures of one batch, by shape."""

    def __init__(self, run: Run, own: Store, prompts: Store, device: torch.device) -> None:
        """Take what all steps have in common.

        Args:
            run: What runs the model over tokens with a layout.
            own: The store of rows.
            prompts: The store of prompts.
            device: Where the model is.
        """
        self._run, self._own, self._prompts, self._device = run, own, prompts, device
        self._captures: dict[tuple[int, int, int, int], _Capture] = {}
        # A capture reads where its inputs were: all live as long as it does.
        self._in_order = torch.arange(own.rows, device=device)
        self._pool = torch.cuda.graph_pool_handle() if device.type == "cuda" else None

    def step(
        self, ids: Sequence[int], places: Sequence[int], slots: Sequence[int], behind: Sequence[int], used: int
    ) -> torch.Tensor:
        """Run a step of rows with one new token each; return their states, shape (rows, hidden), until the next step.

        Args:
            ids: The new token of each row.
            places: Where it goes.
            slots: The slot of the row's prompt.
            behind: The length of the row's prompt.
            used: How many slots are in use.
        """
        n = len(ids)
        rows = rounded(n, 64, self._own.rows)
        groups = rounded(used, 16, self._prompts.rows)
        width = rounded(int(np.bincount(slots).max()), 8, rows)
        reach = min(-(-(max(places) + 1) // 32) * 32, self._own.length)
        tokens, cells = arrange(np.array(slots), groups, width)
        inputs = np.zeros((5, rows), dtype=np.int64)
        inputs[:, :n] = ids, places, slots, behind, cells
        packed = torch.from_numpy(np.concatenate([inputs.ravel(), tokens.ravel()]))
        key = rows, groups, width, reach
        if key not in self._captures:
            if len(self._captures) == MOST:  # each takes some of the GPU's memory
                self._captures.pop(next(iter(self._captures)))
            self._captures[key] = self._prepare(packed, *key)
        own = self._captures[key]
        own.told.copy_(packed)
        own.buffer.copy_(own.told, non_blocking=True)
        if not own.seen:
            own.seen = True
            return own.step()[:n]
        if own.replay is None:
            own.replay = self._captured(own.step)
        return own.replay()[:n]

    def _captured(self, step: Replay) -> Replay:
        try:
            return captured(step, self._pool)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:  # a family may do what cannot be captured, such as wait for the GPU
            logging.warning("a step could not be captured as a CUDA graph, and runs without: %s", error)
            return step

    def _prepare(self, packed: torch.Tensor, rows: int, groups: int, width: int, reach: int) -> _Capture:
        told, buffer = packed.clone(), packed.to(self._device, copy=True)
        if self._device.type == "cuda":
            told = told.pin_memory()
        ids, places, slots, behind, cells = buffer[: 5 * rows].view(5, rows)
        in_order, run, own, prompts = self._in_order[:rows], self._run, self._own, self._prompts

        def step() -> torch.Tensor:  # without self: in a circle, the captures would keep their memory beyond their end
            layout = Layout(
                own=own,
                rows=in_order,
                places=places,
                by_row=Groups(in_order[:, None], None),
                reach=reach,
                prompts=prompts,
                slots=slots,
                behind=behind,
                by_prompt=Groups(buffer[5 * rows :].view(groups, width), cells),
            )
            return run(ids, layout)

        return _Capture(told, buffer, step)
