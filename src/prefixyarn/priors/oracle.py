"""Oracle priors: the start of the reference, a bound and not a method."""

from __future__ import annotations

from prefixyarn.priors.material import Material, PriorText
from prefixyarn.records import Item, System


def oracle(material: Material, item: Item, system: System) -> PriorText:
    """Return the reference."""
    return PriorText(item.target, "reference")
