"""How a task's answers are scored."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prefixyarn.errors import InputError
from prefixyarn.metrics.language_id import LanguageDetector
from prefixyarn.metrics.metric import Metric
from prefixyarn.records import AGAIN, Item, Output, Prediction

ErrorType = bool | float | None


def no_baselines(train: Sequence[Item], items: Sequence[Item]) -> list[Output]:
    """Return no outputs: there is no baseline without a model."""
    return []


def no_notes(config: Mapping[str, Any]) -> list[str]:
    """Return no notes."""
    return []


@dataclass(frozen=True)
class Scores:
    """How a task's answers are scored.

    Attributes:
        metrics: The metrics of its tables. The first one decides: on dev, and in the overview.
        error_types: Takes an item, its output, the language code of the answers and a language detector. Returns what
            is wrong with the output, by fields of `prefixyarn.tables.rows.ScoreRow`: yes or no, a share or a ratio;
            None where it cannot be told.
        error_columns: The types of error whose rates the task's tables show.
        detects: Whether an answer is text whose language can be detected.
        baselines: Takes training items and test items; returns outputs that need no model.
        constant: The model's name, among the baselines, of the best constant answer: a system that is no better knows
            nothing of the task. Empty for none.
        notes: Takes the task's block of the configuration; returns what a reader of its tables must know.
    """

    metrics: tuple[Metric, ...]
    error_types: Callable[[Item, Output, str, LanguageDetector], Mapping[str, ErrorType]]
    error_columns: tuple[str, ...]
    detects: bool = True
    baselines: Callable[[Sequence[Item], Sequence[Item]], list[Output]] = no_baselines
    constant: str = ""
    notes: Callable[[Mapping[str, Any]], list[str]] = no_notes


def all_answers(
    task: Scores,
    decoded: Sequence[Output],
    tuned: Sequence[Sequence[Output]],
    predicted: Sequence[Prediction],
    train: Sequence[Item],
    items: Sequence[Item],
) -> list[Output]:
    """Return all answers to the items of a subset: what the task's tables score and the explorer shows.

    Args:
        task: How the task is scored.
        decoded: The foundation's answers, and those of the SFT model with a prior.
        tuned: Those of SFT models alone, a list a model.
        predicted: What the refined model says; only whole answers count.
        train: Training items, for baselines.
        items: The items.

    Raises:
        InputError: One system has two answers to an item.
    """
    found = [*decoded, *(output for own in tuned for output in own)]
    found += [Output.without_ids(own.item, own.text, "refined") for own in predicted if own.whole]
    found += task.baselines(train, items)
    counts = Counter((output.item, output.system) for output in found)
    if twice := [key for key, count in counts.items() if count > 1]:
        item, system = twice[0]
        raise InputError(f"two files have an answer of {system} to the item {item!r}. {AGAIN}")
    return found


def scores(task: str) -> Scores:
    """Return how a task's answers are scored, by the task's name."""
    found: Scores = importlib.import_module(f"prefixyarn.tasks.{task}.scores").SCORES
    return found
