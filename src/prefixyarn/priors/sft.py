"""SFT priors: the start of the SFT model's own answer (paper section 3)."""

from __future__ import annotations

from prefixyarn.priors.material import Material, PriorText
from prefixyarn.records import Item, System


def sft(material: Material, item: Item, system: System) -> PriorText:
    """Return the SFT model's own answer, with its token ids."""
    own = material.sft[item.id]
    return PriorText(own.text, "SFT model", tuple(own.new_ids))


def sft_tags(material: Material, item: Item, system: System) -> PriorText:
    """Return the SFT model's answer; its tags are put into this item's constraint, so its ids are not kept."""
    return PriorText(material.sft[item.id].text, "SFT model")
