"""Trials on dev: the choice of the prompt and of the few-shot examples, and the dev score of SFT checkpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prefixyarn.languages import Direction
from prefixyarn.metrics.translation import corpus_score, item_scores
from prefixyarn.records import Item, Output

Units = Mapping[str, tuple[Sequence[Item], Sequence[Output]]]


def trial_scores(units: Units) -> dict[str, float]:
    """Return chrF++ by direction, and ``mean`` over directions.

    Args:
        units: By direction: its items, and an output for each.
    """
    scores = {}
    for unit, (items, outputs) in units.items():
        texts = {output.item: output.text for output in outputs}
        target = Direction.parse(unit).target
        statistics = item_scores("chrf", [texts[i.id] for i in items], [i.target for i in items], target).statistics
        scores[unit] = float(corpus_score("chrf", statistics.sum(axis=0)))
    return {**scores, "mean": sum(scores.values()) / len(scores)}


def choose(candidates: Sequence[Mapping[str, Any]], units: Units) -> dict[str, Any]:
    """Choose the candidate with the best mean dev chrF++ over directions; of equals, the first.

    Args:
        candidates: Prompt templates or sets of examples, each with a ``name``, which is its outputs' ``prompt``.
        units: By direction: its trial items, and an output per candidate and item.

    Returns:
        ``chosen`` (a name), ``prompt`` (that candidate), ``scores`` (by candidate: chrF++ per direction and
        ``mean``), ``n`` (items per direction).
    """
    scores = {
        candidate["name"]: trial_scores(
            {
                unit: (items, [o for o in outputs if o.prompt == candidate["name"]])
                for unit, (items, outputs) in units.items()
            }
        )
        for candidate in candidates
    }
    best = max(candidates, key=lambda candidate: scores[candidate["name"]]["mean"])
    n = len(next(iter(units.values()))[0])
    return {"chosen": best["name"], "prompt": dict(best), "scores": scores, "n": n}
