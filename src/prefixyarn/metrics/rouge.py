"""ROUGE-1, -2 and -L (Lin 2004) by rouge-score, with a tokenizer that keeps every script.

ROUGE-L is also taken at the reference's length. A base model's summaries run on, which costs precision: the F-measure
then says more of their length than of what they begin with.

rouge-score's own tokenizer drops whatever is not a-z or 0-9: nothing is left of Russian, Chinese and Arabic.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from importlib.metadata import version

import numpy as np
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.tokenizers import Tokenizer

from prefixyarn.metrics.metric import ItemScores, Metric, ratio

# A Han character by itself, or letters and digits with their combining marks (Arabic, Yoruba).
_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_TOKEN = re.compile(rf"[{_HAN}]|(?:(?![_{_HAN}])\w[\u0300-\u036f\u064b-\u0652]*)+")


class AnyScript(Tokenizer):
    """Lower-cased words; each Han character is one, as Chinese has no spaces and segmenters disagree."""

    def tokenize(self, text: str) -> list[str]:
        """Return the tokens of a text; for ASCII those of rouge-score's own tokenizer."""
        return _TOKEN.findall(text.lower())


def at_length(output: str, reference: str) -> str:
    """Return the first tokens of an answer, as many as the reference has."""
    tokens = AnyScript()
    return " ".join(tokens.tokenize(output)[: len(tokens.tokenize(reference))])


def _items(kind: str, cut: bool, outputs: Sequence[str], references: Sequence[str], code: str) -> ItemScores:
    """F-measure (0 to 1) of each item, and 1: sums give the mean. Answers may be cut to the references' lengths."""
    scorer, pairs = RougeScorer([kind], tokenizer=AnyScript()), list(zip(outputs, references, strict=True))
    given = [at_length(*pair) if cut else pair[0] for pair in pairs]
    found = [scorer.score(reference, own)[kind].fmeasure for own, (_, reference) in zip(given, pairs, strict=True)]
    signature = (
        f"rouge-score {version('rouge-score')} {kind}, F-measure, words of any script, Han by character, no stems"
        f"{', answers cut to as many words as the reference has' if cut else ''}"
    )
    return ItemScores(signature, np.array([[f, 1.0] for f in found]).reshape(-1, 2))


def _mean(sums: np.ndarray) -> np.ndarray:
    return 100 * ratio(sums[..., 0].astype(float), sums[..., 1].astype(float))


ROUGE1, ROUGE2, ROUGE_L = (
    Metric(kind.lower(), f"ROUGE-{kind[5:]}", functools.partial(_items, kind, False), _mean)
    for kind in ("rouge1", "rouge2", "rougeL")
)
ROUGE_L_CUT = Metric(
    "rouge_l_cut", "ROUGE-L at the reference's length", functools.partial(_items, "rougeL", True), _mean
)
