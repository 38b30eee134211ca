"""Trials on dev: the choice of the prompt and of the few-shot examples, and the dev score of SFT checkpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prefixyarn.languages import Direction
from prefixyarn.metrics.metric import Metric
from prefixyarn.records import Item, Output

Units = Mapping[str, tuple[Sequence[Item], Sequence[Output]]]


def trial_scores(metric: Metric, units: Units) -> dict[str, float]:
    """Return the score by unit, and ``mean`` over units.

    Args:
        metric: The task's main metric.
        units: By unit: its items, and an output for each.
    """
    scores = {}
    for unit, (items, outputs) in units.items():
        texts = {output.item: output.text for output in outputs}
        target = Direction.parse(unit).target
        scores[unit] = metric.corpus([texts[i.id] for i in items], [i.target for i in items], target)
    return {**scores, "mean": sum(scores.values()) / len(scores)}


def choose(metric: Metric, candidates: Sequence[Mapping[str, Any]], units: Units) -> dict[str, Any]:
    """Choose the candidate with the best mean dev score over units; of equals, the first.

    Args:
        metric: The task's main metric.
        candidates: Prompt templates or sets of examples, each with a ``name``, which is its outputs' ``prompt``.
        units: By unit: its trial items, and an output per candidate and item.

    Returns:
        ``chosen`` (a name), ``prompt`` (that candidate), ``scores`` (by candidate: per unit and
        ``mean``), ``n`` (items per unit).
    """
    scores = {
        candidate["name"]: trial_scores(
            metric,
            {
                unit: (items, [o for o in outputs if o.prompt == candidate["name"]])
                for unit, (items, outputs) in units.items()
            },
        )
        for candidate in candidates
    }
    best = max(candidates, key=lambda candidate: scores[candidate["name"]]["mean"])
    n = len(next(iter(units.values()))[0])
    return {"chosen": best["name"], "prompt": dict(best), "scores": scores, "n": n}
