"""Progress of long work as plain lines, which read well in a terminal, a log file and a cluster's output."""

from __future__ import annotations

import logging
import sys
import time

SECONDS_BETWEEN_LINES = 10.0
GPU_MEMORY = "most memory of a GPU:"  # in a job's log, before GB; `prefixyarn.pilot` reads it


class Progress:
    """Counts finished pieces of work and logs, every ten seconds, how many, the rate and the time left."""

    def __init__(self, what: str, total: int, unit: str) -> None:
        """Start the clock; ``what`` begins each line, ``unit`` is the plural of what is counted."""
        self.what, self.total, self.unit = what, total, unit
        self.count = 0
        self.start = self.last = time.monotonic()

    def __call__(self, finished: int) -> None:
        """Count ``finished`` more pieces."""
        self.count += finished
        now = time.monotonic()
        if now - self.last >= SECONDS_BETWEEN_LINES or self.count == self.total:
            self.last = now
            rate = self.count / max(now - self.start, 1e-9)
            left = (self.total - self.count) / rate if rate else 0.0
            logging.info(
                "%s: %d of %d %s, %.1f/s, %d:%02d left",
                *(self.what, self.count, self.total, self.unit, rate, left // 60, left % 60),
            )


def log_gpu_memory() -> None:
    """Log the most memory that this process held on a GPU, if it used any."""
    torch = sys.modules.get("torch")  # jobs without a model do not wait for it
    if torch and torch.cuda.is_initialized():
        most = max(torch.cuda.max_memory_reserved(gpu) for gpu in range(torch.cuda.device_count()))
        logging.info("%s %.1f GB", GPU_MEMORY, most / 2**30)
