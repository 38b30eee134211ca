"""Scores of summaries, and what goes wrong in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefixyarn.metrics.error_types import error_types
from prefixyarn.metrics.language_id import LanguageDetector
from prefixyarn.metrics.ngrams import chrf_note
from prefixyarn.metrics.rouge import AnyScript
from prefixyarn.records import Item, Output
from prefixyarn.tasks.scoring import ErrorType, Scores
from prefixyarn.tasks.summarization.metrics import METRICS


def summary_error_types(item: Item, output: Output, target: str, detector: LanguageDetector) -> dict[str, ErrorType]:
    """Tell what is wrong with a summary.

    Returns:
        What `error_types` returns, with a share for ``copied``: how much of the summary's words stand in the source
            (1 for a summary in the source's own words; None for an empty one). And ``length_ratio``: its length in
            characters over the reference's.
    """
    words = AnyScript().tokenize(output.text)
    source = set(AnyScript().tokenize(item.source))
    found: dict[str, ErrorType] = dict(error_types(item, output, target, detector))
    found["copied"] = sum(word in source for word in words) / len(words) if words else None
    found["length_ratio"] = len(output.text) / len(item.target)
    return found


def notes(config: Mapping[str, Any]) -> list[str]:
    """Return what a reader of the summarisation table must know."""
    return [
        "ROUGE-L at the reference's length: of each answer only as many words as its reference has. What a model alone "
        "writes on and on lowers ROUGE-L, not this; length-ratio is the length of whole answers over the references'.",
        *chrf_note(config["directions"]),
    ]


SCORES = Scores(
    METRICS,
    summary_error_types,
    ("off_target", "empty", "truncated", "copied", "length_ratio"),
    notes=notes,
)
