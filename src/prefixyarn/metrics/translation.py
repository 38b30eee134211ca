"""chrF++ and BLEU by sacrebleu, split into item statistics and a corpus score.

Both scores are functions of sums over items, so a bootstrap needs the items' statistics once, and each
resample is a weighted sum. sacrebleu computes the statistics; its formulas are repeated here over arrays
(10,000 resamples at once), and the tests hold them to sacrebleu's own ``corpus_score``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sacrebleu.metrics import BLEU, CHRF

from prefixyarn.languages import language

METRICS = ("chrf", "bleu")
TITLES = {"chrf": "chrF++", "bleu": "BLEU"}


@dataclass(frozen=True)
class ItemScores:
    """Statistics of one metric over items.

    Attributes:
        metric: ``chrf`` or ``bleu``.
        signature: sacrebleu's signature: all that is needed to compute the score again.
        statistics: Integers, shape (items, statistics).
    """

    metric: str
    signature: str
    statistics: np.ndarray


def item_scores(metric: str, outputs: Sequence[str], references: Sequence[str], target: str) -> ItemScores:
    """Compute the statistics of outputs against one reference each.

    Args:
        metric: ``chrf`` (chrF++: character 6-grams, word bigrams, beta 2) or ``bleu``.
        outputs: Answers, one per item.
        references: Reference translations in the same order.
        target: Language code of the target, which sets BLEU's tokenizer (``zh`` for Chinese, else ``13a``).
    """
    scorer = CHRF(word_order=2) if metric == "chrf" else BLEU(tokenize=language(target).bleu)
    statistics = scorer._extract_corpus_statistics(list(outputs), [list(references)])
    scorer.corpus_score(list(outputs), [list(references)])  # fixes the number of references in the signature
    return ItemScores(metric, str(scorer.get_signature()), np.array(statistics, dtype=np.int64))


def corpus_score(metric: str, sums: np.ndarray) -> np.ndarray:
    """Return corpus scores (0 to 100) of summed statistics, shape (..., statistics) -> (...)."""
    return _chrf(sums.astype(float)) if metric == "chrf" else _bleu(sums.astype(float))


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0)


def _chrf(sums: np.ndarray, beta: float = 2.0) -> np.ndarray:
    """ChrF over the orders that both sides have (sacrebleu's effective order); Popovic 2017."""
    hyp, ref, match = sums[..., 0::3], sums[..., 1::3], sums[..., 2::3]
    both = (hyp > 0) & (ref > 0)
    orders = both.sum(axis=-1).astype(float)
    precision = _ratio(np.where(both, _ratio(match, hyp), 0.0).sum(axis=-1), orders)
    recall = _ratio(np.where(both, _ratio(match, ref), 0.0).sum(axis=-1), orders)
    return 100 * _ratio((1 + beta**2) * precision * recall, beta**2 * precision + recall)


def _bleu(sums: np.ndarray, orders: int = 4) -> np.ndarray:
    """BLEU with exponential smoothing of orders without a match (sacrebleu's default); Papineni et al. 2002."""
    hyp_length, ref_length = sums[..., 0], sums[..., 1]
    correct, total = sums[..., 2 : 2 + orders], sums[..., 2 + orders :]
    # The n-th order without a match counts as 1 / 2^n matches.
    missing = (correct == 0) & (total > 0)
    smoothed = np.where(missing, 0.5 ** missing.cumsum(axis=-1), correct)
    precisions = _ratio(smoothed, total)
    # An order without any n-gram ends BLEU at 0, as in sacrebleu without effective order.
    with np.errstate(divide="ignore"):
        logs = np.log(precisions).mean(axis=-1)
        penalty = np.where(hyp_length < ref_length, 1 - _ratio(ref_length, hyp_length), 0.0)
    score = 100 * np.exp(logs + penalty)
    return np.where((correct.sum(axis=-1) == 0) | (hyp_length == 0), 0.0, score)
