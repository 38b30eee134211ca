"""No prior: the foundation, or the SFT model, alone."""

from __future__ import annotations

from prefixyarn.priors.material import Material, PriorText
from prefixyarn.records import Item, System


def nothing(material: Material, item: Item, system: System) -> PriorText:
    """Return no prior."""
    return PriorText("", "")
