"""Summaries are measured by ROUGE, whole and at the reference's length, and chrF++."""

from prefixyarn.metrics.ngrams import CHRF
from prefixyarn.metrics.rouge import ROUGE1, ROUGE2, ROUGE_L, ROUGE_L_CUT

METRICS = (ROUGE_L, ROUGE_L_CUT, ROUGE1, ROUGE2, CHRF)
