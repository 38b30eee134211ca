"""Building priors: each system's text for each item, cut to its first k units, as token ids.

Units are tokens of the foundation's tokenizer (as in the paper), words, or words with their tags.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from transformers import PreTrainedTokenizerFast

from prefixyarn.data.words import TAGGED, cut, cut_words
from prefixyarn.decode.constraint import Constraint
from prefixyarn.languages import Direction
from prefixyarn.models.tokenizer import answer_ids
from prefixyarn.priors.material import Ids, Material
from prefixyarn.priors.registry import KINDS, TAGS, TEXT, maker
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, Prior, System
from prefixyarn.tasks.tagging.tags import prior_ids
from prefixyarn.tasks.task import FREE

Encode = Callable[[str, str], Ids]  # takes a filled prompt and the start of its answer


def encoder(tokenizer: PreTrainedTokenizerFast, join: str) -> Encode:
    """Return a function that gives the token ids of an answer's start after a filled prompt; it remembers them."""

    @functools.cache
    def encode(prompt: str, text: str) -> Ids:
        return tuple(answer_ids(tokenizer, prompt, join, text)) if text else ()

    return encode


def material_of(tokenizer: PreTrainedTokenizerFast, encode: Encode, prompt: Prompt, direction: Direction) -> Material:
    """Return what priors of one subset are made of where nothing more is known: no training items, no other items."""
    return Material(
        direction=direction,
        train=[],
        seed=0,
        encode=functools.partial(encode, prompt.fill("A", direction)),  # token counts do not depend on the source
        decode=lambda ids: str(tokenizer.decode(ids)),
        word_tokens=lambda word: len(tokenizer.tokenize(word)),
        others={},
    )


def build_priors(
    items: Sequence[Item],
    systems: Sequence[System],
    prompts: Mapping[str, Prompt],
    tokenizer: PreTrainedTokenizerFast,
    encode: Encode,
    material: Material,
    constraints: Mapping[str, Constraint | None],
) -> list[Prior]:
    """Build the priors of all systems for all items of one subset.

    Args:
        items: The items; references are used by ``oracle``, ``shuffled`` and the corrupt kinds alone.
        systems: The systems wanted.
        prompts: The prompt by the system's name for it (``zero-shot``, ``few-shot-N``); ids are those that the
            text has after it.
        tokenizer: The foundation's.
        encode: Of this tokenizer, see `encoder`.
        material: What the priors are made of.
        constraints: By item id, what its answers are constrained to; None where they are free text.

    Returns:
        A prior per item and system, in the order of items, then systems.

    Raises:
        InputError: A system is of a kind that there is not.
    """
    priors = []
    for item in items:
        own = constraints[item.id]
        if own is None:
            filled = prompts["zero-shot"].fill(item.source, material.direction)
            length = len(encode(filled, item.target))
            priors += [_in_text(item, s, prompts[s.prompt], tokenizer, encode, material, length) for s in systems]
        else:
            priors += [_in_tags(item, s, prompts[s.prompt], encode, material, own) for s in systems]
    return priors


def _in_text(
    item: Item,
    system: System,
    prompt: Prompt,
    tokenizer: PreTrainedTokenizerFast,
    encode: Encode,
    material: Material,
    reference: int,
) -> Prior:
    """Return the prior of an answer in free text, whose reference has so many tokens."""
    found = maker(system.kind, TEXT)(material, item, system)
    kind, code = KINDS[system.kind], material.direction.target
    text = cut_words(found.text, code, system.k) if kind.cut and system.unit == "word" else found.text
    ids = found.ids or encode(prompt.fill(item.source, material.direction), text)
    if found.ids and system.unit == "word":
        ids = _up_to(ids, text, tokenizer)
    if system.unit == "token":
        ids = ids[: system.k]
    covers = kind.cut and not kind.whole and len(ids) >= reference
    return Prior(item.id, **asdict(system), text=text, ids=list(ids), origin=found.origin, covers=covers)


def _in_tags(
    item: Item, system: System, prompt: Prompt, encode: Encode, material: Material, constraint: Constraint
) -> Prior:
    """Return the prior of a constrained answer; of the variant ``free``, of the same answer in free text."""
    found = maker(system.kind, TAGS)(material, item, system)
    text = found.text if KINDS[system.kind].whole else cut(found.text, "en", system.k, "tag")
    words = item.source.split()
    ids: Ids = ()
    if text:
        free = system.variant == FREE
        ids = encode(prompt.fill(item.source, material.direction), text) if free else prior_ids(constraint, text, words)
    covers = bool(text) and len(TAGGED.findall(text)) == len(words)
    return Prior(item.id, **asdict(system), text=text, ids=list(ids), origin=found.origin, covers=covers)


def another(items: Sequence[Item], seed: int) -> dict[str, Item]:
    """Return another item for each item, every item once."""
    order = sorted(items, key=lambda item: item.id)
    random.Random(f"{seed} shuffled").shuffle(order)
    return {item.id: other for item, other in zip(order, [*order[1:], *order[:1]], strict=True)}


def _up_to(ids: Sequence[int], text: str, tokenizer: PreTrainedTokenizerFast) -> Ids:
    """Return the first of the ids whose text holds ``text``."""
    for end in range(len(ids) + 1):
        if str(tokenizer.decode(ids[:end], skip_special_tokens=True)).strip().startswith(text):
            return tuple(ids[:end])
    return tuple(ids)
