"""Scale: how far priors take foundations of different sizes (the paper's open question of larger models)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prefixyarn.tables.overview import KINDS
from prefixyarn.tables.render import markdown, number
from prefixyarn.tables.rows import Row


def scale_rows(overview: Sequence[Row], parameters: Mapping[str, int]) -> list[Row]:
    """Return shares of SFT by size: a row per task, prior kind and foundation, sizes ascending.

    Args:
        overview: Rows of the overview of several foundations.
        parameters: By foundation, how many parameters its weights have.

    Returns:
        ``task``, ``kind``, ``foundation``, ``parameters``, ``mean``, ``n`` and ``share`` with the ends of its interval:
        zero-shot, of several variants of a kind the first.
    """
    found: list[Row] = []
    columns = ("mean", "n", "share", "share low", "share high")
    for task in dict.fromkeys(row["task"] for row in overview):
        for kind in KINDS:
            for name in sorted(parameters, key=lambda name: parameters[name]):
                own = [row for row in overview if (row["task"], row["kind"], row["foundation"]) == (task, kind, name)]
                own = [row for row in own if row["prompt"] == "zero-shot"]
                if own:
                    head = {"task": task, "kind": kind, "foundation": name, "parameters": parameters[name]}
                    found.append(head | {column: own[0][column] for column in columns})
    return found


def scale_markdown(rows: Sequence[Row], labels: Mapping[str, str]) -> str:
    """Render scale rows as Markdown: a table per task, a column per foundation."""
    parts = []
    names = list(dict.fromkeys(row["foundation"] for row in sorted(rows, key=lambda row: row["parameters"])))
    for task in dict.fromkeys(row["task"] for row in rows):
        shown = []
        for kind in dict.fromkeys(row["kind"] for row in rows if row["task"] == task):
            cells = {row["foundation"]: row for row in rows if (row["task"], row["kind"]) == (task, kind)}
            shown.append({"prior": kind, **{labels[name]: _cell(cells.get(name)) for name in names}})
        parts.append(f"### Share of SFT by size, {task}\n\n{markdown(shown)}\n")
    sizes = {row["foundation"]: row["parameters"] for row in rows}
    parts.append(
        "- % of the SFT model's score, with 95 % bootstrap intervals; each foundation is compared with its own SFT "
        f"model. Parameters: {', '.join(f'{labels[name]} {sizes[name]:,}' for name in names)}.\n"
        "- Families differ in what they were pre-trained on: only sizes of one family show what size does.\n"
    )
    return "\n".join(parts)


def _cell(row: Row | None) -> str:
    if row is None or row["share"] is None:
        return "–"
    return f"{number(row['share'])} ({number(row['share low'])}–{number(row['share high'])})"
