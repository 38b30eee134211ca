"""Scores of a subset: every system's answers against the references, item by item and together."""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from prefixyarn.errors import InputError
from prefixyarn.metrics.bootstrap import draw_counts, interval, paired_p
from prefixyarn.metrics.continuation import PrefixStripper
from prefixyarn.metrics.language_id import LanguageDetector
from prefixyarn.metrics.metric import ItemScores, Metric
from prefixyarn.records import AGAIN, Item, Output, System, write_json
from prefixyarn.systems import NONE, SFT
from prefixyarn.tasks.scoring import ErrorType, Scores

DOMAINS = ("test", "out_of_domain")


@dataclass(frozen=True)
class MetricScore:
    """The score of a system's answers by one metric.

    Attributes:
        score: The score.
        low: The lower end of its 95 % interval.
        high: The upper end.
        items: The statistics of each item: from them the score, its interval and all means can be computed again.
        p_none: p-value of the paired test against ``none``; None for ``none`` itself.
        p_sft: The same against the SFT model; None without one.
    """

    score: float
    low: float
    high: float
    items: list[list[int | float]]
    p_none: float | None = None
    p_sft: float | None = None


@dataclass(frozen=True)
class DomainScores:
    """A system's answers to the items of one domain.

    Attributes:
        n: Number of items.
        prior_tokens: Mean tokens of a prior.
        new_tokens: Mean tokens of what the model added.
        covered: Share (0 to 1) of items whose prior is as long as the reference; None without items.
        error_types: By type of error its rate, over the items of which it can be told; None if there are none.
        item_error_types: By type of error what was found in each item.
        metrics: The scores, by the metrics' names.
    """

    n: int
    prior_tokens: float
    new_tokens: float
    covered: float | None
    error_types: dict[str, float | None]
    item_error_types: dict[str, list[bool | float | None]]
    metrics: dict[str, MetricScore]


@dataclass(frozen=True)
class Continuation:
    """The score of a system's answers without their first units, against such references.

    Attributes:
        k: How many units are taken off.
        unit: Of which kind.
        metric: The metric's name.
        score: The score.
        items: The statistics of each item.
    """

    k: int
    unit: str
    metric: str
    score: float
    items: list[list[int | float]]


@dataclass(frozen=True)
class SystemScores:
    """One system: its answers by domain, and what follows the first units of those in-domain."""

    system: System
    test: DomainScores
    out_of_domain: DomainScores
    continuations: list[Continuation]

    def of_domain(self, domain: str) -> DomainScores:
        """Return the scores in a domain of `DOMAINS`."""
        return self.test if domain == "test" else self.out_of_domain

    def continuation(self, k: int, unit: str, metric: str) -> Continuation:
        """Return the score without the first k units, by a metric's name."""
        return next(own for own in self.continuations if (own.k, own.unit, own.metric) == (k, unit, metric))


@dataclass(frozen=True)
class SubsetScores:
    """All systems of one foundation on one subset.

    Attributes:
        detector_error: The language detector's error rate on the references; None where answers are no text.
        domains: The items' ids by domain, in the order of all their lists here.
        signatures: By metric all that is needed to compute its scores again.
        systems: The systems, in the order of tables.
        shortened: Share (0 to 1) of test sources that were cut at a sentence end, being too long.
    """

    detector_error: float | None
    domains: dict[str, list[str]]
    signatures: dict[str, str]
    systems: list[SystemScores]
    shortened: float


_FILE = TypeAdapter(dict[str, SubsetScores])


def write_scores(path: str | os.PathLike[str], scores: Mapping[str, SubsetScores]) -> None:
    """Write the scores of a task's subsets, by subset."""
    write_json(path, _FILE.dump_python(dict(scores)))


def read_scores(path: str | os.PathLike[str], subsets: Iterable[str] = ()) -> dict[str, SubsetScores]:
    """Read what `write_scores` wrote.

    Args:
        path: The file.
        subsets: Those that it must have.

    Raises:
        InputError: It holds something else; file and subset are named.
    """
    try:
        found = _FILE.validate_json(Path(path).read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"{path}: not the scores of subsets ({where}: {first['msg']}). {AGAIN}") from error
    if lacking := [subset for subset in subsets if subset not in found]:
        raise InputError(f"{path}: no scores of {lacking[0]}. {AGAIN}")
    for subset, scored in found.items():
        for system in scored.systems:
            for domain in DOMAINS:
                own, items = system.of_domain(domain), scored.domains.get(domain, [])
                counts = {own.n, *(len(metric.items) for metric in own.metrics.values())}
                if counts | {len(flags) for flags in own.item_error_types.values()} != {len(items)}:
                    raise InputError(
                        f"{path}: {subset}, {system.system}: expected a score of each of the {len(items)} items of "
                        f"{domain}. {AGAIN}"
                    )
    return found


