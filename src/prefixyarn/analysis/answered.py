"""The answers that the analyses of priors look at: those of one foundation to some items of each direction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from prefixyarn.data.words import words
from prefixyarn.languages import Direction
from prefixyarn.metrics.bootstrap import draw_counts
from prefixyarn.metrics.continuation import PrefixStripper
from prefixyarn.metrics.ngrams import CHRF
from prefixyarn.metrics.shares import Mean, average, corpus_mean
from prefixyarn.records import Item, Output, System


def by_system(outputs: Iterable[Output]) -> dict[System, dict[str, Output]]:
    """Return outputs by system and item."""
    found: dict[System, dict[str, Output]] = defaultdict(dict)
    for output in outputs:
        found[output.system][output.item] = output
    return dict(found)


@dataclass(frozen=True)
class Answered:
    """The analysed items of one direction, and what was answered.

    Attributes:
        direction: The direction.
        items: The items.
        outputs: By system and item, the foundation's outputs, and the SFT model's own.
        stripper: Takes first units off.
    """

    direction: Direction
    items: Sequence[Item]
    outputs: Mapping[System, Mapping[str, Output]]
    stripper: PrefixStripper

    @cached_property
    def systems(self) -> list[System]:
        """The systems that answered all items."""
        return [s for s, own in self.outputs.items() if all(item.id in own for item in self.items)]

    def given(self, system: System, item: Item) -> int:
        """Return how many units of a system's prior an item was given, of the system's unit."""
        output = self.outputs[system][item.id]
        return len(output.prior_ids) if system.unit == "token" else len(words(output.prior, self.direction.target))


class Scorer:
    """Mean chrF++ over directions of any system, whole or without first units, with the same resamples of items."""

    def __init__(self, answered: Sequence[Answered], resamples: int, seed: int) -> None:
        """Take the directions."""
        self._answered = answered
        self._counts = draw_counts(len(answered[0].items), resamples, seed)
        self._known: dict[tuple[System, int, str], Mean] = {}

    def mean(self, system: System, k: int = 0, unit: str = "") -> Mean:
        """Return the mean score of a system's answers without their first k units against such references."""
        key = (system, k, unit)
        if key not in self._known:
            means = []
            for own in self._answered:
                outputs = [own.outputs[system][item.id] for item in own.items]
                if k:
                    texts = [own.stripper.of_output(output, k, unit) for output in outputs]
                    references = [own.stripper.of_text(item.target, k, unit) for item in own.items]
                else:
                    texts, references = [o.text for o in outputs], [item.target for item in own.items]
                statistics = CHRF.items(texts, references, own.direction.target).statistics
                score = float(CHRF.score(statistics.sum(axis=0)))
                means.append(corpus_mean(CHRF, score, statistics, self._counts))
            self._known[key] = average(means)
        return self._known[key]

    def prior_tokens(self, system: System) -> float:
        """Return the mean number of tokens given."""
        return float(np.mean([len(own.outputs[system][i.id].prior_ids) for own in self._answered for i in own.items]))

    def covered(self, k: int) -> float:
        """Return the share of items whose reference has at most k words: nothing follows such a prior."""
        lengths = [len(words(i.target, own.direction.target)) for own in self._answered for i in own.items]
        return float(np.mean([length <= k for length in lengths]))

    def given(self, system: System) -> float:
        """Return the share of items whose prior has as many units as the system's k."""
        return float(np.mean([own.given(system, item) >= system.k for own in self._answered for item in own.items]))

    @property
    def systems(self) -> list[System]:
        """The systems that answered all items in all directions."""
        return [s for s in self._answered[0].systems if all(s in own.systems for own in self._answered)]

    @property
    def n(self) -> int:
        """Items per direction."""
        return len(self._answered[0].items)
