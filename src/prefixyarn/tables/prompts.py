"""The dev scores of prompt templates and sets of few-shot examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prefixyarn.tables.render import markdown, number
from prefixyarn.tables.rows import ALL


@dataclass(frozen=True)
class PromptRow:
    """The dev score of one prompt template, or set of examples.

    Attributes:
        foundation: The foundation's name.
        prompt: The name of the template or of the set of examples.
        chosen: Whether it is the best, and is used.
        subset: A direction or a language; `ALL` for the mean.
        score: Its score by the task's main metric.
        n: Items a subset.
    """

    foundation: str
    prompt: str
    chosen: bool
    subset: str
    score: float
    n: int


def prompt_rows(choices: Mapping[str, Mapping[str, Any]]) -> list[PromptRow]:
    """Return the dev scores of all prompt templates, or sets of examples: of each subset and the mean.

    Args:
        choices: What `choose_prompt` (or `choose_examples`) wrote, by foundation.
    """
    return [
        PromptRow(foundation, name, name == choice["chosen"], ALL if subset == "mean" else subset, score, choice["n"])
        for foundation, choice in choices.items()
        for name, scores in choice["scores"].items()
        for subset, score in scores.items()
    ]


def prompt_markdown(rows: Sequence[PromptRow]) -> str:
    """Render prompt rows as Markdown, a line per foundation and prompt."""
    shown = []
    for foundation, prompt in dict.fromkeys((row.foundation, row.prompt) for row in rows):
        own = [row for row in rows if (row.foundation, row.prompt) == (foundation, prompt)]
        scores = {row.subset or "mean": number(row.score) for row in own}
        chosen, n = "yes" if own[0].chosen else "", own[0].n
        shown.append({"foundation": foundation, "prompt": prompt, "chosen": chosen, **scores, "n": n})
    return markdown(shown)
