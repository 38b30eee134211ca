"""Trials on dev: the choice of the prompt and of the few-shot examples, and the dev score of SFT checkpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prefixyarn.languages import Direction
from prefixyarn.metrics.metric import Metric
from prefixyarn.records import Item, Output

Subsets = Mapping[str, tuple[Sequence[Item], Sequence[Output]]]


def trial_scores(metric: Metric, subsets: Subsets) -> dict[str, float]:
    """Return the score by subset, and ``mean`` over subsets.

    Args:
        metric: The task's main metric.
        subsets: By subset: its items, and an output for each.
    """
    scores = {}
    for subset, (items, outputs) in subsets.items():
        texts = {output.item: output.text for output in outputs}
        target = Direction.parse(subset).target
        scores[subset] = metric.corpus([texts[i.id] for i in items], [i.target for i in items], target)
    return {**scores, "mean": sum(scores.values()) / len(scores)}


def choose(metric: Metric, candidates: Sequence[Mapping[str, Any]], subsets: Subsets) -> dict[str, Any]:
    """Choose the candidate with the best mean dev score over subsets; of equals, the first.

    Args:
        metric: The task's main metric.
        candidates: Prompt templates or sets of examples, each with a ``name``, which is its outputs' ``prompt``.
        subsets: By subset: its trial items, and an output per candidate and item. Of one candidate nothing is needed.

    Returns:
        ``chosen`` (a name), ``prompt`` (that candidate), ``scores`` (by candidate: per subset and
        ``mean``; none of one candidate), ``n`` (items per subset).
    """
    if len(candidates) == 1:
        return {"chosen": candidates[0]["name"], "prompt": dict(candidates[0]), "scores": {}, "n": 0}
    scores = {
        candidate["name"]: trial_scores(
            metric,
            {
                subset: (items, [o for o in outputs if o.prompt == candidate["name"]])
                for subset, (items, outputs) in subsets.items()
            },
        )
        for candidate in candidates
    }
    best = max(candidates, key=lambda candidate: scores[candidate["name"]]["mean"])
    n = len(next(iter(subsets.values()))[0])
    return {"chosen": best["name"], "prompt": dict(best), "scores": scores, "n": n}
