"""What there is room for: the machine's free memory."""

from __future__ import annotations

from pathlib import Path

import psutil  # type: ignore[import-untyped]


def free_mb() -> int:
    """Return the memory that is free in MB: the machine's, or what a container's limit (cgroup 2) leaves."""
    free: int = psutil.virtual_memory().available
    limit, used = (Path("/sys/fs/cgroup") / name for name in ("memory.max", "memory.current"))
    if limit.exists() and used.exists() and (most := limit.read_text().strip()).isdigit():
        free = min(free, int(most) - int(used.read_text()))
    return free // 2**20
