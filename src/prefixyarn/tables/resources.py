"""Languages by resource level: by their share of a published pre-training mix, and by what every model shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prefixyarn.languages import Direction, language
from prefixyarn.tables.main import chosen_row
from prefixyarn.tables.render import KINDS, foundation_cell, markdown, number
from prefixyarn.tables.rows import Row

# Percentage of Llama 2's pre-training text by language: Touvron et al. 2023 (arXiv 2307.09288), table 10, which lists
# languages of 0.005 % or more. It is that model's mix; other makers, Gemma's among them, publish none.
LLAMA_2 = {"en": 89.70, "de": 0.17, "fr": 0.16, "zh": 0.13, "ru": 0.13, "pt": 0.09, "uk": 0.07}
UNLISTED = 0.005


def level(code: str) -> str:
    """Return a language's level, by the paper's bounds: high above 0.1 %, extremely low below 0.05 %, else low."""
    share = LLAMA_2.get(code, UNLISTED)
    return "high" if share > 0.1 else "extremely low" if share < 0.05 else "low"


def resource_rows(
    foundation: str, tables: Mapping[str, Sequence[Row]], checks: Mapping[str, Any], units: Sequence[str]
) -> list[Row]:
    """Return a row per direction, by level, then by fertility.

    Args:
        foundation: Its name.
        tables: By name of each table of translation the rows of one foundation and the main metric.
        checks: By language what verify_foundation measured.
        units: The directions, each of which is in one of the tables.

    Returns:
        ``group`` (the table), ``direction``, ``resource level`` and ``llama 2 share`` (None: below 0.005 %) of the
        target language; ``tokens per character`` (fertility) and ``bits per character`` of the foundation on it;
        ``share <kind>``, the share of the SFT model's score (None where there are no such priors), and ``n`` items.
    """
    found = []
    for unit in units:
        table, rows = next((name, rows) for name, rows in tables.items() if f"{unit} share" in rows[0])
        code = Direction.parse(unit).target
        row: Row = {
            "foundation": foundation,
            "group": table,
            "direction": unit,
            "language": language(code).name,
            "resource level": level(code),
        }
        row["llama 2 share"] = LLAMA_2.get(code)
        row["tokens per character"] = checks[code]["tokens_per_character"]
        row["bits per character"] = checks[code]["bits_per_character"]
        for kind in KINDS:
            own = chosen_row(rows, kind)
            row[f"share {kind}"] = own[f"{unit} share"] if own else None
        row["n"] = int(rows[0]["n"])
        found.append(row)
    order = ("high", "low", "extremely low")
    return sorted(found, key=lambda row: (order.index(row["resource level"]), row["tokens per character"]))


def resource_markdown(rows: Sequence[Row]) -> str:
    """Render resource rows as Markdown."""
    shown = [
        {
            **foundation_cell(row, rows),
            "direction": row["direction"],
            "level": row["resource level"],
            "Llama 2's mix": "< 0.005 %" if row["llama 2 share"] is None else f"{row['llama 2 share']} %",
            "tokens per character": number(row["tokens per character"], 2),
            "bits per character": number(row["bits per character"], 2),
            **{f"{kind}, % of SFT": number(row[f"share {kind}"]) for kind in KINDS},
            "n": row["n"],
        }
        for row in rows
    ]
    return markdown(shown) + (
        "\n\n- level: high above 0.1 %, low, extremely low below 0.05 % of pre-training text, by the only published "
        "mix among the paper's models, Llama 2's (Touvron et al. 2023, table 10). What this foundation was trained on "
        "is unknown, unless it is that one.\n"
        "- Tokens per character (fertility) and bits per character are this foundation's own, on training text of the "
        "language. Scripts differ: a Chinese character says more than a Latin letter.\n"
        "- A kind is shown at its largest k of at most two; single directions are exploratory.\n"
    )
