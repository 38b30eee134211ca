"""Translations are measured by chrF++ and BLEU."""

from prefixyarn.metrics.ngrams import BLEU, CHRF

METRICS = (CHRF, BLEU)
