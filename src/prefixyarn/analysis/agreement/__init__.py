"""How far foundation and SFT model agree, token by token (paper section 2.2, the "silent majority")."""

from __future__ import annotations

from dataclasses import dataclass

TEACHER_FORCED = -1  # k of the SFT model's own answers


@dataclass(frozen=True)
class Step:
    """How two models' next-token distributions compare at one position of one answer.

    Attributes:
        item: Id of the item.
        k: How many SFT tokens the foundation went on from; `TEACHER_FORCED` for the SFT model's own answer.
        t: Position in the answer: how many tokens stand before.
        agree: Whether both find the same token likeliest.
        rank: Rank of the SFT model's likeliest token in the foundation's distribution, from 1.
        kl: Kullback-Leibler divergence KL(SFT || foundation) in nats.
        js: Jensen-Shannon divergence in nats, at most ln 2.
        entropy_foundation: Entropy of the foundation's distribution in nats.
        entropy_sft: Entropy of the SFT model's distribution in nats.
    """

    item: str
    k: int
    t: int
    agree: bool
    rank: int
    kl: float
    js: float
    entropy_foundation: float
    entropy_sft: float
