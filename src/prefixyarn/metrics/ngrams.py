"""chrF++ (in languages without spaces between words chrF) and BLEU by sacrebleu: item statistics and a corpus score.

sacrebleu computes the statistics; its formulas are repeated here over arrays (10,000 resamples at once), and the
tests hold them to sacrebleu's own ``corpus_score``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from sacrebleu.metrics import BLEU as SacreBleu
from sacrebleu.metrics import CHRF as SacreChrf

from prefixyarn.languages import Direction, language
from prefixyarn.metrics.metric import ItemScores, Metric, ratio


def _items(scorer: SacreBleu | SacreChrf, outputs: Sequence[str], references: Sequence[str]) -> ItemScores:
    statistics = scorer._extract_corpus_statistics(list(outputs), [list(references)])
    scorer.corpus_score(list(outputs), [list(references)])  # fixes the number of references in the signature
    return ItemScores(f"sacrebleu {scorer.get_signature()}", np.array(statistics, dtype=np.int64))


def _chrf_items(outputs: Sequence[str], references: Sequence[str], code: str) -> ItemScores:
    """Character 6-grams, beta 2, and word bigrams where spaces divide text into words: two orders more there."""
    return _items(SacreChrf(word_order=0 if language(code).segmenter else 2), outputs, references)


def chrf_note(subsets: Iterable[str]) -> list[str]:
    """Return what a table with chrF++ must say of answers in languages without spaces between words; may be nothing."""
    found = {own.name for subset in subsets if (own := language(Direction.parse(subset).target)).segmenter}
    if not found:
        return []
    return [
        f"chrF++ in {' and '.join(sorted(found))} is chrF, of character 6-grams alone (nw:0 in its signature): without "
        "spaces between words there are no word bigrams to count."
    ]


def _bleu_items(outputs: Sequence[str], references: Sequence[str], code: str) -> ItemScores:
    """The language sets the tokenizer: ``zh`` for Chinese, else ``13a``."""
    return _items(SacreBleu(tokenize=language(code).bleu), outputs, references)


def _chrf(sums: np.ndarray, beta: float = 2.0) -> np.ndarray:
    """ChrF over the orders that both sides have (sacrebleu's effective order); Popovic 2017."""
    sums = sums.astype(float)
    hyp, ref, match = sums[..., 0::3], sums[..., 1::3], sums[..., 2::3]
    both = (hyp > 0) & (ref > 0)
    orders = both.sum(axis=-1).astype(float)
    precision = ratio(np.where(both, ratio(match, hyp), 0.0).sum(axis=-1), orders)
    recall = ratio(np.where(both, ratio(match, ref), 0.0).sum(axis=-1), orders)
    return 100 * ratio((1 + beta**2) * precision * recall, beta**2 * precision + recall)


def _bleu(sums: np.ndarray, orders: int = 4) -> np.ndarray:
    """BLEU with exponential smoothing of orders without a match (sacrebleu's default); Papineni et al. 2002."""
    sums = sums.astype(float)
    hyp_length, ref_length = sums[..., 0], sums[..., 1]
    correct, total = sums[..., 2 : 2 + orders], sums[..., 2 + orders :]
    # The n-th order without a match counts as 1 / 2^n matches.
    missing = (correct == 0) & (total > 0)
    smoothed = np.where(missing, 0.5 ** missing.cumsum(axis=-1), correct)
    precisions = ratio(smoothed, total)
    # An order without any n-gram ends BLEU at 0, as in sacrebleu without effective order.
    with np.errstate(divide="ignore"):
        logs = np.log(precisions).mean(axis=-1)
        penalty = np.where(hyp_length < ref_length, 1 - ratio(ref_length, hyp_length), 0.0)
    score = 100 * np.exp(logs + penalty)
    return np.where((correct.sum(axis=-1) == 0) | (hyp_length == 0), 0.0, score)


CHRF = Metric("chrf", "chrF++", _chrf_items, _chrf)
BLEU = Metric("bleu", "BLEU", _bleu_items, _bleu)
