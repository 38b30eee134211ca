"""Processes that train one model together: who takes which sequences, and how gradients and losses become one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import distributed

from prefixyarn.models.sft.loss import Example, passes
from prefixyarn.models.sft.memory import Room


@dataclass(frozen=True)
class Group:
    """One of ``size`` processes. With one there is nothing to share; with more, torch's process group is there."""

    rank: int = 0
    size: int = 1

    def passes(self, examples: Sequence[Example], tokens: int) -> list[list[Example]]:
        """Return this process's passes over its share of some sequences.

        All processes have equally many passes, since they meet in each layer of each: some may be empty.
        """
        if self.size == 1:
            return passes(examples, tokens)
        all_passes = [passes(share, tokens) for share in shares(examples, self.size)]
        mine = all_passes[self.rank]
        return mine + [[]] * (max(map(len, all_passes)) - len(mine))

    def total(self, number: float) -> float:
        """Return the sum of all processes' numbers."""
        return number if self.size == 1 else sum(self._all(number))

    def least(self, room: Room) -> Room:
        """Return what all processes have room for."""
        if self.size == 1:
            return room
        rooms: list[Room] = self._all(room)
        return Room(min(own.tokens for own in rooms), any(own.recompute for own in rooms))

    def add_gradients(self, weights: Iterable[torch.Tensor]) -> None:
        """Replace gradients by the sums of all processes' own."""
        if self.size > 1:
            gradients = [weight.grad for weight in weights if weight.grad is not None]
            flat = torch.cat([own.flatten() for own in gradients])
            distributed.all_reduce(flat)
            for own, summed in zip(gradients, flat.split([own.numel() for own in gradients]), strict=True):
                own.copy_(summed.view_as(own))

    def _all(self, own: object) -> list:
        found: list = [None] * self.size
        distributed.all_gather_object(found, own)
        return found


SINGLE = Group()


def shares(examples: Sequence[Example], number: int) -> list[list[Example]]:
    """Return sequences in shares of about equally many tokens: the longest first, each to the smallest share."""
    made: list[list[Example]] = [[] for _ in range(number)]
    sizes = [0] * number
    for own in sorted(examples, key=lambda own: (-len(own), own.prompt, own.target)):
        smallest = sizes.index(min(sizes))
        made[smallest].append(own)
        sizes[smallest] += len(own)
    return made
