"""The foundation's own opening in the target language: no dictionary, no training data, no reference (ours).

Asked for a translation, a base model's likeliest answer is often in another language, and yet openings in the right one
are among its likely first tokens. Of its likeliest first tokens, the prior is the first one whose greedy continuation
a language identifier assigns to the target language.
"""

from __future__ import annotations

from prefixyarn.priors.material import Material, PriorText
from prefixyarn.records import Item, System


def own(material: Material, item: Item, system: System) -> PriorText:
    """Return the foundation's own opening in the target language; see `prefixyarn.priors.own_openings`."""
    return material.own[item.id]
