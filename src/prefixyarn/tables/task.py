"""A task's table: every system as a share of the SFT model, with tests, verdicts and the paper's own figures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

from prefixyarn.errors import InputError
from prefixyarn.metrics.bootstrap import Interval, draw_counts, interval
from prefixyarn.metrics.metric import Metric
from prefixyarn.metrics.shares import Mean, average, corpus_mean, difference, p_value, recovery, share
from prefixyarn.metrics.subsets import DOMAINS, DomainScores, SubsetScores, SystemScores
from prefixyarn.priors.registry import KINDS
from prefixyarn.records import System
from prefixyarn.systems import DRAWS, NONE, SFT, headline
from prefixyarn.tables.informative import against_constant
from prefixyarn.tables.render import ends, latex, markdown, number, p_cell, percent, plain, system_cells, with_ends
from prefixyarn.tables.rows import ScoreRow, find_row, row_of, rows_of, systems_of
from prefixyarn.tasks.scoring import Scores
from prefixyarn.tasks.task import FREE

TaskScores = Mapping[str, Mapping[str, SubsetScores]]  # by foundation and subset


def task_rows(task: Scores, scores: TaskScores, resamples: int, seed: int) -> list[ScoreRow]:
    """Return a task's table: per metric, foundation and system its mean over subsets, and what it is a mean of.

    Args:
        task: How the task's answers are scored.
        scores: By foundation and subset.
        resamples: Number of bootstrap resamples.
        seed: Seed of the bootstrap: that of the subsets' own, so that draws are the same.

    Returns:
        Per system the mean of whole answers, a row per subset, the means of continuations, and where there are items
        out of domain the mean of those. Several draws of a random kind also have rows of their mean (`draws`), by which
        the kind is judged. Without an SFT model all shares are None.
    """
    rows = []
    for metric in task.metrics:
        for foundation, subsets in scores.items():
            rows += _Table(metric, foundation, subsets, resamples, seed).rows()
    return rows


def by_system(foundation: str, subsets: Mapping[str, SubsetScores]) -> dict[System, list[SystemScores]]:
    """Return the scores of each system, one per subset, in the order of the first subset's systems.

    Raises:
        InputError: A subset lacks a system that another has.
    """
    found: dict[System, list[SystemScores]] = {}
    for own in subsets.values():
        for entry in own.systems:
            found.setdefault(entry.system, []).append(entry)
    for system, entries in found.items():
        if len(entries) != len(subsets):
            lacking = [name for name, own in subsets.items() if system not in (e.system for e in own.systems)]
            raise InputError(
                f"{foundation}: no scores of {system} on {', '.join(lacking)}, but on other subsets. Remove the "
                "foundation's scores, so that the pipeline makes them again."
            )
    return found


class _Table:
    """The rows of one metric and foundation."""

    def __init__(
        self, metric: Metric, foundation: str, subsets: Mapping[str, SubsetScores], resamples: int, seed: int
    ) -> None:
        self._metric, self._foundation, self._subsets = metric, foundation, list(subsets)
        found = by_system(foundation, subsets)
        first = found[NONE][0]
        self._n = {domain: first.of_domain(domain).n for domain in DOMAINS}
        self._counts = {domain: draw_counts(n, resamples, seed) for domain, n in self._n.items() if n}
        self._cuts = sorted({(own.k, own.unit) for own in first.continuations})
        # By system and subset its scores: one, or those of several random draws.
        self._entries = drawn_together(found)
        # By domain and system: its scores on each subset, and their mean.
        self._own: dict[tuple[str, System], list[Mean]] = {}
        self._mean: dict[tuple[str, System], Mean] = {}
        # By domain and system: the share of continuations in another language, in per cent.
        self._off_target: dict[tuple[str, System], Mean | None] = {}
        for domain, counts in self._counts.items():
            for system, means in means_by_subset(metric, self._entries, counts, domain).items():
                self._own[domain, system], self._mean[domain, system] = means, average(means)
                self._off_target[domain, system] = _off_target(self._entries[system], counts, domain)

    def rows(self) -> list[ScoreRow]:
        """Return the rows, system by system."""
        by_subset = [{key: means[n] for key, means in self._own.items()} for n in range(len(self._subsets))]
        rows = []
        for system, entries in self._entries.items():
            rows.append(self._row("test", system, self._mean, chain(*entries)))
            for n, subset in enumerate(self._subsets):
                rows.append(self._row("test", system, by_subset[n], entries[n], subset))
            rows += [self._continuation_row(system, k, unit) for k, unit in self._cuts]
            if "out_of_domain" in self._counts:
                rows.append(self._row("out_of_domain", system, self._mean, chain(*entries)))
        return rows

    def _row(
        self,
        domain: str,
        system: System,
        means: Mapping[tuple[str, System], Mean],
        entries: Iterable[SystemScores],
        subset: str = "",
    ) -> ScoreRow:
        """Return a system's row of one domain: on a subset, or the mean."""
        own, none, sft = (means.get((domain, other)) for other in (system, NONE, SFT))
        same = means.get((domain, replace(system, model="sft"))) if system.k else None
        assert own and none, "each system has scores, and none is one"
        return ScoreRow(
            **self._names(domain, system, subset),
            score=interval(own.score, own.resampled),
            share=None if not sft else _subset_share(own, sft) if subset else share(own, sft),
            recovery=recovery(own, none, sft) if sft and system != NONE and not subset and domain == "test" else None,
            gain=difference(own, none) if system != NONE else None,
            same_prior=share(own, same) if same and system.model == "foundation" else None,
            off_target_change=self._off_target_change(domain, system) if system != NONE and not subset else None,
            p_none=p_value(own, none) if system != NONE else None,
            p_sft=p_value(own, sft) if sft and system != SFT else None,
            **_rates([entry.of_domain(domain) for entry in entries]),
        )

    def _off_target_change(self, domain: str, system: System) -> Interval | None:
        own, none = (self._off_target[domain, other] for other in (system, NONE))
        return difference(own, none) if own and none else None

    def _continuation_row(self, system: System, k: int, unit: str) -> ScoreRow:
        mean, tuned = self._continuation(system, k, unit), replace(system, model="sft")
        sft = self._continuation(SFT, k, unit) if SFT in self._entries else None
        own = (k, unit) == (system.k, system.unit) and system.model == "foundation" and tuned in self._entries
        return ScoreRow(
            **{**self._names("test", system), "without_k": k, "without_unit": unit},
            score=interval(mean.score, mean.resampled),
            share=share(mean, sft) if sft else None,
            same_prior=share(mean, self._continuation(tuned, k, unit)) if own else None,
        )

    def _continuation(self, system: System, k: int, unit: str) -> Mean:
        found = [entry.continuation(k, unit, self._metric.name) for own in self._entries[system] for entry in own]
        return average([corpus_mean(self._metric, c.score, c.items, self._counts["test"]) for c in found])

    def _names(self, domain: str, system: System, subset: str = "") -> dict[str, Any]:
        return {
            "foundation": self._foundation,
            "metric": self._metric.title,
            "system": system,
            "domain": domain,
            "subset": subset,
            "without_k": 0,
            "without_unit": "",
            "n": self._n[domain],
        }


