"""Starts of answers that a user gives (`prefixyarn.own_text`)."""

from __future__ import annotations

from prefixyarn.priors.material import Material, PriorText
from prefixyarn.records import Item, System


def given(material: Material, item: Item, system: System) -> PriorText:
    """Return the text that a user gave for an item."""
    return PriorText(material.given[item.id], "given")
