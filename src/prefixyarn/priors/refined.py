"""Refined priors: the start of what the refined model, a small task model, predicts (paper section 3)."""

from __future__ import annotations

from prefixyarn.priors.material import Material, PriorText
from prefixyarn.records import Item, System


def refined(material: Material, item: Item, system: System) -> PriorText:
    """Return what the refined model predicts."""
    return PriorText(material.refined[item.id], "refined model")


def matched(material: Material, item: Item, system: System) -> PriorText:
    """Return what a refined model predicts that has seen the SFT model's training pairs and no others."""
    return PriorText(material.matched[item.id], "refined model of the SFT model's pairs")
