"""The dev scores of prompt templates and sets of few-shot examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prefixyarn.tables.render import markdown, number
from prefixyarn.tables.rows import Row


def prompt_rows(choices: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """Return the dev scores of all prompt templates, or sets of examples: a row per foundation and template.

    Args:
        choices: What `choose_prompt` (or `choose_examples`) wrote, by foundation.
    """
    return [
        {"foundation": foundation, "prompt": name, "chosen": name == choice["chosen"], **own, "n": choice["n"]}
        for foundation, choice in choices.items()
        for name, own in choice["scores"].items()
    ]


def prompt_markdown(rows: Sequence[Row]) -> str:
    """Render prompt rows as Markdown."""
    return markdown(
        [
            {
                c: ("yes" if v else "") if c == "chosen" else number(v) if isinstance(v, float) else v
                for c, v in row.items()
            }
            for row in rows
        ]
    )
