"""Clock, memory, and what plain products and copies take: what the benchmarks have in common."""

from __future__ import annotations

import resource
import time
from collections.abc import Sequence

import torch


def now() -> float:
    """Return the time in seconds, all work given to a GPU done."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def peak_mb() -> float:
    """Return the peak memory in MB: on a GPU of tensors there, else of this process."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def linears(module: torch.nn.Module) -> list[torch.nn.Linear]:
    """Return all linear layers of a module."""
    return [m for m in module.modules() if isinstance(m, torch.nn.Linear)]


@torch.inference_mode()
def product_seconds(weights: Sequence[torch.Tensor], rows: int, passes: int = 5) -> float:
    """Return the seconds of plain products of so many rows with weights, one after the other: of the best pass.

    In a row, as in the model, so that each weight has to be read from memory: the same one again would lie in a cache.
    """
    own = {"dtype": weights[0].dtype, "device": weights[0].device}
    states = {size: torch.randn(rows, size, **own) for size in {weight.shape[1] for weight in weights}}
    best = float("inf")
    for _ in range(passes):
        start = now()
        for weight in weights:
            torch.nn.functional.linear(states[weight.shape[1]], weight)
        best = min(best, now() - start)
    return best


@torch.inference_mode()
def copy_rate(device: torch.device, size: int) -> float:
    """Return the bytes a second, read and written, of copying so many bytes on a device: of the best of five."""
    source = torch.ones(size, dtype=torch.uint8, device=device)
    target, best = torch.empty_like(source), float("inf")
    for _ in range(5):
        start = now()
        target.copy_(source)
        best = min(best, now() - start)
    return 2 * size / best
