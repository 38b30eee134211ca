"""A task's scores by what the foundation does alone: answers in the target language, or in another.

The mean over all hides two things that a prior can do: settle the language, and say something of the content. Where the
foundation alone answers in the target language already, only the second is left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from prefixyarn.examples import UNRELATED
from prefixyarn.metrics.bootstrap import Interval, draw_counts, interval
from prefixyarn.metrics.metric import Metric
from prefixyarn.metrics.shares import Mean, average, difference, p_value, share
from prefixyarn.metrics.subsets import SubsetScores, SystemScores
from prefixyarn.records import System
from prefixyarn.systems import NONE, SFT
from prefixyarn.tables.render import markdown, number, percent, plain, system_cells, with_ends
from prefixyarn.tables.task import by_system, drawn_together, judged, mean_rate, means_by_subset

DIRECTIONS, ITEMS = "directions", "items"
ON, OFF = "mostly on target", "mostly off target"  # of directions, by the foundation alone
IN, OUT = "on target", "off target"  # of items
ALL_DIRECTIONS = "all"
# Which kinds of prior are compared, each behind which prompt.
CONTRASTS = (
    (("refined", "zero-shot"), ("own", "zero-shot")),
    (("refined", "zero-shot"), ("shuffled", "zero-shot")),
    (("refined-matched", "zero-shot"), ("own", "zero-shot")),
    (("own", "zero-shot"), ("pseudo", "zero-shot")),
    (("refined", "zero-shot"), ("none", UNRELATED)),
    (("none", "few-shot"), ("refined", "zero-shot")),
    (("pseudo", "few-shot"), ("none", "few-shot")),
    (("refined", "few-shot"), ("none", "few-shot")),
    (("sft", "few-shot"), ("none", "few-shot")),
)


@dataclass(frozen=True)
class GroupRow:
    """A system's score on a group of directions or items.

    Attributes:
        foundation: The foundation's name.
        by: `DIRECTIONS` or `ITEMS`.
        group: What the foundation alone does there: `ON` or `OFF`, `IN` or `OUT`.
        subsets: The directions of the group, or those with an item in it.
        n: Answers in the group.
        sentences: English sentences behind them, which are drawn anew for intervals.
        system: The system.
        score: Mean over the group's directions of the task's first metric; of items the mean of their own scores.
        gain: The score less that of ``none``, paired; None for ``none`` itself.
        share: 100 · score / score of the SFT model in the group; None without one.
        p_none: p-value of the gain: exploratory.
        off_target: Share of the group's continuations that are not in the target language.
    """

    foundation: str
    by: str
    group: str
    subsets: str
    n: int
    sentences: int
    system: System
    score: Interval
    gain: Interval | None
    share: Interval | None
    p_none: float | None
    off_target: float | None


def group_rows(
    metric: Metric, scores: Mapping[str, Mapping[str, SubsetScores]], resamples: int, seed: int
) -> list[GroupRow]:
    """Return the scores by groups of directions, then by groups of items; an empty group has no rows.

    Groups of directions are made by the foundation's answers without prior: whether more than half of them are in
    another language; directions near a half could be in either. Groups of items select on the outcome of the baseline
    itself: in `IN` it did well by selection, so gains are lower there, and in `OUT` higher, than for items drawn anew
    (regression to the mean).

    Args:
        metric: The task's first metric.
        scores: By foundation and subset.
        resamples: Number of bootstrap resamples.
        seed: Seed of the bootstrap.
    """
    return [
        row
        for foundation, subsets in scores.items()
        for row in _of_directions(metric, foundation, subsets, resamples, seed)
        + _of_items(metric, foundation, subsets, resamples, seed)
    ]


@dataclass(frozen=True)
class ContrastRow:
    """Two systems compared on the same items.

    Attributes:
        foundation: The foundation's name.
        group: `ALL_DIRECTIONS`, or a group of directions.
        sentences: English sentences behind it.
        better: The prior, or the prompt, whose score is counted positive.
        than: What it is compared with.
        difference: Of the mean scores of the task's first metric, paired.
        p: p-value of the paired test: exploratory.
    """

    foundation: str
    group: str
    sentences: int
    better: str
    than: str
    difference: Interval
    p: float


def contrast_rows(
    metric: Metric, scores: Mapping[str, Mapping[str, SubsetScores]], resamples: int, seed: int
) -> list[ContrastRow]:
    """Return the comparisons of `CONTRASTS` that a run's systems allow, over all directions and over their groups."""
    rows = []
    for foundation, subsets in scores.items():
        entries = drawn_together(by_system(foundation, subsets))
        counts = draw_counts(entries[NONE][0][0].test.n, resamples, seed)
        means = means_by_subset(metric, entries, counts)
        groups = {ALL_DIRECTIONS: list(subsets), **directions_of(subsets)}
        for better, than in CONTRASTS:
            pair = [judged(entries, kind, prompt=prompt) for kind, prompt in (better, than)]
            for group, names in groups.items() if None not in pair else ():
                own, other = (_over(means[system], subsets, names) for system in pair if system)
                rows.append(
                    ContrastRow(
                        foundation=foundation,
                        group=group,
                        sentences=counts.shape[1],
                        better=_told(*better),
                        than=_told(*than),
                        difference=difference(own, other),
                        p=p_value(own, other),
                    )
                )
    return rows


