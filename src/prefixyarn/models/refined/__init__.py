"""Refined models: small task models whose first units serve as priors (paper section 3).

Each kind is a module of its name with the same two functions: ``train`` learns all subsets and writes a folder,
``predict`` returns the start of each item's answer. It is imported by name, so that the linear kinds need no torch, and
a change of one kind's code makes no other kind's job run again (its rule names the module, `prefixyarn.code_inputs`).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

from prefixyarn.data.words import TAGGED, cut, words
from prefixyarn.records import Item


class Kind(Protocol):
    """The module of a kind of refined models."""

    def train(
        self,
        train: Mapping[str, Sequence[Item]],
        dev: Mapping[str, Sequence[Item]],
        config: Mapping[str, Any],
        pretrained: str,
        folder: Path,
        state: Path,
    ) -> int:
        """Train a model on all subsets and write it into ``folder``; return the number of its parameters.

        Args:
            train: Training items by subset.
            dev: Dev items by subset.
            config: The kind's settings, and ``seed``.
            pretrained: Folder of the model to start from, for kinds that start from one.
            folder: Where the model goes.
            state: Folder for checkpoints.
        """

    def predict(self, folder: Path, subset: str, items: Sequence[Item], batch: int) -> tuple[list[str], bool]:
        """Return the start of each item's answer, so many items side by side, and whether it is the whole answer."""


def load_kind(kind: str) -> Kind:
    """Return the module of a kind, by the config's name for it."""
    return cast(Kind, importlib.import_module(f"{__name__}.{kind.replace('-', '_')}"))


def first_unit_accuracy(texts: Sequence[str], items: Sequence[Item], code: str) -> float:
    """Return the share of items (0 to 1) whose predicted text has the target's first unit.

    A unit is a word, or a tagged word where the target has such.
    """

    def first(text: str) -> list[str]:
        return [cut(text, code, 1, "tag")] if TAGGED.match(text) else words(text, code)[:1]

    pairs = [(first(text), first(item.target)) for text, item in zip(texts, items, strict=True)]
    return sum(found == wanted for found, wanted in pairs) / len(pairs)
