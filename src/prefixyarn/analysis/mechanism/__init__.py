"""What a prior does, by likelihoods of the reference: to the language, to the content, to the use of the source."""

from __future__ import annotations

from dataclasses import dataclass

from prefixyarn.records import System

SKIPPED = 4  # first tokens of the reference that are never judged: the longest prior has as many
SHORTEST = SKIPPED + 2  # tokens of a reference that has a tail of more than a first token
OTHERS = 8  # sources of other items that stand in for an item's own


@dataclass(frozen=True)
class TailScore:
    """How likely an item's tail is, after one source and one prior. The tail is the reference behind `SKIPPED` tokens.

    Attributes:
        item: Id of the item.
        system: Prior and model.
        other: Id of the item whose source the prompt holds; empty for the item's own.
        ll_first: Log-likelihood of the tail's first token, in nats.
        tokens: How many tokens follow it.
        ll: Log-likelihood of these, in nats.
        tokens_new: How many of these the item's own source does not contain.
        ll_new: Log-likelihood of these, in nats.
    """

    item: str
    system: System
    other: str
    ll_first: float
    tokens: int
    ll: float
    tokens_new: int
    ll_new: float
