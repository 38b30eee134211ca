"""How a task's answers are decoded."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from tokenizers import Tokenizer

from prefixyarn.decode.forms import Form
from prefixyarn.records import Item


def free_text(item: Item, tokenizer: Tokenizer) -> Form | None:
    """Return None: answers keep to no form."""
    return None


@dataclass(frozen=True)
class Answers:
    """How a task's answers are decoded.

    Attributes:
        form: Returns the form that an item's answers keep to, given the foundation's tokenizer; None for free text.
        telling: Whether pseudo priors translate a source's most telling word, and not its first content word.
    """

    form: Callable[[Item, Tokenizer], Form | None] = free_text
    telling: bool = False


def answers(task: str) -> Answers:
    """Return how a task's answers are decoded, by the task's name."""
    found: Answers = importlib.import_module(f"prefixyarn.tasks.{task}.answers").ANSWERS
    return found