def _off_target(entries: Sequence[Sequence[SystemScores]], counts: np.ndarray, domain: str) -> Mean | None:
    """Return the mean share of continuations in another language, in per cent; None where some subset has none."""
    means = []
    for own in entries:
        of_draws = [entry.of_domain(domain).item_error_types.get("off_target") for entry in own]
        items = np.array([[np.nan if v is None else v for v in found] for found in of_draws if found], dtype=float)
        if not items.size or np.isnan(items).all():
            return None
        known, wrong = (~np.isnan(items)).sum(0), np.nansum(items, 0)
        drawn = counts @ known
        resampled = np.divide(counts @ wrong, drawn, out=np.zeros(len(drawn)), where=drawn > 0)
        means.append(Mean(100 * float(wrong.sum() / known.sum()), 100 * resampled))
    return average(means)


def means_by_subset(
    metric: Metric,
    entries: Mapping[System, Sequence[Sequence[SystemScores]]],
    counts: np.ndarray,
    domain: str = "test",
) -> dict[System, list[Mean]]:
    """Return each system's score on each subset, of several draws their mean.

    Args:
        metric: The metric.
        entries: From `drawn_together`.
        counts: How often each item is drawn, shape (resamples, items).
        domain: Of `prefixyarn.metrics.subsets.DOMAINS`.
    """

    def mean(drawn: Sequence[SystemScores]) -> Mean:
        scores = [own.of_domain(domain).metrics[metric.name] for own in drawn]
        return average([corpus_mean(metric, own.score, own.items, counts) for own in scores])

    return {system: [mean(drawn) for drawn in own] for system, own in entries.items()}


