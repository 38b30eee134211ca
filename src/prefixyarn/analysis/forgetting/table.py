"""The tables of forgetting: text of each language, and the other tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prefixyarn.analysis.forgetting import BASE, BitsRow
from prefixyarn.languages import Direction
from prefixyarn.metrics.bootstrap import Interval, draw_counts
from prefixyarn.metrics.metric import Metric
from prefixyarn.metrics.shares import Mean, average, corpus_mean, difference
from prefixyarn.records import Item, Output, System
from prefixyarn.systems import NONE, SFT, headline, shown_units
from prefixyarn.tables.render import foundation_cell, markdown, number, with_ends

# What stands beside the SFT models: the foundation alone, and with priors that need no fine-tuning.
BESIDE = ("none", "pseudo", "refined")


@dataclass(frozen=True)
class CrossTaskRow:
    """A system's score on a task that its model was, or was not, trained on.

    Attributes:
        foundation: The foundation's name.
        task: The task that is scored.
        metric: The title of its main metric.
        subsets: Those of its subsets that count, for a reader.
        system: The system.
        trained_on: The task that the system's SFT model was trained on; empty for the foundation.
        score: Mean over the subsets.
        change: By how much that is more than the foundation's alone, paired; None for itself.
    """

    foundation: str
    task: str
    metric: str
    subsets: str
    system: System
    trained_on: str
    score: float
    change: Interval | None


def cross_task_rows(
    foundation: str,
    task: str,
    metric: Metric,
    items: Mapping[str, Sequence[Item]],
    own: Mapping[str, Sequence[Output]],
    cross_task: Mapping[str, Mapping[str, Sequence[Output]]],
    resamples: int,
    seed: int,
) -> list[CrossTaskRow]:
    """Return how the SFT models of other tasks do on one task.

    Args:
        foundation: Its name.
        task: The task.
        metric: Its main metric.
        items: By subset the test items.
        own: By subset the outputs of the foundation and of the task's own SFT model.
        cross_task: By task that was trained on, and subset, the outputs of that SFT model.
        resamples: Number of bootstrap resamples of items.
        seed: Seed of the bootstrap.
    """
    counts = {subset: draw_counts(len(listed), resamples, seed) for subset, listed in items.items()}

    def mean(system: System, outputs: Mapping[str, Sequence[Output]]) -> Mean:
        means = []
        for subset, listed in items.items():
            texts = {output.item: output.text for output in outputs[subset] if output.system == system}
            targets = [item.target for item in listed]
            found = metric.items([texts[i.id] for i in listed], targets, Direction.parse(subset).target).statistics
            means.append(corpus_mean(metric, float(metric.score(found.sum(axis=0))), found, counts[subset]))
        return average(means)

    first, *others = [dict.fromkeys(output.system for output in outputs) for outputs in own.values()]
    answered = [system for system in first if all(system in other for other in others)]
    beside = [system for kind in BESIDE if (system := headline(answered, kind)) is not None]
    tried = [(system, "", own) for system in beside]
    tried += [(SFT, trained, outputs) for trained, outputs in ({task: own} | dict(cross_task)).items()]
    alone, rows = mean(NONE, own), []
    for system, trained, outputs in tried:
        found = mean(system, outputs)
        change = difference(found, alone) if system != NONE else None
        rows.append(CrossTaskRow(foundation, task, metric.title, " ".join(items), system, trained, found.score, change))
    return rows


def _shown(row: CrossTaskRow) -> str:
    if row.trained_on:
        return "SFT model"
    return ", ".join(filter(None, (f"{row.system.kind} {row.system.variant}".strip(), shown_units(row.system))))


def forgetting_markdown(languages: Sequence[BitsRow], cross_task: Sequence[CrossTaskRow]) -> str:
    """Render both tables as Markdown."""
    models = list(dict.fromkeys(row.model for row in languages))
    bits = {(row.foundation, row.language, row.model): row.bits for row in languages}
    text = markdown(
        [
            {
                **foundation_cell(row, languages),
                "language": row.language,
                "characters": str(row.characters),
                **{
                    model if model == BASE else f"sft {model}": number(bits[row.foundation, row.language, model], 3)
                    for model in models
                },
            }
            for row in languages
            if row.model == BASE
        ]
    )
    tasks = markdown(
        [
            {
                **foundation_cell(row, cross_task),
                "scored on": f"{row.task} ({row.subsets})",
                "metric": row.metric,
                "system": _shown(row),
                "trained on": row.trained_on or "–",
                "score": number(row.score),
                "against the foundation alone": with_ends(row.change) if row.change else "–",
            }
            for row in cross_task
        ]
    )
    return (
        f"### Bits per character of held-out sentences\n\n{text}\n\n### SFT models on the other tasks\n\n{tasks}\n\n"
        "- Bits per character: cross-entropy of the translation task's test sentences, joined, one after the other; "
        "lower is better. SFT models have seen such sentences of other items: a lower value is adaptation to this kind "
        "of text.\n"
        "- SFT models on the other tasks: test items of each task's first subsets, decoded with the SFT model of "
        "another task under the task's own prompt, beside the foundation alone and with priors.\n"
    )
