"""The use of the source in several formats, seen and unseen, and whether an item's own source ranks first of many.

The tails are those of `prefixyarn.analysis.mechanism`. The other sources are those of the items that follow in the
list, which begins again at its end: every source serves every place equally often.
"""

from __future__ import annotations

from collections.abc import Sequence

from transformers import PreTrainedTokenizerFast

from prefixyarn.analysis.mechanism import SHORTEST, SKIPPED
from prefixyarn.analysis.mechanism.measure import Read
from prefixyarn.analysis.mixes import SOURCES
from prefixyarn.decode.backend import Request
from prefixyarn.languages import Direction
from prefixyarn.models.tokenizer import answer_ids, prompt_ids
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, System
from prefixyarn.systems import HEADLINE_K


def systems(name: str) -> list[System]:
    """Return what is asked in a format: the foundation alone, after the right opening, and the SFT model alone."""
    return [
        System("none", prompt=name),
        System("oracle", "", HEADLINE_K, "token", prompt=name),
        System("none", model="sft", prompt=name),
    ]


def format_reads(
    tokenizer: PreTrainedTokenizerFast, prompts: Sequence[Prompt], direction: Direction, items: Sequence[Item]
) -> list[Read]:
    """Return what is to be read, each tail after `SOURCES` sources, or as many as there are.

    Args:
        tokenizer: That of both models.
        prompts: The formats.
        direction: The direction.
        items: The items; those whose reference has no tail are left out, and serve as sources for none.
    """
    found = []
    for prompt in prompts:
        filled = {item.id: prompt.fill(item.source, direction) for item in items}
        asked = {item.id: tuple(prompt_ids(tokenizer, filled[item.id])) for item in items}
        references = {i.id: answer_ids(tokenizer, filled[i.id], prompt.join(direction), i.target) for i in items}
        able = [item for item in items if len(references[item.id]) >= SHORTEST]
        for n, item in enumerate(able):
            tail = tuple(references[item.id][SKIPPED:])
            following = [other for other in (*able[n + 1 :], *able[:n]) if other.source != item.source]
            sources = ["", *(other.id for other in following[: SOURCES - 1])]
            for system in systems(prompt.name):
                opening = tuple(references[item.id][: system.k])
                for source in sources:
                    request = Request(asked[source or item.id], (*opening, *tail), unscored=len(opening))
                    found.append(Read(item.id, system, source, request, (False,) * (len(tail) - 1)))
    return found
