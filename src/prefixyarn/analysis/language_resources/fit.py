"""The line of what a prior adds against what a model shows of a language, with its interval over languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from prefixyarn.analysis.language_resources.table import ResourceRow
from prefixyarn.languages import Direction
from prefixyarn.metrics.bootstrap import Interval, draw_counts, interval
from prefixyarn.tables.render import foundation_cell, markdown, number, with_ends

# Measures of a language on a foundation, higher where it knows less of it, and what a reader is told of them.
AXES = {
    "bits_per_english_character": "bits per character of the English",
    "bits_per_character": "bits per character",
}


class Point(NamedTuple):
    """What a kind adds in one direction: where that is on an axis, the gain, and the target language."""

    place: float
    gain: Interval
    language: str


@dataclass(frozen=True)
class Line:
    """A line by ordinary least squares, and the same on each resample of the languages.

    Attributes:
        slope: Of the line.
        intercept: Its height at 0.
        slopes: Slopes of the resamples, shape (resamples,).
        intercepts: Their heights at 0, shape (resamples,).
    """

    slope: float
    intercept: float
    slopes: np.ndarray
    intercepts: np.ndarray

    def band(self, x: np.ndarray) -> np.ndarray:
        """Return the 2.5 and 97.5 percentiles of the line's height at places of shape (n,), shape (2, n)."""
        found: np.ndarray = np.percentile(self.intercepts[:, None] + self.slopes[:, None] * x, [2.5, 97.5], axis=0)
        return found


def fit_line(points: Sequence[Point], resamples: int, seed: int) -> Line | None:
    """Fit gains to their places by ordinary least squares, and again on resamples of the languages.

    Args:
        points: The gains; directions into the same language are drawn together.
        resamples: Number of resamples.
        seed: Seed of the draws.

    Returns:
        The line; None without points, or if all are in one place.
    """
    if not points:
        return None
    names = sorted({point.language for point in points})
    counts = draw_counts(len(names), resamples, seed)
    weights = np.concatenate([np.ones((1, len(names))), counts])[:, [names.index(p.language) for p in points]]
    weights /= weights.sum(axis=1, keepdims=True)
    places, heights = np.array([p.place for p in points]), np.array([p.gain.score for p in points])
    middle, height = weights @ places, weights @ heights
    spread = weights @ places**2 - middle**2
    some = spread > 1e-12 * (places**2).max()  # a resample may be of one language alone
    if not some[0]:
        return None
    slopes = (weights @ (places * heights) - middle * height)[some] / spread[some]
    intercepts = height[some] - slopes * middle[some]
    return Line(float(slopes[0]), float(intercepts[0]), slopes[1:], intercepts[1:])


@dataclass(frozen=True)
class FitRow:
    """The line of one kind's gain against one measure of the languages.

    Attributes:
        foundation: The foundation's name.
        kind: The prior kind, or ``few-shot``.
        axis: The measure; of `AXES`.
        languages: How many languages the line is fitted to.
        n: Items a direction.
        mean: Mean gain over directions, in points.
        slope: Points of gain per bit, with the 95 % interval over languages.
        intercept: The line's height at 0 bits.
        explained: Share (0 to 1) of the variance of the gains that the line explains.
    """

    foundation: str
    kind: str
    axis: str
    languages: int
    n: int
    mean: float
    slope: Interval
    intercept: float
    explained: float


def gains(rows: Sequence[ResourceRow], kind: str, axis: str) -> list[Point]:
    """Return a kind's gains in the directions of the main table.

    Args:
        rows: Of one foundation.
        kind: The kind.
        axis: The measure of `AXES` that is their place.
    """
    return [
        Point(getattr(row, axis), row.gain, Direction.parse(row.direction).target)
        for row in rows
        if (row.table, row.kind) == ("translation", kind) and row.gain is not None and getattr(row, axis) is not None
    ]


def fit_rows(rows: Sequence[ResourceRow], resamples: int, seed: int) -> list[FitRow]:
    """Return the lines of all foundations, kinds and axes.

    Args:
        rows: Of the table of languages.
        resamples: Number of resamples of the languages.
        seed: Seed of the draws.
    """
    found = []
    for foundation in dict.fromkeys(row.foundation for row in rows):
        own = [row for row in rows if row.foundation == foundation]
        for axis in AXES:
            for kind in dict.fromkeys(row.kind for row in own):
                points = gains(own, kind, axis)
                line = fit_line(points, resamples, seed)
                if line is None:
                    continue
                x, y = np.array([p.place for p in points]), np.array([p.gain.score for p in points])
                rest, variance = y - line.intercept - line.slope * x, float(np.var(y))
                found.append(
                    FitRow(
                        foundation=foundation,
                        kind=kind,
                        axis=axis,
                        languages=len({p.language for p in points}),
                        n=next(row.n for row in own if row.kind == kind),
                        mean=float(y.mean()),
                        slope=interval(line.slope, line.slopes),
                        intercept=line.intercept,
                        explained=1 - float(np.var(rest)) / variance if variance else 0.0,
                    )
                )
    return found


def fit_markdown(rows: Sequence[FitRow], resamples: int) -> str:
    """Render the lines as Markdown, and say how they are made."""
    shown = [
        {
            **foundation_cell(row, rows),
            "against": AXES[row.axis],
            "prior": row.kind,
            "mean gain": number(row.mean).replace("-", "−"),
            "slope (95 %)": with_ends(row.slope),
            "variance explained": f"{100 * row.explained:.0f} %",
            "languages": row.languages,
            "n": row.n,
        }
        for row in rows
    ]
    return (
        f"### Gain against what the model shows of the language\n\n{markdown(shown)}\n\n"
        "- A line by ordinary least squares through the directions of the main table: gain over the foundation alone, "
        "in points of chrF++, against bits. A slope above 0 says that the kind adds more where the model knows less. "
        f"Its interval is a bootstrap over languages ({resamples:,} resamples): it says how far the slope depends on "
        "which languages were taken. The intervals of the gains are over items.\n"
    )
