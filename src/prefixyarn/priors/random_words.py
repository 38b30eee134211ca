"""Random priors: words that match the dictionary's, and random tags (paper section 5.2)."""

from __future__ import annotations

import random

from prefixyarn.data.words import tagged
from prefixyarn.priors.dictionary import pseudo_word
from prefixyarn.priors.material import Material, PriorText
from prefixyarn.records import Item, System


def random_word(material: Material, item: Item, system: System) -> PriorText:
    """Return a random function or content word that matches the item's dictionary prior."""
    rng = random.Random(f"{material.seed} {item.id} {material.direction} {system.kind} {system.variant}")
    like = pseudo_word(item.source, material.direction, material.lexicon, material.rank).text
    drawn = material.random_words.draw(like, system.kind == "random-function", rng)
    return PriorText(drawn, f"drawn to match {like}")


def random_tags(material: Material, item: Item, system: System) -> PriorText:
    """Return tags drawn by their frequency in training, on the item's words."""
    frequency, words = material.tag_frequency, item.source.split()
    rng = random.Random(f"{material.seed} {item.id} {material.direction} {system.variant}")
    names = rng.choices(sorted(frequency), [frequency[name] for name in sorted(frequency)], k=len(words))
    return PriorText(tagged(words, names), "drawn by frequency in training")
