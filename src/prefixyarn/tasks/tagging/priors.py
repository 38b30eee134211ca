"""Priors of the tagging task: the first words of an answer, with their tags.

Kinds are those of `prefixyarn.priors`, as far as they exist here: none, refined, sft, oracle, shuffled (the first tags
of another sentence, on this one's words), and random (tags drawn by their frequency in training). There are no pseudo
priors, as in the paper: a dictionary says nothing of tags.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from transformers import PreTrainedTokenizerFast

from prefixyarn.data.words import cut, tagged
from prefixyarn.decode.questions import FREE
from prefixyarn.languages import Direction
from prefixyarn.models.tokenizer import answer_ids
from prefixyarn.priors import another
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, Prior, System
from prefixyarn.tasks.tagging.tags import form, pairs, prior_ids


def build_priors(
    items: Sequence[Item],
    systems: Sequence[System],
    direction: Direction,
    prompts: Mapping[str, Prompt],
    tokenizer: PreTrainedTokenizerFast,
    train: Sequence[Item],
    refined: Mapping[str, str],
    sft: Mapping[str, str],
    seed: int,
) -> list[Prior]:
    """Build the priors of all systems for all items.

    Args:
        items: The items; the references are used by ``oracle`` and ``shuffled`` alone.
        systems: The systems wanted.
        direction: The items' language, as a direction.
        prompts: The prompt by the system's name for it.
        tokenizer: The foundation's.
        train: Training items, for the frequencies of tags.
        refined: By item id, the refined model's answer.
        sft: By item id, the SFT model's answer.
        seed: Seed of random tags and of the shuffling; each item and draw has its own stream.

    Returns:
        A prior per item and system, in the order of items, then systems.
    """
    frequency = Counter(name for item in train for _, name in pairs(item.target))
    others = another(items, seed)

    def text_of(item: Item, system: System) -> tuple[str, str]:
        words = item.source.split()
        if system.kind == "refined":
            return refined[item.id], "refined model"
        if system.kind == "sft":
            return sft[item.id], "SFT model"
        if system.kind == "oracle":
            return item.target, "reference"
        if system.kind == "shuffled":
            names = [name for _, name in pairs(others[item.id].target)]
            n = min(len(words), len(names))
            return tagged(words[:n], names[:n]), f"tags of {others[item.id].id}"
        if system.kind == "random":
            rng = random.Random(f"{seed} {item.id} {direction} {system.variant}")
            names = rng.choices(sorted(frequency), [frequency[name] for name in sorted(frequency)], k=len(words))
            return tagged(words, names), "drawn by frequency in training"
        return "", ""

    priors = []
    for item in items:
        own, words = form(item, tokenizer.backend_tokenizer), item.source.split()
        for system in systems:
            whole, origin = text_of(item, system)
            text = cut(whole, "en", system.k, "tag")
            ids: tuple[int, ...] = ()
            if text and system.variant == FREE:
                prompt = prompts[system.prompt]
                ids = tuple(answer_ids(tokenizer, prompt.fill(item.source, direction), prompt.join(direction), text))
            elif text:
                ids = prior_ids(own, text, words)
            covers = bool(text) and len(pairs(text)) == len(words)
            priors.append(Prior(item.id, **asdict(system), text=text, ids=list(ids), origin=origin, covers=covers))
    return priors
