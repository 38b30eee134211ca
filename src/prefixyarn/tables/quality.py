"""The tables of prior quality and length (paper section 5.1): corrupt priors, k units of a prior, error propagation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from prefixyarn.analysis.quality import KINDS, LEVELS, corrupt_system, threshold
from prefixyarn.data.words import words
from prefixyarn.languages import Direction
from prefixyarn.metrics.bootstrap import draw_counts, interval
from prefixyarn.metrics.continuation import Cutter
from prefixyarn.metrics.ngrams import CHRF
from prefixyarn.metrics.shares import Mean, holm, mean_over, p_value
from prefixyarn.metrics.units import NONE, SFT
from prefixyarn.records import Item, Output, System
from prefixyarn.tables.render import foundation_cell, markdown, number
from prefixyarn.tables.rows import Row


@dataclass(frozen=True)
class Answered:
    """The analysed items of one direction, and what was answered.

    Attributes:
        direction: The direction.
        items: The items.
        outputs: By system and item, the foundation's outputs, and the SFT model's own.
        cutter: Takes first units off.
    """

    direction: Direction
    items: Sequence[Item]
    outputs: Mapping[System, Mapping[str, Output]]
    cutter: Cutter

    @cached_property
    def systems(self) -> list[System]:
        """The systems that answered all items."""
        return [s for s, own in self.outputs.items() if all(item.id in own for item in self.items)]

    def given(self, system: System, item: Item) -> int:
        """Return how many units of a system's prior an item was given, of the system's unit."""
        output = self.outputs[system][item.id]
        return len(output.prior_ids) if system.k_unit == "token" else len(words(output.prior, self.direction.target))


class Scorer:
    """Mean chrF++ over directions of any system, whole or without first units, with the same resamples of items."""

    def __init__(self, answered: Sequence[Answered], resamples: int, seed: int) -> None:
        """Take the directions."""
        self._answered = answered
        self._counts = draw_counts(len(answered[0].items), resamples, seed)
        self._known: dict[tuple[System, int, str], Mean] = {}

    def mean(self, system: System, k: int = 0, k_unit: str = "") -> Mean:
        """Return the mean score of a system's answers without their first k units against such references."""
        key = (system, k, k_unit)
        if key not in self._known:
            entries = []
            for own in self._answered:
                outputs = [own.outputs[system][item.id] for item in own.items]
                if k:
                    texts = [own.cutter.of_output(output, k, k_unit) for output in outputs]
                    references = [own.cutter.of_text(item.target, k, k_unit) for item in own.items]
                else:
                    texts, references = [o.text for o in outputs], [item.target for item in own.items]
                statistics = CHRF.items(texts, references, own.direction.target).statistics
                entries.append({"score": float(CHRF.score(statistics.sum(axis=0))), "items": statistics})
            self._known[key] = mean_over(CHRF, entries, self._counts)
        return self._known[key]

    def prior_tokens(self, system: System) -> float:
        """Return the mean number of tokens given."""
        return float(np.mean([len(own.outputs[system][i.id].prior_ids) for own in self._answered for i in own.items]))

    def covered(self, k: int) -> float:
        """Return the share of items whose reference has at most k words: nothing follows such a prior."""
        lengths = [len(words(i.target, own.direction.target)) for own in self._answered for i in own.items]
        return float(np.mean([length <= k for length in lengths]))

    def given(self, system: System) -> float:
        """Return the share of items whose prior has as many units as the system's k."""
        return float(np.mean([own.given(system, item) >= system.k for own in self._answered for item in own.items]))

    @property
    def systems(self) -> list[System]:
        """The systems that answered all items in all directions."""
        return [s for s in self._answered[0].systems if all(s in own.systems for own in self._answered)]

    @property
    def n(self) -> int:
        """Items per direction."""
        return len(self._answered[0].items)


def _cells(name: str, mean: Mean) -> Row:
    found = interval(mean.score, mean.resampled)
    return {name: found.score, f"{name} low": found.low, f"{name} high": found.high}


