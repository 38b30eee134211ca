"""The tables of agreement: how often and how far foundation and SFT model expect the same (paper section 2.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from prefixyarn.analysis.steps import TEACHER_FORCED
from prefixyarn.metrics.bootstrap import draw_counts
from prefixyarn.tables.render import foundation_cell, markdown, number
from prefixyarn.tables.rows import Row

# The paper (arXiv 2404.16766v1) gives this percentage without the cut-off, in what we have: hence the whole curve.
PAPER_SILENT_MAJORITY = 90.8
TOP = (1, 2, 5, 10, 20, 50)
POSITIONS = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24)  # where groups of positions begin


def agreement_rows(steps: Mapping[str, Sequence[Row]], foundation: str, resamples: int, seed: int) -> list[Row]:
    """Return agreement overall, by position and by direction: a row per group and way of reading.

    Args:
        steps: By direction the rows that analyse_agreement wrote.
        foundation: Its name.
        resamples: Number of bootstrap resamples of items.
        seed: Seed of the bootstrap.

    Returns:
        Rows with ``k`` (`TEACHER_FORCED`, or how many SFT tokens the foundation went on from), ``group`` (``all``, a
        direction, ``t from`` a position, or ``t ≥`` one), ``n`` positions; ``top N``: percentage of positions where the
        SFT model's likeliest token is among the foundation's N likeliest, with the ends of its 95 % interval, and
        ``top N of the rest``: the same where it is not the first; mean ``kl``, ``js``, ``entropy_foundation`` (with its
        interval) and ``entropy_sft``, in nats; and ``narrowing``, by how much the latter is less, with its interval.
    """
    flat = [{**row, "direction": unit} for unit, rows in steps.items() for row in rows]
    found = []
    for k in sorted({int(row["k"]) for row in flat}):
        own = [row for row in flat if row["k"] == k]
        groups = {"all": own, **{unit: [r for r in own if r["direction"] == unit] for unit in steps}}
        for start, end in zip(POSITIONS, [*POSITIONS[1:], 10**9], strict=True):
            groups[f"t from {start}"] = [r for r in own if start <= r["t"] < end]
        if k == 0:  # the same positions as after a prior, for comparison
            for start in sorted({int(row["k"]) for row in flat} - {0, TEACHER_FORCED}):
                groups[f"t ≥ {start}"] = [r for r in own if r["t"] >= start]
        for group, rows in groups.items():
            if rows:
                found.append({"foundation": foundation, "k": k, "group": group, **_summary(rows, resamples, seed)})
    return found


def _summary(rows: Sequence[Row], resamples: int, seed: int) -> Row:
    ranks = np.array([row["rank"] for row in rows])
    names = sorted({str(row["item"]) for row in rows})
    place = {name: n for n, name in enumerate(names)}
    item = np.array([place[str(row["item"])] for row in rows])
    counts = draw_counts(len(names), resamples, seed)
    n = np.bincount(item, minlength=len(names))
    summary: Row = {"n": len(rows)}
    for top in TOP:
        inside = np.bincount(item, weights=ranks <= top, minlength=len(names))
        low, high = np.percentile(100 * (counts @ inside) / (counts @ n), [2.5, 97.5])
        summary |= {f"top {top}": 100 * (ranks <= top).mean(), f"top {top} low": low, f"top {top} high": high}
    rest = ranks[ranks > 1]
    summary |= {f"top {top} of the rest": 100 * (rest <= top).mean() if len(rest) else None for top in TOP[1:]}
    for name in ("kl", "js", "entropy_sft"):
        summary[name] = float(np.mean([row[name] for row in rows]))
    differences = {
        "narrowing": [row["entropy_foundation"] - row["entropy_sft"] for row in rows],
        "entropy_foundation": [row["entropy_foundation"] for row in rows],
    }
    for name, values in differences.items():
        resampled = counts @ np.bincount(item, weights=values, minlength=len(names)) / (counts @ n)
        summary[name] = float(np.mean(values))
        summary[f"{name} low"], summary[f"{name} high"] = np.percentile(resampled, [2.5, 97.5])
    return {key: float(value) if isinstance(value, np.floating) else value for key, value in summary.items()}


def agreement_markdown(rows: Sequence[Row]) -> str:
    """Render agreement rows as Markdown."""
    shown = [
        {
            **foundation_cell(row, rows),
            "read": "SFT model's answer"
            if row["k"] == TEACHER_FORCED
            else f"foundation's, after {row['k']} SFT tokens",
            "where": row["group"],
            "n": row["n"],
            "top 1": f"{row['top 1']:.1f} ({row['top 1 low']:.1f}–{row['top 1 high']:.1f})",
            **{f"top {top}": number(row[f"top {top}"]) for top in TOP[1:]},
            "top 10 of the rest": number(row["top 10 of the rest"]),
            "KL": number(row["kl"], 2),
            "JS": number(row["js"], 3),
            "entropy foundation": number(row["entropy_foundation"], 2),
            "entropy SFT": number(row["entropy_sft"], 2),
            "less": f"{row['narrowing']:.2f} ({row['narrowing low']:.2f}–{row['narrowing high']:.2f})",
        }
        for row in rows
    ]
    return markdown(shown) + (
        "\n\n- top N: percentage of positions at which the SFT model's likeliest token is among the foundation's N "
        "likeliest (95 % bootstrap interval over items); of the rest: where it is not the likeliest. The paper: 90.8 % "
        "lie among the top candidates, the cut-off not stated in what we have.\n"
        "- KL(SFT || foundation), JS divergence and entropies are means over positions, in nats. Teacher-forced rows "
        "read the SFT model's answers; a position t has t SFT tokens before it, as a prior of t tokens has.\n"
    )
