"""Scores of translations: chrF++ and BLEU."""

from prefixyarn.metrics.faults import faults
from prefixyarn.metrics.ngrams import BLEU, CHRF
from prefixyarn.tasks.scoring import Scores

SCORES = Scores((CHRF, BLEU), faults, ("off_target", "empty", "truncated"))
