"""Scores of one unit: every system's outputs against the references, item by item and together."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from prefixyarn.metrics.bootstrap import draw_counts, interval, paired_p
from prefixyarn.metrics.faults import FAULTS, LanguageDetector, faults
from prefixyarn.metrics.translation import METRICS, corpus_score, item_scores
from prefixyarn.records import Item, Output, System

DOMAINS = ("test", "out_of_domain")


def score_unit(
    items: Mapping[str, Sequence[Item]],
    outputs: Sequence[Output],
    target: str,
    detector: LanguageDetector,
    resamples: int,
    seed: int,
) -> dict[str, Any]:
    """Score all systems of one (model, unit).

    Args:
        items: Items by domain: ``test`` and ``out_of_domain``.
        outputs: Outputs of all systems for all items.
        target: Language code of the target.
        detector: Language identification.
        resamples: Number of bootstrap resamples.
        seed: Seed of the bootstrap, the same for all directions.

    Returns:
        ``detector_error`` on the references, ``signatures``, and ``systems``: per system and domain the
        scores with intervals, their p-values against ``none``, fault rates, n, and per item the statistics and
        faults from which all of it (and the means over directions) can be computed again.
    """
    by_system: dict[System, dict[str, Output]] = defaultdict(dict)
    for output in outputs:
        by_system[output.system][output.item] = output
    references = [item.target for domain in DOMAINS for item in items[domain]]
    result: dict[str, Any] = {
        "detector_error": round(detector.error(references, target), 4),
        "domains": {domain: [item.id for item in items[domain]] for domain in DOMAINS},
        "signatures": {},
        "systems": [],
    }
    logging.info(
        "language detector on the %d references: %.1f %% wrong",
        len(references),
        100 * result["detector_error"],
    )
    baseline: dict[tuple[str, str], tuple[float, np.ndarray]] = {}
    # In their order, that of the config, but `none` first: the others are tested against it.
    for system in sorted(by_system, key=lambda s: s.kind != "none"):
        entry: dict[str, Any] = {**asdict(system)}
        for domain in DOMAINS:
            own = [by_system[system][item.id] for item in items[domain]]
            found = [faults(i, o, target, detector) for i, o in zip(items[domain], own, strict=True)]
            scores: dict[str, Any] = {
                "n": len(own),
                "prior_tokens": float(np.mean([len(o.prior_ids) for o in own])) if own else 0.0,
                "new_tokens": float(np.mean([o.new_tokens for o in own])) if own else 0.0,
                "faults": {fault: rate([f[fault] for f in found]) for fault in FAULTS},
                "item_faults": {fault: [f[fault] for f in found] for fault in FAULTS},
            }
            for metric in METRICS if own else ():
                texts = [o.text for o in own]
                item_level = item_scores(metric, texts, [i.target for i in items[domain]], target)
                result["signatures"][metric] = item_level.signature
                statistics = item_level.statistics
                score = float(corpus_score(metric, statistics.sum(axis=0)))
                resampled = corpus_score(metric, draw_counts(len(own), resamples, seed) @ statistics)
                if system.kind == "none":
                    baseline[domain, metric] = (score, resampled)
                entry_metric: dict[str, Any] = {
                    **asdict(interval(score, resampled)),
                    "items": statistics.tolist(),
                }
                if (domain, metric) in baseline and system.kind != "none":
                    none, none_resampled = baseline[domain, metric]
                    entry_metric["p_none"] = paired_p(score - none, resampled - none_resampled)
                scores[metric] = entry_metric
            entry[domain] = scores
        result["systems"].append(entry)
    return result


def rate(values: Sequence[bool | None]) -> float | None:
    """Return the share of true values among those that are not None; None if there are none."""
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else None