def quality_rows(scorer: Scorer, foundation: str, ks: Sequence[int]) -> list[Row]:
    """Return the scores of corrupt priors: a row per k, kind and level.

    Returns:
        Rows with ``k`` words, ``kind``, ``level`` (% replaced); mean chrF++ of whole answers (``mean``) and without the
        k words (``rest``) with the ends of their 95 % intervals; ``share`` of the SFT model's mean; ``rest none``,
        the rest of `none`, and ``p none``, the paired test against it, with Holm's correction over the rows;
        ``mixed``, what mixing the items of level 0 and level 100 would give of it, for reference; ``covered``, the
        share of items whose reference has no more than k words; ``worse than none`` and
        ``worse than sft``, the level from which on the whole answer is (None: nowhere), the ends of its interval, and
        the share of resamples that have one.
    """
    sft = scorer.mean(SFT)
    rows: list[Row] = []
    for k in ks:
        none_rest, sft_rest = scorer.mean(NONE, k, "word"), scorer.mean(SFT, k, "word")
        for kind in KINDS:
            rest = {level: scorer.mean(corrupt_system(kind, level, k), k, "word") for level in (0, *LEVELS)}
            below = {"none": threshold(rest, none_rest), "sft": threshold(rest, sft_rest)}
            for level, own in rest.items():
                mean = scorer.mean(corrupt_system(kind, level, k))
                row: Row = {"foundation": foundation, "n": scorer.n, "k": k, "kind": kind, "level": level}
                row |= {**_cells("mean", mean), **_cells("rest", own), "share": 100 * mean.score / sft.score}
                row |= {"rest none": none_rest.score, "rest sft": sft_rest.score, "covered": scorer.covered(k)}
                row["p none"] = row["p none uncorrected"] = p_value(own, none_rest)
                row["mixed"] = rest[0].score + (rest[100].score - rest[0].score) * level / 100
                for name, found in below.items():
                    row |= {f"worse than {name}": found.level, f"worse than {name} low": found.low}
                    row |= {f"worse than {name} high": found.high, f"worse than {name} found": found.found}
                rows.append(row)
    # Level 0 is the same system under every kind: one test for each k.
    tests = {(row["k"], row["kind"] if row["level"] else "", row["level"]): row["p none"] for row in rows}
    corrected = dict(zip(tests, holm(list(tests.values())), strict=True))
    for row in rows:
        row["p none"] = corrected[row["k"], row["kind"] if row["level"] else "", row["level"]]
    return rows


def units_rows(scorer: Scorer, foundation: str, ks: Sequence[int]) -> list[Row]:
    """Return the scores against the number of units: a row per kind, unit and k, `none` being k = 0.

    Returns:
        Rows with ``kind``, ``k_unit``, ``k``, ``prior tokens``; mean chrF++ whole (``mean``) and without the first k
        units (``rest``), beside that of `none` and of the SFT model cut likewise (``rest none``, ``rest sft``),
        intervals; share. Where less than half of the items have a prior of k units, there is no row.
    """
    sft = scorer.mean(SFT)
    rows: list[Row] = []
    for system in [NONE, *scorer.systems]:
        if system == NONE and rows or system.model != "foundation" or system.kind.startswith("corrupt"):
            continue
        if system.k and (system.k not in ks or system.kind == "none"):
            continue
        if system.k > 1 and scorer.given(system) < 0.5:  # a dictionary's word, a refined model's two: no more to give
            continue
        mean, k, unit = scorer.mean(system), system.k, system.k_unit
        row: Row = {"foundation": foundation, "n": scorer.n, "kind": system.kind, "k_unit": unit, "k": k}
        row["prior tokens"] = scorer.prior_tokens(system)
        row |= {**_cells("mean", mean), **_cells("rest", scorer.mean(system, k, unit))}
        row |= {"rest none": scorer.mean(NONE, k, unit).score, "rest sft": scorer.mean(SFT, k, unit).score}
        rows.append({**row, "share": 100 * mean.score / sft.score})
    return rows


PROPAGATED = (
    System("sft", "", 2, "word"),
    System("oracle", "", 2, "word"),
    System("refined", "", 2, "token"),
    System("pseudo", "first", 2, "token"),
    *(corrupt_system("other-item", level, 4) for level in LEVELS),
)


def propagation_rows(answered: Sequence[Answered], foundation: str, resamples: int, seed: int) -> list[Row]:
    """Return how good the text after a prior is, by how much of the prior is right.

    Args:
        answered: The analysed items of each direction.
        foundation: Its name.
        resamples: Number of bootstrap resamples of items.
        seed: Seed of the bootstrap.

    Returns:
        Rows with ``kind``; ``right`` (all, some or none of the prior's words are the reference's at their places);
        ``n`` answers; ``rest``, the mean sentence-level chrF++ of what follows the prior against the reference without
        as many words; ``within``, the same less its item's mean over all rows, so that effects of easy and hard items
        are gone, with the ends of its 95 % interval.
    """
    items = [(own, item) for own in answered for item in own.items]
    found: dict[tuple[str, str], list[tuple[int, float, float]]] = defaultdict(list)
    for place, (own, item) in enumerate(items):
        scored = [(kind, right, score) for kind, right, score in _scored(own, item) if score is not None]
        mean = float(np.mean([score for _, _, score in scored])) if scored else 0.0
        for kind, right, score in scored:
            found[kind, right].append((place, score, score - mean))
    counts = draw_counts(len(items), resamples, seed)
    rows: list[Row] = []
    for kind in dict.fromkeys(kind for kind, _ in found):
        for right in ("all", "some", "none"):
            if (kind, right) in found:
                places, scores, within = (np.array(column) for column in zip(*found[kind, right], strict=True))
                drawn = counts @ np.bincount(places, minlength=len(items))
                sums = counts @ np.bincount(places, weights=within, minlength=len(items))
                own_mean = interval(float(within.mean()), sums[drawn > 0] / drawn[drawn > 0])
                row: Row = {"foundation": foundation, "kind": kind, "right": right, "n": len(scores)}
                row |= {"rest": float(scores.mean()), "within": own_mean.score}
                rows.append(row | {"within low": own_mean.low, "within high": own_mean.high})
    return rows