def _told(kind: str, prompt: str) -> str:
    return kind if prompt == "zero-shot" else f"{prompt}, {kind}"


def _over(means: Sequence[Mean], subsets: Iterable[str], names: Collection[str]) -> Mean:
    """Return the mean over some of the subsets."""
    return average([mean for mean, subset in zip(means, subsets, strict=True) if subset in names])


def directions_of(subsets: Mapping[str, SubsetScores]) -> dict[str, list[str]]:
    """Return the directions in which the foundation alone answers mostly in the target language, and the others."""
    found: dict[str, list[str]] = {ON: [], OFF: []}
    for name, own in subsets.items():
        none = next(entry for entry in own.systems if entry.system == NONE)
        found[OFF if (none.test.error_types["off_target"] or 0) > 0.5 else ON].append(name)
    return {group: names for group, names in found.items() if names}


def _of_directions(
    metric: Metric, foundation: str, subsets: Mapping[str, SubsetScores], resamples: int, seed: int
) -> list[GroupRow]:
    entries = drawn_together(by_system(foundation, subsets))
    n = entries[NONE][0][0].test.n
    counts = draw_counts(n, resamples, seed)
    found = []
    by_subset = means_by_subset(metric, entries, counts)
    for group, names in directions_of(subsets).items():
        means = {system: _over(own, subsets, names) for system, own in by_subset.items()}
        off = {
            system: mean_rate(
                [
                    entry.test.error_types["off_target"]
                    for drawn, subset in zip(own, subsets, strict=True)
                    for entry in drawn
                    if subset in names
                ]
            )
            for system, own in entries.items()
        }
        found += _rows(foundation, DIRECTIONS, group, names, n * len(names), n, means, off)
    return found


def _of_items(
    metric: Metric, foundation: str, subsets: Mapping[str, SubsetScores], resamples: int, seed: int
) -> list[GroupRow]:
    entries = drawn_together(by_system(foundation, subsets))
    alone = np.array([_off(own[0]) for own in entries[NONE]])  # (subsets, items)
    counts = draw_counts(alone.shape[1], resamples, seed)
    found = []
    for group, mask in ((IN, alone == 0), (OUT, alone == 1)):
        if not mask.any():
            continue
        sizes = counts @ mask.sum(0)  # answers in each resample
        usable = sizes > 0
        means, off = {}, {}
        for system, own in entries.items():
            single = np.array([np.mean([_items(metric, e) for e in drawn], axis=0) for drawn in own])
            total = counts @ np.where(mask, single, 0).sum(0)
            means[system] = Mean(float(single[mask].mean()), total[usable] / sizes[usable])
            rates = np.array([[_off(e) for e in drawn] for drawn in own], dtype=float).swapaxes(1, 2)[mask]
            off[system] = float(np.nanmean(rates)) if not np.isnan(rates).all() else None
        names = [name for name, any_ in zip(subsets, mask.any(1), strict=True) if any_]
        found += _rows(foundation, ITEMS, group, names, int(mask.sum()), int(mask.any(0).sum()), means, off)
    return found


