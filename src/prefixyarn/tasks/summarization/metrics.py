"""Summaries are measured by ROUGE and chrF++."""

from prefixyarn.metrics.ngrams import CHRF
from prefixyarn.metrics.rouge import ROUGE1, ROUGE2, ROUGE_L

METRICS = (ROUGE_L, ROUGE1, ROUGE2, CHRF)
