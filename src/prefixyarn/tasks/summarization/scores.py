"""Scores of summaries, and what goes wrong in them."""

from __future__ import annotations

from prefixyarn.metrics.error_types import LanguageDetector, error_types
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


SCORES = Scores(
    METRICS,
    summary_error_types,
    ("off_target", "empty", "truncated", "copied", "length_ratio"),
)
