"""Scores of translations, and what goes wrong in them."""

from collections.abc import Mapping
from typing import Any

from prefixyarn.metrics.error_types import error_types
from prefixyarn.metrics.ngrams import chrf_note
from prefixyarn.tasks.scoring import Scores
from prefixyarn.tasks.translation.metrics import METRICS


def notes(config: Mapping[str, Any]) -> list[str]:
    """Return what a reader of the translation tables must know."""
    return chrf_note([*config["directions"], *config["other_directions"]])


SCORES = Scores(METRICS, error_types, ("off_target", "empty", "truncated"), notes=notes)