def judged(
    systems: Iterable[System],
    kind: str,
    model: str = "foundation",
    variant: str | None = None,
    prompt: str = "zero-shot",
) -> System | None:
    """Return the system that a kind is judged by, or None: its headline's, of several random draws their mean.

    Args:
        systems: Systems in the order of tables.
        kind: The prior kind.
        model: What decodes.
        variant: The variant; None for the first there is.
        prompt: The prompt; ``few-shot`` for whichever number of examples was chosen.
    """
    listed = list(systems)
    drawn = any(s.kind == kind and s.variant == DRAWS for s in listed)
    chosen = DRAWS if variant is None and drawn else variant
    prompts = dict.fromkeys(s.prompt for s in listed if s.prompt.startswith(prompt))
    return next((found for name in prompts if (found := headline(listed, kind, model, chosen, name))), None)


def drawn_together(systems: Mapping[System, list[SystemScores]]) -> dict[System, list[list[SystemScores]]]:
    """Return the scores of each system on each subset: its own, and of the mean of several random draws all of theirs.

    That mean is a system of the variant `DRAWS`, after its last draw.
    """
    draws: dict[System, list[System]] = {}
    for system in systems:
        if system.kind in KINDS and KINDS[system.kind].random and system.variant != FREE:
            draws.setdefault(replace(system, variant=DRAWS), []).append(system)
    last = {drawn[-1]: (mean, drawn) for mean, drawn in draws.items() if len(drawn) > 1}
    found = {}
    for system, entries in systems.items():
        found[system] = [[own] for own in entries]
        if system in last:
            mean, drawn = last[system]
            found[mean] = [list(own) for own in zip(*(systems[draw] for draw in drawn), strict=True)]
    return found


def _subset_share(own: Mean, sft: Mean) -> Interval | None:
    """Return the share on one subset: of few items, the SFT model may score 0 on a resample, which bounds nothing."""
    found = share(own, sft)
    if found is None and sft.score > 0:
        return Interval(100 * own.score / sft.score, 0.0, math.inf)
    return found


def _rates(entries: Sequence[DomainScores]) -> dict[str, Any]:
    """Return the rates of errors, the tokens and the coverage, as means over subsets of which they are known."""
    found = {name: mean_rate([own.error_types[name] for own in entries]) for name in entries[0].error_types}
    for name in ("prior_tokens", "new_tokens", "covered"):
        found[name] = mean_rate([getattr(own, name) for own in entries])
    return found


def mean_rate(values: Sequence[float | None]) -> float | None:
    """Return the mean of the values that are known; None if none is."""
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else None


def task_markdown(
    task: Scores, rows: Sequence[ScoreRow], subsets: Sequence[str], foundations: Mapping[str, str]
) -> str:
    """Render a task's rows as Markdown: per foundation and metric a table in tokens, words apart, continuations last.

    Args:
        task: How the task's answers are scored.
        rows: From `task_rows`.
        subsets: Columns, in order.
        foundations: Label of each foundation by its name.
    """
    parts = []
    for foundation, label in foundations.items():
        for metric in (metric.title for metric in task.metrics):
            own = rows_of(rows, foundation, metric)
            systems = systems_of(own)
            tokens = [_shown(task, own, system, subsets) for system in systems if system.unit != "word"]
            in_words = [_shown(task, own, system, subsets) for system in systems if system.unit == "word"]
            parts.append(f"### {metric}, {plain(label)}\n\n{markdown(tokens)}\n")
            if in_words:
                parts.append(f"#### {metric}, priors in words\n\n{markdown(in_words)}\n")
            cuts = list(dict.fromkeys((row.without_k, row.without_unit) for row in own if row.without_k))
            if cuts:
                shown = [_continuations(own, system, cuts) for system in systems]
                parts.append(f"#### {metric} of continuations alone\n\n{markdown(shown)}\n")
    return "\n".join(parts)


