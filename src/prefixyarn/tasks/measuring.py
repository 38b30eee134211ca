"""What a task's answers are measured by: alone enough to choose prompts and checkpoints on dev."""

from __future__ import annotations

import importlib

from prefixyarn.metrics.metric import Metric


def metrics(task: str) -> tuple[Metric, ...]:
    """Return a task's metrics, by its name. The first one decides: on dev, and in the overview."""
    found: tuple[Metric, ...] = importlib.import_module(f"prefixyarn.tasks.{task}.metrics").METRICS
    return found
