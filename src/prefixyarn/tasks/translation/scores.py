"""Scores of translations, and what goes wrong in them."""

from prefixyarn.metrics.error_types import error_types
from prefixyarn.tasks.scoring import Scores
from prefixyarn.tasks.translation.metrics import METRICS

SCORES = Scores(METRICS, error_types, ("off_target", "empty", "truncated"))
