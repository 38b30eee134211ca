"""The scores of whole translations by direction, in-domain and out of it, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prefixyarn.metrics.subsets import SubsetScores
from prefixyarn.tables.render import ends, markdown, number, percent, plain, system_cells
from prefixyarn.tables.rows import ScoreRow, find_row, row_of, rows_of, systems_of
from prefixyarn.tables.task import signature_notes
from prefixyarn.tasks.translation.scores import SCORES


def by_direction_rows(rows: Sequence[ScoreRow]) -> list[ScoreRow]:
    """Return those of translation's rows that score whole answers."""
    return [row for row in rows if not row.without_k]


def by_direction_markdown(rows: Sequence[ScoreRow], directions: Sequence[str], foundations: Mapping[str, str]) -> str:
    """Render the rows as Markdown: for each foundation a table per metric.

    Args:
        rows: From `by_direction_rows`.
        directions: Columns, in order.
        foundations: Label of each foundation by its name.
    """
    parts = []
    for foundation, label in foundations.items():
        for metric in (metric.title for metric in SCORES.metrics):
            own, shown = rows_of(rows, foundation, metric), []
            other = next((row.n for row in own if row.domain == "out_of_domain"), 0)
            elsewhere_n = f"out of domain (n = {other})" if other else "out of domain"
            for system in systems_of(own):
                mean, elsewhere = row_of(own, system), find_row(own, system, domain="out_of_domain")
                star = "*" if mean.p_none is not None and mean.p_none < 0.05 else ""
                shown.append(
                    {
                        **system_cells(system),
                        **{direction: number(row_of(own, system, direction).score) for direction in directions},
                        "mean": f"{number(mean.score)}{star}",
                        "95 %": ends(mean.score),
                        elsewhere_n: number(elsewhere.score if elsewhere else None),
                        "off-target": percent(mean.off_target),
                        "copied": percent(mean.copied),
                        "repeated": percent(mean.repeated),
                        "truncated": percent(mean.truncated),
                        "empty": percent(mean.empty),
                        "n": mean.n,
                        "prior tokens": number(mean.prior_tokens),
                    }
                )
            parts.append(f"### {metric}, {plain(label)}\n\n{markdown(shown)}\n")
    return "\n".join(parts)


def by_direction_notes(
    scores: Mapping[str, Mapping[str, SubsetScores]],
    choices: Mapping[str, Mapping[str, Any]],
    resamples: int,
    note: str,
    induced: bool,
) -> str:
    """Return what a reader must know to read the table, as a Markdown list.

    Args:
        scores: By foundation and direction.
        choices: By foundation the choice of its prompt.
        resamples: Number of bootstrap resamples.
        note: What the data are.
        induced: Whether the dictionary was induced from training text.
    """
    notes = [
        "A row is a model with one kind of prior, k units of which start its answer; prior and "
        "continuation are scored together. `oracle` is handed the start of the reference: a bound, not a method. "
        "What each system is: docs/method.md.",
        f"n English sentences, the same in every direction. 95 %: bootstrap interval of the mean over "
        f"directions, {resamples:,} resamples of sentences. *: the mean differs from `none`, paired bootstrap "
        "p < 0.05, not corrected for the number of rows; intervals and p-values of single directions are in the csv.",
        f"{note}. Out of domain, where there is such a column: mean over directions on sentences of a source that "
        "is in no training text.",
        "Off-target: share of continuations (prior excluded) that are not detected as the target language; "
        "continuations without a letter are left out. The same for copied (near copy of the source), repeated "
        "(something four times in a row), truncated (cut at the length limit), empty. All are in-domain means.",
    ]
    if induced:
        notes.append(
            "The dictionary behind `pseudo` (and the matching of the random words) is induced from the training "
            "split by word alignment: it has seen parallel data, in-domain."
        )
    for foundation, subsets in scores.items():
        errors = ", ".join(f"{subset} {100 * (own.detector_error or 0):.1f} %" for subset, own in subsets.items())
        notes.append(f"Language detector's error on the references ({foundation}): {errors}.")
        choice = choices[foundation]
        how = (
            f"chosen on {choice['n']} dev items a direction: prompts_translation.md" if choice["n"] else "the only one"
        )
        notes.append(f"Prompt ({foundation}): `{choice['chosen']}`, {how}.")
        notes += signature_notes(subsets)
    return "".join(f"- {note}\n" for note in dict.fromkeys(notes))
