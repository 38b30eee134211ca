"""Scores of translations, and what goes wrong in them."""

from prefixyarn.metrics.faults import faults
from prefixyarn.tasks.scoring import Scores
from prefixyarn.tasks.translation.metrics import METRICS

SCORES = Scores(METRICS, faults, ("off_target", "empty", "truncated"))
