"""What follows SFT priors of one and two tokens, right and wrong ones (paper section 5.1).

The paper's priors are one or two tokens, and a poor one is one that its source got wrong. The SFT model's own first
tokens are such priors: they are right where they are the reference's. What follows a wrong one is compared within the
item, with what follows the right one and with the foundation alone: easy and hard items are not compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prefixyarn.analysis.answered import Answered
from prefixyarn.analysis.sentence_means import SentenceMeans
from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.metrics.ngrams import CHRF
from prefixyarn.records import Item, Output, System
from prefixyarn.systems import NONE

KS = (1, 2)  # tokens, as in the paper


@dataclass(frozen=True)
class SftPriorRow:
    """What follows SFT priors of k tokens that are right, or wrong.

    All scores are means of sentence-level chrF++ over answers, without the first k tokens, against the references
    without theirs. Intervals are 95 % bootstrap intervals over English sentences.

    Attributes:
        foundation: The foundation's name.
        k: Tokens given.
        right: Whether the prior's token ids are the first k of the reference's.
        n: Answers, of all directions. References of no more than k tokens are left out: nothing follows.
        rest: The score of what follows.
        against_oracle: The same less the score of what follows the reference's own k tokens, item by item; None for
            right priors, which are those tokens.
        against_none: The same less the score of the foundation's own answer without its first k tokens, item by item.
    """

    foundation: str
    k: int
    right: bool
    n: int
    rest: Interval
    against_oracle: Interval | None
    against_none: Interval


@dataclass(frozen=True)
class _Scored:
    """One item: whether its SFT prior is right, and the scores of what follows that, the right prior and none."""

    item: str
    right: bool
    sft: float
    oracle: float
    none: float


def sft_prior_rows(
    answered: Sequence[Answered], foundation: str, resamples: int, seed: int, ks: Sequence[int] = KS
) -> list[SftPriorRow]:
    """Return what follows SFT priors: a row for right and one for wrong ones, for each k; none where there are none.

    Args:
        answered: The analysed items of each direction.
        foundation: Its name.
        resamples: Number of bootstrap resamples of English sentences.
        seed: Seed of the bootstrap.
        ks: How many tokens are given.
    """
    means, rows = SentenceMeans(answered, resamples, seed), []
    for k in ks:
        scored = [found for own in answered for item in own.items if (found := _scored(own, item, k))]
        for right in (True, False):
            chosen = [own for own in scored if own.right == right]
            if chosen:
                rows.append(
                    SftPriorRow(
                        foundation=foundation,
                        k=k,
                        right=right,
                        n=len(chosen),
                        rest=means.mean([(own.item, own.sft) for own in chosen]),
                        against_oracle=None if right else means.mean([(o.item, o.sft - o.oracle) for o in chosen]),
                        against_none=means.mean([(own.item, own.sft - own.none) for own in chosen]),
                    )
                )
    return rows


def _scored(own: Answered, item: Item, k: int) -> _Scored | None:
    """Return an item's scores; None where nothing follows the reference's first k tokens, or it was not answered."""
    systems = (System("sft", "", k, "token"), System("oracle", "", k, "token"), NONE)
    sft, oracle, none = (own.outputs.get(system, {}).get(item.id) for system in systems)
    wanted = own.stripper.of_text(item.target, k, "token")
    if sft is None or oracle is None or none is None or not wanted:
        return None

    def score(output: Output) -> float:
        return CHRF.corpus([own.stripper.of_output(output, k, "token")], [wanted], own.direction.target)

    return _Scored(item.id, sft.prior_ids == oracle.prior_ids, score(sft), score(oracle), score(none))
