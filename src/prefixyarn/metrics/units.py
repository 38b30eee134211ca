"""Scores of one unit: every system's outputs against the references, item by item and together."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from prefixyarn.metrics.bootstrap import draw_counts, interval, paired_p
from prefixyarn.metrics.continuation import Cutter
from prefixyarn.metrics.faults import LanguageDetector
from prefixyarn.records import Item, Output, System
from prefixyarn.tasks.scoring import Fault, Scores

DOMAINS = ("test", "out_of_domain")
NONE, SFT = System("none"), System("none", model="sft")
BASELINES = {"none": NONE, "sft": SFT}  # what every system is tested against


def score_unit(
    task: Scores,
    items: Mapping[str, Sequence[Item]],
    outputs: Sequence[Output],
    covers: Mapping[tuple[str, System], bool],
    target: str,
    detector: LanguageDetector,
    cutter: Cutter,
    cuts: Sequence[tuple[int, str]],
    resamples: int,
    seed: int,
) -> dict[str, Any]:
    """Score all systems of one (foundation, unit).

    Args:
        task: How the task's answers are scored.
        items: Items by domain: ``test`` and ``out_of_domain``.
        outputs: Outputs of all systems for all items.
        covers: By item and system, whether its prior is as long as the whole reference; missing is no.
        target: Language code of the answers.
        detector: Language identification.
        cutter: Takes first units off answers and references.
        cuts: How many units of which kind to take off, for the scores of continuations.
        resamples: Number of bootstrap resamples.
        seed: Seed of the bootstrap, the same for all directions.

    Returns:
        ``detector_error`` on the references (None where answers are no text), ``signatures``, and ``systems``: per
            system and domain the
        scores with intervals, their p-values against ``none`` and ``sft``, fault rates, n, per item the statistics
        and faults from which all of it (and the means over directions) can be computed again; and, in-domain,
        ``continuations``: per cut and metric the score and the statistics of the items.
    """
    by_system: dict[System, dict[str, Output]] = defaultdict(dict)
    for output in outputs:
        by_system[output.system][output.item] = output
    references = [item.target for domain in DOMAINS for item in items[domain]]
    result: dict[str, Any] = {
        "detector_error": round(detector.error(references, target), 4) if task.detects else None,
        "domains": {domain: [item.id for item in items[domain]] for domain in DOMAINS},
        "signatures": {},
        "systems": [],
    }
    if task.detects:
        error = 100 * result["detector_error"]
        logging.info("language detector on the %d references: %.1f %% wrong", len(references), error)
    counts = {domain: draw_counts(len(items[domain]), resamples, seed) for domain in DOMAINS if items[domain]}
    # (score, score on each resample) by domain, metric and system.
    scored: dict[tuple[str, str, System], tuple[float, np.ndarray]] = {}
    for system, answers in by_system.items():
        entry: dict[str, Any] = asdict(system)
        for domain in DOMAINS:
            own = [answers[item.id] for item in items[domain]]
            found = [task.faults(i, o, target, detector) for i, o in zip(items[domain], own, strict=True)]
            names = list(found[0]) if found else []
            entry[domain] = {
                "n": len(own),
                "prior_tokens": float(np.mean([len(o.prior_ids) for o in own])) if own else 0.0,
                "new_tokens": float(np.mean([o.new_tokens for o in own])) if own else 0.0,
                "covered": rate([covers.get((o.item, system), False) for o in own]),
                "faults": {fault: rate([f[fault] for f in found]) for fault in names},
                "item_faults": {fault: [f[fault] for f in found] for fault in names},
            }
            for metric in task.metrics if own else ():
                item_level = metric.items([o.text for o in own], [i.target for i in items[domain]], target)
                result["signatures"][metric.name] = item_level.signature
                statistics = item_level.statistics
                score = float(metric.score(statistics.sum(axis=0)))
                resampled = metric.score(counts[domain] @ statistics)
                scored[domain, metric.name, system] = score, resampled
                entry[domain][metric.name] = {**asdict(interval(score, resampled)), "items": statistics.tolist()}
        entry["continuations"] = {}
        for k, k_unit in cuts:
            tails = [cutter.of_output(answers[item.id], k, k_unit) for item in items["test"]]
            rests = [cutter.of_text(item.target, k, k_unit) for item in items["test"]]
            own_cut = entry["continuations"][f"{k} {k_unit}"] = {}
            for metric in task.metrics:
                statistics = metric.items(tails, rests, target).statistics
                score = float(metric.score(statistics.sum(axis=0)))
                own_cut[metric.name] = {"score": score, "items": statistics.tolist()}
        result["systems"].append(entry)
    for (domain, measure, system), (score, resampled) in scored.items():
        entry = result["systems"][list(by_system).index(system)]
        for name, baseline in BASELINES.items():
            if system != baseline and (domain, measure, baseline) in scored:
                other, other_resampled = scored[domain, measure, baseline]
                entry[domain][measure][f"p_{name}"] = paired_p(score - other, resampled - other_resampled)
    return result


def rate(values: Sequence[Fault]) -> float | None:
    """Return the mean of the values that are not None, a true one counting 1; None if there are none."""
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else None
