"""The choice of the prompt: by dev score of the foundation without prior, so that no system is favoured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prefixyarn.languages import Direction
from prefixyarn.metrics.translation import corpus_score, item_scores
from prefixyarn.records import Item, Output


def choose(
    prompts: Sequence[Mapping[str, str]], units: Mapping[str, tuple[Sequence[Item], Sequence[Output]]]
) -> dict[str, Any]:
    """Choose the template with the best mean dev chrF++ over directions; of equals, the first.

    Args:
        prompts: Templates, each with ``name`` and ``text``.
        units: By direction: its dev items, and an output per template and item.

    Returns:
        ``chosen`` (a name), ``prompt`` (that template), ``scores`` (by template: chrF++ per direction and
        ``mean``), ``n`` (items per direction).
    """
    scores: dict[str, dict[str, float]] = {}
    for prompt in prompts:
        own = scores[prompt["name"]] = {}
        for unit, (items, outputs) in units.items():
            texts = {o.item: o.text for o in outputs if o.prompt == prompt["name"]}
            target = Direction.parse(unit).target
            statistics = item_scores("chrf", [texts[i.id] for i in items], [i.target for i in items], target).statistics
            own[unit] = float(corpus_score("chrf", statistics.sum(axis=0)))
        own["mean"] = sum(own.values()) / len(units)
    best = max(prompts, key=lambda prompt: scores[prompt["name"]]["mean"])
    n = len(next(iter(units.values()))[0])
    return {"chosen": best["name"], "prompt": dict(best), "scores": scores, "n": n}
