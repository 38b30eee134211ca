"""Controls: openings of another item and of the training text, and tags of languages (paper section 5.2, and ours)."""

from __future__ import annotations

from prefixyarn.data.words import TAGGED, tagged
from prefixyarn.languages import language
from prefixyarn.priors.material import Material, PriorText
from prefixyarn.records import Item, System


def shuffled(material: Material, item: Item, system: System) -> PriorText:
    """Return another item's reference."""
    other = material.others[item.id]
    return PriorText(other.target, f"reference of {other.id}")


def shuffled_tags(material: Material, item: Item, system: System) -> PriorText:
    """Return another sentence's first tags, on the item's words."""
    words, other = item.source.split(), material.others[item.id]
    names = [name for _, name in TAGGED.findall(other.target)]
    n = min(len(words), len(names))
    return PriorText(tagged(words[:n], names[:n]), f"tags of {other.id}")


def fixed(material: Material, item: Item, system: System) -> PriorText:
    """Return the commonest opening of training targets in the language, as many units of it."""
    return material.opening(system.k, system.unit)


def language_tag(material: Material, item: Item, system: System) -> PriorText:
    """Return what names (``native-name``) or marks (``code``) the target language."""
    return PriorText(tag(material.direction.target, system.variant), "tag")


def tag(code: str, variant: str) -> str:
    """Return what names (``native-name``) or marks (``code``) a language at the start of an answer."""
    return f"{language(code).native}:" if variant == "native-name" else f"[{code}]"