def _off(entry: SystemScores) -> list[float]:
    """Return, by item, whether its continuation is in another language; not a number where that cannot be told."""
    return [float("nan") if own is None else float(own) for own in entry.test.item_error_types["off_target"]]


def _items(metric: Metric, entry: SystemScores) -> np.ndarray:
    return metric.score(np.array(entry.test.metrics[metric.name].items, dtype=float))


def _rows(
    foundation: str,
    by: str,
    group: str,
    subsets: Sequence[str],
    n: int,
    sentences: int,
    means: Mapping[System, Mean],
    off: Mapping[System, float | None],
) -> list[GroupRow]:
    none, sft = means[NONE], means.get(SFT)
    return [
        GroupRow(
            foundation=foundation,
            by=by,
            group=group,
            subsets=" ".join(subsets),
            n=n,
            sentences=sentences,
            system=system,
            score=interval(own.score, own.resampled),
            gain=difference(own, none) if system != NONE else None,
            share=share(own, sft) if sft else None,
            p_none=p_value(own, none) if system != NONE else None,
            off_target=off[system],
        )
        for system, own in means.items()
    ]


def contrast_markdown(rows: Sequence[ContrastRow], metric: str, foundations: Mapping[str, str]) -> str:
    """Render the comparisons as Markdown, a table per foundation."""
    parts = []
    for foundation, label in foundations.items():
        own = {(row.better, row.than, row.group): row for row in rows if row.foundation == foundation}
        groups = dict.fromkeys(group for _, _, group in own)
        shown = [
            {
                "prior": better,
                "less that of": than,
                **{g: with_ends(own[better, than, g].difference) if (better, than, g) in own else "–" for g in groups},
            }
            for better, than in dict.fromkeys((better, than) for better, than, _ in own)
        ]
        if shown:
            parts.append(f"#### Priors against each other, {metric}, {plain(label)}\n\n{markdown(shown)}\n")
    return "\n".join(parts) + "\n- Paired differences over the same items; exploratory.\n"


def group_markdown(rows: Sequence[GroupRow], metric: str, foundations: Mapping[str, str]) -> str:
    """Render the groups as Markdown: per foundation a table by directions and one by items, without priors in words."""
    parts = []
    for foundation, label in foundations.items():
        for by in (DIRECTIONS, ITEMS):
            own = [row for row in rows if (row.foundation, row.by) == (foundation, by) and row.system.unit != "word"]
            groups = {row.group: row for row in own}
            cells = {(row.group, row.system): row for row in own}
            shown = []
            for system in dict.fromkeys(row.system for row in own):
                line = system_cells(system)
                for group, first in groups.items():
                    row = cells[group, system]
                    head = f"{group} (n = {first.n})"
                    line |= {
                        head: number(row.score),
                        f"gain, {group}": with_ends(row.gain) if row.gain else "–",
                        f"% of SFT, {group}": number(row.share),
                        f"off-target, {group}": percent(row.off_target),
                    }
                shown.append(line)
            told = "; ".join(f"{group}: {row.subsets}" for group, row in groups.items())
            post = ", post hoc" if by == ITEMS else ""
            parts.append(f"#### {metric} by {by}{post}, {plain(label)}\n\n{markdown(shown)}\n\n{told}.\n")
    parts.append(
        "- By directions: those in which the foundation alone answers mostly in the target language, and the others. "
        "By items, post hoc: whether the foundation alone answered this very item in the target language. That selects "
        "on the baseline's own outcome, so gains are too low in one group and too high in the other (regression to the "
        "mean); a score is the mean of items' own scores there.\n"
        "- gain: less `none` in the same group, paired (95 % bootstrap over English sentences).\n"
    )
    return "\n".join(parts)
