"""What follows a prior, by how much of the prior is right: do errors propagate?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from prefixyarn.analysis.answered import Answered
from prefixyarn.analysis.sentence_means import SentenceMeans
from prefixyarn.data.words import words
from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.metrics.ngrams import CHRF
from prefixyarn.priors.registry import corrupt_levels
from prefixyarn.records import Item, System
from prefixyarn.systems import corrupt_system

# By the name that a row has: the systems whose priors are looked at.
PROPAGATED = (
    ("sft", System("sft", "", 2, "word")),
    ("oracle", System("oracle", "", 2, "word")),
    ("refined", System("refined", "", 2, "token")),
    ("pseudo", System("pseudo", "first", 2, "token")),
    *(("corrupt", corrupt_system("other-item", level, 4)) for level in corrupt_levels(4)),
)


@dataclass(frozen=True)
class PropagationRow:
    """How good the text after priors is that are right, in part right, or wrong.

    Attributes:
        foundation: The foundation's name.
        kind: The prior kind; ``corrupt`` for the reference's words, some replaced by another item's.
        right: Whether ``all``, ``some`` or ``none`` of the prior's words are the reference's at their places.
        n: Answers.
        rest: Mean sentence-level chrF++ of what follows the prior, against the reference without as many words.
        within: The same less its item's mean over all rows: the effects of easy and hard items are gone. The interval
            is over English sentences.
    """

    foundation: str
    kind: str
    right: str
    n: int
    rest: float
    within: Interval


def propagation_rows(answered: Sequence[Answered], foundation: str, resamples: int, seed: int) -> list[PropagationRow]:
    """Return how good the text after a prior is, by how much of the prior is right.

    Args:
        answered: The analysed items of each direction.
        foundation: Its name.
        resamples: Number of bootstrap resamples of English sentences.
        seed: Seed of the bootstrap.
    """
    found: dict[tuple[str, str], list[tuple[str, float, float]]] = defaultdict(list)
    for own in answered:
        for item in own.items:
            scored = [(kind, right, score) for kind, right, score in _scored(own, item) if score is not None]
            mean = float(np.mean([score for _, _, score in scored])) if scored else 0.0
            for kind, right, score in scored:
                found[kind, right].append((item.id, score, score - mean))
    means, rows = SentenceMeans(answered, resamples, seed), []
    for kind in dict.fromkeys(kind for kind, _ in found):
        for right in ("all", "some", "none"):
            if chosen := found.get((kind, right)):
                rest = float(np.mean([score for _, score, _ in chosen]))
                within = means.mean([(item_id, less) for item_id, _, less in chosen])
                rows.append(PropagationRow(foundation, kind, right, len(chosen), rest, within))
    return rows


def _scored(own: Answered, item: Item) -> Iterator[tuple[str, str, float | None]]:
    """Return for each system whose prior has words: its kind, how many of them are right, the score of what follows."""
    code = own.direction.target
    reference = words(item.target, code)
    for kind, system in PROPAGATED:
        output = own.outputs.get(system, {}).get(item.id)
        given = words(output.prior, code) if output else []
        if output is None or not given:
            continue
        same = [a == b for a, b in zip(given, reference, strict=False)]
        if system.unit == "token" and len(same) == len(given):  # the last word may have begun only
            same[-1] = reference[len(given) - 1].startswith(given[-1])
        right = "all" if same and all(same) and len(same) == len(given) else "some" if any(same) else "none"
        rest = own.stripper.of_output(output, len(given), "word")
        wanted = own.stripper.of_text(item.target, len(given), "word")
        yield kind, right, CHRF.corpus([rest], [wanted], code) if wanted else None