def _scored(own: Answered, item: Item) -> Iterator[tuple[str, str, float | None]]:
    """Return for each system whose prior has words: its kind, how many of them are right, the score of what follows."""
    code = own.direction.target
    reference = words(item.target, code)
    for system in PROPAGATED:
        output = own.outputs.get(system, {}).get(item.id)
        given = words(output.prior, code) if output else []
        if output is None or not given:
            continue
        same = [a == b for a, b in zip(given, reference, strict=False)]
        if system.k_unit == "token" and len(same) == len(given):  # the last word may have begun only
            same[-1] = reference[len(given) - 1].startswith(given[-1])
        right = "all" if same and all(same) and len(same) == len(given) else "some" if any(same) else "none"
        rest = own.cutter.of_output(output, len(given), "word")
        wanted = own.cutter.of_text(item.target, len(given), "word")
        kind = "corrupt" if system.kind.startswith("corrupt") else system.kind
        yield kind, right, CHRF.corpus([rest], [wanted], code) if wanted else None


def _level(row: Row, name: str) -> str:
    found = f"in {100 * row[f'{name} found']:.0f} % of resamples"
    if row[name] is None:
        return f"none found ({found} there is one)"
    return f"{row[name]:.0f} % ({row[f'{name} low'] or 0:.0f}–{row[f'{name} high'] or 0:.0f}, {found})"


def quality_markdown(quality: Sequence[Row], units: Sequence[Row], propagation: Sequence[Row]) -> str:
    """Render the three tables as Markdown."""

    def score(row: Row, name: str) -> str:
        return f"{row[name]:.1f} ({row[f'{name} low']:.1f}–{row[f'{name} high']:.1f})"

    parts = ["### Corrupt priors\n"]
    parts.append(
        markdown(
            [
                {
                    **foundation_cell(row, quality),
                    "k": f"{row['k']} words",
                    "replaced by": row["kind"],
                    "replaced": f"{row['level']} %",
                    "chrF++": score(row, "mean"),
                    "% of SFT": number(row["share"]),
                    "without the prior": score(row, "rest"),
                    "p none": number(row["p none"], 3),
                    "worse than none from": _level(row, "worse than none") if row["level"] == 0 else "",
                    "worse than SFT from": _level(row, "worse than sft") if row["level"] == 0 else "",
                }
                for row in quality
            ]
        )
    )
    parts.append("\n### How many units of a prior\n")
    parts.append(
        markdown(
            [
                {
                    **foundation_cell(row, units),
                    "prior": row["kind"],
                    "k": f"{row['k']} {row['k_unit']}{'s' if row['k'] != 1 else ''}" if row["k"] else "–",
                    "tokens given": number(row["prior tokens"]),
                    "chrF++": score(row, "mean"),
                    "% of SFT": number(row["share"]),
                    "without the prior": score(row, "rest"),
                    "none without it": number(row["rest none"]),
                    "SFT without it": number(row["rest sft"]),
                }
                for row in units
            ]
        )
    )
    parts.append("\n### What follows right and wrong priors\n")
    parts.append(
        markdown(
            [
                {
                    **foundation_cell(row, propagation),
                    "prior": row["kind"],
                    "words right": row["right"],
                    "n": row["n"],
                    "chrF++ of what follows": number(row["rest"]),
                    "within item": score(row, "within"),
                }
                for row in propagation
            ]
        )
    )
    covered = dict.fromkeys(
        f"{100 * row['covered']:.0f} % of references have no more than {row['k']} words" for row in quality
    )
    parts.append(
        f"\n- Mean chrF++ over directions, {quality[0]['n']} items each; intervals: 95 % bootstrap over items. Corrupt "
        "priors are the reference's first k words, of which some are replaced: the same items at every level. p none: "
        "what follows the prior, against `none` without as many words, Holm-corrected.\n"
        "- worse than … from: the share of replaced words from which on what follows the prior scores less than that "
        "system's answer without as many words, by linear interpolation; the interval is over resamples in which "
        "there is such a share. Whole answers contain the right words that were given: they say less.\n"
        f"- {'; '.join(covered)}.\n- within item: less the item's mean over the rows that it has, so that easy items "
        "do not count as good priors. Of priors in tokens the last word may have begun only.\n"
    )
    return "\n".join(parts)