def score_subset(
    task: Scores,
    items: Mapping[str, Sequence[Item]],
    outputs: Sequence[Output],
    covers: Mapping[tuple[str, System], bool],
    target: str,
    detector: LanguageDetector,
    stripper: PrefixStripper,
    cuts: Sequence[tuple[int, str]],
    resamples: int,
    seed: int,
    shortened: float = 0.0,
) -> SubsetScores:
    """Score all systems of one foundation on one subset.

    Args:
        task: How the task's answers are scored.
        items: Items by domain: ``test`` and ``out_of_domain``.
        outputs: Outputs of all systems for all items.
        covers: By item and system, whether its prior is as long as the whole reference; missing is no.
        target: Language code of the answers.
        detector: Language identification.
        stripper: Takes first units off answers and references.
        cuts: How many units of which kind to take off, for the scores of continuations.
        resamples: Number of bootstrap resamples.
        seed: Seed of the bootstrap, the same for all subsets.
        shortened: Share of test sources that were cut, being too long.
    """
    answers: dict[System, dict[str, Output]] = defaultdict(dict)
    for output in outputs:
        answers[output.system][output.item] = output
    detector_error = None
    if task.detects:
        references = [item.target for domain in DOMAINS for item in items[domain]]
        detector_error = round(detector.error(references, target), 4)
        logging.info("language detector on the %d references: %.1f %% wrong", len(references), 100 * detector_error)
    signatures: dict[str, str] = {}
    scored: dict[str, dict[System, DomainScores]] = {}
    for domain in DOMAINS:
        own = {system: [of_item[item.id] for item in items[domain]] for system, of_item in answers.items()}
        metrics: dict[System, dict[str, MetricScore]] = {system: {} for system in own}
        for metric in task.metrics if items[domain] else ():
            texts = {system: [output.text for output in of] for system, of in own.items()}
            found = {s: metric.items(of, [i.target for i in items[domain]], target) for s, of in texts.items()}
            signatures[metric.name] = next(iter(found.values())).signature
            for system, score in _metric_scores(metric, found, resamples, seed).items():
                metrics[system][metric.name] = score
        scored[domain] = {}
        for system, of in own.items():
            errors = [task.error_types(i, o, target, detector) for i, o in zip(items[domain], of, strict=True)]
            covered = [covers.get((output.item, system), False) for output in of]
            scored[domain][system] = _domain_scores(of, errors, covered, metrics[system])
    return SubsetScores(
        detector_error=detector_error,
        domains={domain: [item.id for item in items[domain]] for domain in DOMAINS},
        signatures=signatures,
        systems=[
            SystemScores(
                system=system,
                test=scored["test"][system],
                out_of_domain=scored["out_of_domain"][system],
                continuations=_continuations(task, items["test"], of_item, target, stripper, cuts),
            )
            for system, of_item in answers.items()
        ],
        shortened=shortened,
    )


def _metric_scores(
    metric: Metric, found: Mapping[System, ItemScores], resamples: int, seed: int
) -> dict[System, MetricScore]:
    """Return the systems' scores by one metric, with intervals and tests, from the statistics of their items."""
    n = len(next(iter(found.values())).statistics)
    counts = draw_counts(n, resamples, seed)
    scores = {system: float(metric.score(own.statistics.sum(axis=0))) for system, own in found.items()}
    resampled = {system: metric.score(counts @ own.statistics) for system, own in found.items()}

    def p(system: System, baseline: System) -> float | None:
        if system == baseline or baseline not in scores:
            return None
        return paired_p(scores[system] - scores[baseline], resampled[system] - resampled[baseline])

    return {
        system: MetricScore(
            **asdict(interval(scores[system], resampled[system])),
            items=own.statistics.tolist(),
            p_none=p(system, NONE),
            p_sft=p(system, SFT),
        )
        for system, own in found.items()
    }


def _domain_scores(
    outputs: Sequence[Output],
    errors: Sequence[Mapping[str, ErrorType]],
    covered: Sequence[bool],
    metrics: dict[str, MetricScore],
) -> DomainScores:
    by_type = {name: [own[name] for own in errors] for name in (errors[0] if errors else ())}
    return DomainScores(
        n=len(outputs),
        prior_tokens=float(np.mean([len(o.prior_ids) for o in outputs])) if outputs else 0.0,
        new_tokens=float(np.mean([o.new_tokens for o in outputs])) if outputs else 0.0,
        covered=rate(covered),
        error_types={name: rate(values) for name, values in by_type.items()},
        item_error_types=by_type,
        metrics=metrics,
    )


def _continuations(
    task: Scores,
    items: Sequence[Item],
    answers: Mapping[str, Output],
    target: str,
    stripper: PrefixStripper,
    cuts: Sequence[tuple[int, str]],
) -> list[Continuation]:
    found = []
    for k, unit in cuts:
        tails = [stripper.of_output(answers[item.id], k, unit) for item in items]
        rests = [stripper.of_text(item.target, k, unit) for item in items]
        for metric in task.metrics:
            statistics = metric.items(tails, rests, target).statistics
            score = float(metric.score(statistics.sum(axis=0)))
            found.append(Continuation(k, unit, metric.name, score, statistics.tolist()))
    return found


def rate(values: Sequence[ErrorType]) -> float | None:
    """Return the mean of the values that are not None, a true one counting 1; None if there are none."""
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else None
