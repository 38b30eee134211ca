"""How a task is answered."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefixyarn.decode.constraint import Constraint
from prefixyarn.records import Item

if TYPE_CHECKING:
    from tokenizers import Tokenizer

FREE = "free"  # variant of systems that answer in free text where their task constrains answers


def free_text(item: Item, tokenizer: Tokenizer) -> Constraint | None:
    """Return None: answers are not constrained."""
    return None


@dataclass(frozen=True)
class Task:
    """How a task is answered.

    Attributes:
        constraint: Returns what an item's answers are constrained to, given the foundation's tokenizer; None for free
            text.
        salient: Whether pseudo priors translate a source's most salient word, and not its first content word.
    """

    constraint: Callable[[Item, Tokenizer], Constraint | None] = free_text
    salient: bool = False


def task_of(name: str) -> Task:
    """Return how a task is answered, by its name."""
    found: Task = importlib.import_module(f"prefixyarn.tasks.{name}.task").TASK
    return found