def _shown(task: Scores, rows: Sequence[ScoreRow], system: System, subsets: Sequence[str]) -> dict[str, str]:
    mean, judged = row_of(rows, system), task.constant and rows[0].metric == task.metrics[0].title
    return {
        **system_cells(system),
        **{subset: number(row_of(rows, system, subset).score) for subset in subsets},
        "mean": number(mean.score),
        "share": number(mean.share),
        "95 %": ends(mean.share),
        "recovery": number(mean.recovery),
        "gain": with_ends(mean.gain) if mean.gain else "–",
        "p none": p_cell(mean.p_none),
        "p sft": p_cell(mean.p_sft),
        **{name.replace("_", "-"): percent(getattr(mean, name)) for name in task.error_columns},
        "prior tokens": number(mean.prior_tokens),
        "covered": percent(mean.covered),
        **({"against a constant": _against_constant(task, rows, system)} if judged else {}),
    }


def _against_constant(task: Scores, rows: Sequence[ScoreRow], system: System) -> str:
    """Return whether a system says anything: what it was handed is left out, of the constant answer as well."""
    given = (system.k, system.unit) if system.k else (0, "")
    own, constant = (find_row(rows, s, without=given) for s in (system, System("none", model=task.constant)))
    if own is None or constant is None or system.model == task.constant:
        return "–"
    return against_constant(own.score, constant.score)


def _continuations(rows: Sequence[ScoreRow], system: System, cuts: Sequence[tuple[int, str]]) -> dict[str, str]:
    cells = system_cells(system)
    for k, unit in cuts:
        row, name = row_of(rows, system, without=(k, unit)), f"without {k} {unit}{'s' if k != 1 else ''}"
        cells |= {name: number(row.score), f"share {name}": number(row.share), f"95 % {name}": ends(row.share)}
    return cells


def task_latex(task: Scores, rows: Sequence[ScoreRow], subsets: Sequence[str], foundations: Mapping[str, str]) -> str:
    """Render the main metric's rows, without those in words, as a LaTeX table with booktabs lines, per foundation."""
    metric, parts = task.metrics[0].title, []
    for foundation, label in foundations.items():
        own = rows_of(rows, foundation, metric)
        shown = []
        for system in (system for system in systems_of(own) if system.unit != "word"):
            mean = row_of(own, system)
            shown.append(
                {
                    **system_cells(system),
                    **{subset: number(row_of(own, system, subset).score) for subset in subsets},
                    "mean": number(mean.score),
                    "% of SFT": number(mean.share),
                    "95 %": ends(mean.share),
                }
            )
        parts.append(f"% {metric}, {label}\n{latex(shown)}\n")
    return "\n".join(parts)


