"""Low-resource languages (open question 3): by their share of a published pre-training mix, and what a model shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prefixyarn.languages import Direction, language
from prefixyarn.systems import HEADLINE_KINDS, headline
from prefixyarn.tables.render import foundation_cell, markdown, number
from prefixyarn.tables.rows import ScoreRow, row_of, systems_of

MIX = "llama-2"  # whose mix is published; other makers, Gemma's among them, publish none
UNLISTED = 0.005  # percent; the mix lists languages of this share or more
LEVELS = ("high", "low", "extremely low")


def level(code: str) -> str:
    """Return a language's level, by the paper's bounds: high above 0.1 %, extremely low below 0.05 %, else low."""
    share = language(code).pretraining_share.get(MIX, UNLISTED)
    return "high" if share > 0.1 else "extremely low" if share < 0.05 else "low"


@dataclass(frozen=True)
class ResourceRow:
    """How far one source of priors takes a foundation in one direction, by what there is of its target language.

    Attributes:
        foundation: The foundation's name.
        table: The table of scores that has the direction.
        direction: The direction.
        language: Its target language.
        level: That language's level; see `level`.
        pretraining_share: Percentage of Llama 2's pre-training text in the language; None: below 0.005 %.
        tokens_per_character: Of the foundation on text of the language: fertility.
        bits_per_character: Of the foundation on it.
        n: Items.
        kind: The prior kind, at its largest k of at most two.
        share: Share of the SFT model's score; None without one.
    """

    foundation: str
    table: str
    direction: str
    language: str
    level: str
    pretraining_share: float | None
    tokens_per_character: float
    bits_per_character: float
    n: int
    kind: str
    share: float | None


def resource_rows(
    foundation: str, tables: Mapping[str, Sequence[ScoreRow]], checks: Mapping[str, Any], subsets: Sequence[str]
) -> list[ResourceRow]:
    """Return a row per direction and prior kind, by level, then by fertility.

    Args:
        foundation: Its name.
        tables: By name of each table of translation the rows of one foundation and the main metric.
        checks: By language what verify_foundation measured.
        subsets: The directions, each of which is in one of the tables.
    """
    found = []
    for subset in subsets:
        table, rows = next((t, rows) for t, rows in tables.items() if any(row.subset == subset for row in rows))
        systems, code = systems_of(rows), Direction.parse(subset).target
        for kind in HEADLINE_KINDS:
            system = headline(systems, kind)
            if system is None:
                continue
            own = row_of(rows, system, subset)
            found.append(
                ResourceRow(
                    foundation=foundation,
                    table=table,
                    direction=subset,
                    language=language(code).name,
                    level=level(code),
                    pretraining_share=language(code).pretraining_share.get(MIX),
                    tokens_per_character=checks[code]["tokens_per_character"],
                    bits_per_character=checks[code]["bits_per_character"],
                    n=own.n,
                    kind=kind,
                    share=own.share.score if own.share else None,
                )
            )
    return sorted(found, key=lambda row: (LEVELS.index(row.level), row.tokens_per_character))


def resource_markdown(rows: Sequence[ResourceRow]) -> str:
    """Render resource rows as Markdown: a row per direction, a column per prior kind."""
    shares = {(row.foundation, row.direction, row.kind): row.share for row in rows}
    firsts = {(row.foundation, row.direction): row for row in reversed(rows)}
    shown = [
        {
            **foundation_cell(row, rows),
            "direction": row.direction,
            "level": row.level,
            "Llama 2's mix": "< 0.005 %" if row.pretraining_share is None else f"{row.pretraining_share} %",
            "tokens per character": number(row.tokens_per_character, 2),
            "bits per character": number(row.bits_per_character, 2),
            **{f"{k}, % of SFT": number(shares.get((row.foundation, row.direction, k))) for k in HEADLINE_KINDS},
            "n": row.n,
        }
        for row in rows
        if firsts[row.foundation, row.direction] is row
    ]
    return markdown(shown) + (
        "\n\n- level: high above 0.1 %, low, extremely low below 0.05 % of pre-training text, by the only published "
        "mix among the paper's models, Llama 2's (Touvron et al. 2023, table 10). What this foundation was trained on "
        "is unknown, unless it is that one.\n"
        "- Tokens per character (fertility) and bits per character are this foundation's own, on training text of the "
        "language. Scripts differ: a Chinese character says more than a Latin letter.\n"
        "- A kind is shown at its largest k of at most two; single directions are exploratory.\n"
    )
