"""Few-shot examples: the control that shows training examples in the prompt instead of a prior.

How many examples, and which, is chosen on dev like the prompt template itself (`prefixyarn.metrics.trials`).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from prefixyarn.errors import InputError
from prefixyarn.languages import Direction, language
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item

UNRELATED = "unrelated-example"  # the prompt with one fixed example before the item, that has nothing to do with it


def candidates(examples: Sequence[int], draws: int) -> list[dict[str, Any]]:
    """Return the sets of examples to try: ``name``, ``examples`` (how many) and ``draw`` (which)."""
    return [
        {"name": f"few-shot-{number} draw-{draw}", "examples": number, "draw": draw}
        for number in examples
        for draw in range(1, draws + 1)
    ]


def with_examples(prompt: Prompt, candidate: Mapping[str, Any], train: Sequence[Item], seed: int) -> Prompt:
    """Return a prompt with the examples of a candidate before the item.

    A draw is a seeded order of the training items, of which a set takes the first: more examples of a draw
    include the fewer.

    Raises:
        InputError: Fewer training items than examples.
    """
    number = candidate["examples"]
    if number > len(train):
        raise InputError(f"few_shot.examples: {number} wanted, but there are {len(train)} training items")
    order = sorted(train, key=lambda item: item.id)
    random.Random(f"{seed} examples {candidate['draw']}").shuffle(order)
    return replace(prompt, name=candidate["name"], shots=tuple((i.source, i.target) for i in order[:number]))


def system_prompts(
    prompt: Prompt, choice: dict[str, Any] | None, train: Sequence[Item], seed: int, direction: Direction
) -> dict[str, Prompt]:
    """Return the prompts by the name that systems have for them.

    These are ``zero-shot``, ``few-shot-N`` if one was chosen, and `UNRELATED`: behind one fixed example, the same for
    all items, which needs no training data. It shows what a change of language in the prompt does by itself.

    Args:
        prompt: The chosen template.
        choice: The choice of examples, or None.
        train: The direction's training items.
        seed: Seed of the draws.
        direction: The direction of the fixed example.
    """
    shot = (language(direction.source).example, language(direction.target).example)
    prompts = {"zero-shot": prompt, UNRELATED: replace(prompt, name=UNRELATED, shots=(shot,))}
    if choice:
        chosen = choice["prompt"]
        prompts[f"few-shot-{chosen['examples']}"] = with_examples(prompt, chosen, train, seed)
    return prompts
