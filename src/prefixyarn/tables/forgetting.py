"""What fine-tuning forgets: text of each language, and the other tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prefixyarn.languages import Direction
from prefixyarn.metrics.metric import Metric
from prefixyarn.records import Item, Output, System
from prefixyarn.tables.render import foundation_cell, markdown, number
from prefixyarn.tables.rows import Row

# What stands beside the adapters: the foundation alone, with a prior that needs no fine-tuning, and with the SFT's.
BESIDE = {
    "translation": (System("none"), System("pseudo", "first", 2, "token"), System("refined", "", 2, "token")),
    "summarization": (System("none"), System("pseudo", "first", 2, "token"), System("refined", "", 2, "token")),
    "tagging": (System("none"), System("refined", "", 2, "tag")),
}


def crossed_rows(
    foundation: str,
    task: str,
    metric: Metric,
    items: Mapping[str, Sequence[Item]],
    own: Mapping[str, Sequence[Output]],
    crossed: Mapping[str, Mapping[str, Sequence[Output]]],
) -> list[Row]:
    """Return how the adapters of other tasks do on one task.

    Args:
        foundation: Its name.
        task: The task.
        metric: Its main metric.
        items: By unit the test items.
        own: By unit the outputs of the foundation and of the task's own SFT model.
        crossed: By task that was trained on, and unit, the outputs of that SFT model.

    Returns:
        Rows with ``task``, ``metric``, ``system``, ``trained on`` (a task, or empty) and ``score``, the mean over
        units.
    """

    def mean(texts: Mapping[str, Mapping[str, str]]) -> float:
        scores = []
        for unit, listed in items.items():
            found = [texts[unit][item.id] for item in listed]
            scores.append(metric.corpus(found, [item.target for item in listed], Direction.parse(unit).target))
        return sum(scores) / len(scores)

    rows: list[Row] = []

    def add(system: str, trained: str, texts: Mapping[str, Mapping[str, str]]) -> None:
        head = {"foundation": foundation, "task": task, "metric": metric.title, "units": " ".join(items)}
        rows.append({**head, "system": system, "trained on": trained, "score": mean(texts)})

    for system in (*BESIDE.get(task, (System("none"),)), System("none", model="sft")):
        texts = {unit: {o.item: o.text for o in outputs if o.system == system} for unit, outputs in own.items()}
        if all(texts.values()):
            k = f", {system.k} {system.k_unit}{'s' if system.k != 1 else ''}" if system.k else ""
            name = "SFT model" if system.model == "sft" else f"{system.kind} {system.variant}".strip() + k
            add(name, task if system.model == "sft" else "", texts)
    for trained, by_unit in crossed.items():
        add("SFT model", trained, {unit: {o.item: o.text for o in outputs} for unit, outputs in by_unit.items()})
    return rows


def forgetting_markdown(languages: Sequence[Row], crossed: Sequence[Row]) -> str:
    """Render both tables as Markdown."""
    models = [name for name in languages[0] if name == "base" or name.startswith("sft ")]
    text = markdown(
        [
            {
                **foundation_cell(row, languages),
                "language": row["language"],
                "characters": str(int(row["characters"])),
                **{name: number(row[name], 3) for name in models},
            }
            for row in languages
        ]
    )
    tasks = markdown(
        [
            {
                **foundation_cell(row, crossed),
                "scored on": f"{row['task']} ({row['units']})",
                "metric": row["metric"],
                "system": row["system"],
                "trained on": row["trained on"] or "–",
                "score": number(row["score"]),
            }
            for row in crossed
        ]
    )
    return (
        f"### Bits per character of held-out sentences\n\n{text}\n\n### Adapters on the other tasks\n\n{tasks}\n\n"
        "- Bits per character: cross-entropy of the translation task's test sentences, joined, one after the other; "
        "lower is better. SFT models have seen such sentences of other items: a lower value is adaptation to this kind "
        "of text.\n- Adapters on the other tasks: test items of each task's first units, decoded with the SFT model of "
        "another task under the task's own prompt, beside the foundation alone and with priors.\n"
    )