def task_notes(
    task: Scores,
    scores: TaskScores,
    rows: Sequence[ScoreRow],
    sft: Mapping[str, Mapping[str, Any]],
    refined: Mapping[str, Any] | None,
    resamples: int,
    config: Mapping[str, Any],
) -> str:
    """Return what a reader must know to read a task's table, as a Markdown list.

    Args:
        task: How the task's answers are scored.
        scores: By foundation and subset.
        rows: From `task_rows`.
        sft: The SFT model's manifest by foundation; empty without SFT models.
        refined: The refined model's manifest, if there is one.
        resamples: Number of bootstrap resamples.
        config: The task's block of the configuration.
    """
    subsets = next(iter(scores.values()))
    n = len(next(iter(subsets.values())).domains["test"])
    notes = [
        f"n = {n} items a column. share: 100 · mean / mean of the SFT model, a ratio of means over columns. "
        "recovery: 100 · (mean − none) / (sft − none). 95 %: bootstrap interval of the share, "
        f"{resamples:,} resamples of items, the same draws above and below the line.",
        "gain: the mean less that of `none`, paired. p none, p sft: paired bootstrap tests of the mean against the "
        "foundation alone and the SFT model: exploratory, not corrected for the number of rows (the tests that were "
        "fixed beforehand stand in findings.md). A random kind of several draws is judged by their mean.",
        "covered: share of items whose prior is as long as the whole reference. `oracle` is handed the start of the "
        "reference, a bound and not a method; its fair 100 % line is the SFT model with the same prior.",
        "Continuations alone: every answer without its first units against the reference without its first units; "
        "shares are of the SFT model's continuations cut in the same way.",
        *task.notes(config),
    ]
    for foundation, manifest in sft.items():
        notes += [
            _sft_note(task, foundation, manifest),
            *_seeds_note(rows_of(rows, foundation, task.metrics[0].title), foundation, manifest),
        ]
    if refined:
        dev = {subset: refined["dev"][subset] for subset in subsets}
        right = ", ".join(f"{subset} {100 * own['first_unit_accuracy']:.0f} %" for subset, own in dev.items())
        items = next(iter(dev.values()))["n"]
        notes.append(f"Refined model ({refined['kind']}): first unit right on {items} dev items a column: {right}.")
    for own in scores.values():
        notes += signature_notes(own)
        cut = _said({subset: [f"{100 * found.shortened:.0f} %"] for subset, found in own.items()})
        if list(cut) != ["0 %"]:
            shown = ", ".join(f"{value} ({', '.join(where)})" for value, where in cut.items())
            notes.append(f"Sources that were too long and were cut at a sentence end: {shown}.")
    return "".join(f"- {note}\n" for note in dict.fromkeys(notes))


def _sft_note(task: Scores, foundation: str, manifest: Mapping[str, Any]) -> str:
    points = ", ".join(f"{d['score']:.1f} after {d['step']}" for d in manifest["dev"])
    improving = {
        True: " **sft still improving**: a longer training might raise the 100 % line.",
        False: "",
        None: " Dev was scored once, so this run does not show whether a longer training would raise the 100 % line.",
    }[manifest["still_improving"]]
    return (
        f"SFT ({foundation}): {manifest['config']['method']}, {manifest['parameters']:,} trained parameters, "
        f"{manifest['config']['steps']} steps of {manifest['config']['batch']}; dev {task.metrics[0].title} "
        f"{points} steps; kept after {manifest['step']}.{improving}"
    )


def _seeds_note(rows: Sequence[ScoreRow], foundation: str, manifest: Mapping[str, Any]) -> list[str]:
    """Return how far the 100 % line moves with the seed of the training, where it was trained with several."""
    again = [s for s in systems_of(rows) if (s.kind, s.model) == ("none", "sft") and s.variant.startswith("seed ")]
    if not again:
        return []
    found = {f"seed {manifest['config']['seed']}": row_of(rows, SFT), **{s.variant: row_of(rows, s) for s in again}}
    shares = [row.share.score for row in found.values() if row.share]
    told = ", ".join(f"{number(row.score)} ({name})" for name, row in found.items())
    moves = f", {min(shares):.1f} to {max(shares):.1f} % of the line, which is the first of them" if shares else ""
    return [f"SFT ({foundation}), trained with {len(found)} seeds: {rows[0].metric} {told}{moves}."]


def signature_notes(subsets: Mapping[str, SubsetScores]) -> list[str]:
    """Return the metrics' signatures, and the subsets that are scored so."""
    said = _said({subset: own.signatures.values() for subset, own in subsets.items()})
    return [f"`{signature}` ({', '.join(where)})" for signature, where in said.items()]


def _said(by_subset: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Return the subsets by what is said of them."""
    found: dict[str, list[str]] = {}
    for subset, values in by_subset.items():
        for value in values:
            found.setdefault(value, []).append(subset)
    return found
