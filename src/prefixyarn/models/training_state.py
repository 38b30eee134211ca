"""The file that a killed training resumes from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from prefixyarn.writing import atomic


def save_state(path: Path, key: str, state: Mapping[str, Any]) -> None:
    """Write the state of the training that a key identifies: tensors and numbers by name."""
    with atomic(path, "wb") as stream:
        torch.save({"key": key, **state}, stream)


def load_state(path: Path, key: str) -> dict[str, Any] | None:
    """Return what was written of the same training, on the CPU; None where there is nothing, or another's."""
    saved: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu") if path.exists() else {}
    return saved if saved.pop("key", None) == key else None
