"""What there is room for: the machine's free memory, and how long a text a model reads."""

from __future__ import annotations

from pathlib import Path

import psutil  # type: ignore[import-untyped]
from transformers import PreTrainedConfig


def free_mb() -> int:
    """Return the memory that is free in MB: the machine's, or what a container's limit (cgroup 2) leaves."""
    free: int = psutil.virtual_memory().available
    limit, used = (Path("/sys/fs/cgroup") / name for name in ("memory.max", "memory.current"))
    if limit.exists() and used.exists() and (most := limit.read_text().strip()).isdigit():
        free = min(free, int(most) - int(used.read_text()))
    return free // 2**20


def positions(config: PreTrainedConfig) -> int | None:
    """Return how many tokens a model reads at most, if its configuration says so."""
    own = config.get_text_config()
    names = ("max_position_embeddings", "max_seq_len", "n_positions", "seq_length")
    return next((getattr(own, name) for name in names if getattr(own, name, None)), None)
