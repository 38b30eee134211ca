"""The overview: the paper's headline over the three tasks, share of SFT by task and prior kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from prefixyarn.tables.claims import PAPER
from prefixyarn.tables.main import chosen_row, interval_cell
from prefixyarn.tables.render import KINDS, markdown, number
from prefixyarn.tables.rows import Row


def overview_rows(tables: Mapping[str, Sequence[Row]]) -> list[Row]:
    """Return the overview: per foundation, task and prior kind a row.

    Args:
        tables: By task the rows of its main table.

    Returns:
        ``foundation``, ``task``, ``metric`` (the task's main one), ``kind``, ``variant``, ``k``, ``k_unit``, ``mean``,
        ``share`` and ``recovery`` with the ends of their 95 % intervals, ``n``, ``paper`` (the share over all of the
        paper's translation settings; None elsewhere). A kind that a task does not have is left out.
    """
    found: list[Row] = []
    columns = ("prompt", "kind", "variant", "k", "k_unit", "mean", "n")
    ends = [f"{name}{end}" for name in ("share", "recovery") for end in ("", " low", " high")]
    for task, rows in tables.items():
        main = rows[0]["metric"]
        for foundation in dict.fromkeys(row["foundation"] for row in rows):
            own = [row for row in rows if row["metric"] == main and row["foundation"] == foundation]
            prompts = dict.fromkeys(r["prompt"] for r in own)
            for prompt, kind in product(prompts, KINDS):
                variants = dict.fromkeys(r["variant"] for r in own if r["kind"] == kind and r["variant"] != "free")
                for variant in variants:
                    row = chosen_row(own, kind, variant=variant, prompt=prompt)
                    if row is not None:
                        told = task == "translation" and prompt == "zero-shot" and variant in ("", "first")
                        paper = PAPER.get(kind) if told else None
                        found.append(
                            {
                                "foundation": foundation,
                                "task": task,
                                "metric": main,
                                **{column: row[column] for column in (*columns, *ends)},
                                "k": int(row["k"]),
                                "n": int(row["n"]),
                                "paper": paper,
                            }
                        )
    return found


def overview_metrics(rows: Sequence[Row]) -> dict[str, dict[str, dict[str, dict[str, float]]]]:
    """Return scores and shares of SFT, in per cent, by foundation, task and prior: what `dvc metrics` compares."""
    found: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for row in rows:
        name = " ".join(part for part in (row["kind"], row["variant"]) if part)
        if row["prompt"] != "zero-shot":
            name += f", {row['prompt']}"
        values = {row["metric"]: row["mean"], "% of SFT": row["share"]}
        own = found.setdefault(row["foundation"], {}).setdefault(row["task"], {})
        own[name] = {key: round(value, 2) for key, value in values.items() if value is not None}
    return found


def overview_cells(rows: Sequence[Row]) -> list[dict[str, str]]:
    """Return overview rows as a reader sees them."""
    return [
        {
            "task": row["task"],
            "metric": row["metric"],
            "prompt": row["prompt"],
            "prior": " ".join(part for part in (row["kind"], row["variant"]) if part),
            "k": f"{row['k']} {row['k_unit']}{'s' if int(row['k']) != 1 else ''}" if int(row["k"]) else "–",
            "score": number(row["mean"]),
            "share of SFT": number(row["share"]),
            "95 %": interval_cell(row, "share"),
            "recovery": number(row["recovery"]),
            "paper": "–" if row["paper"] is None else f"{row['paper']} %",
            "n": str(row["n"]),
        }
        for row in rows
    ]


def overview_markdown(rows: Sequence[Row], foundations: Mapping[str, str]) -> str:
    """Render the overview as Markdown, a table per foundation."""
    parts = []
    for name, label in foundations.items():
        own = [row for row in rows if row["foundation"] == name]
        parts.append(f"### Share of SFT by task and prior, {label}\n\n{markdown(overview_cells(own))}\n")
    parts.append(
        "- share of SFT: 100 · mean / mean of the SFT model, over all units of the task's table, with its 95 % "
        "bootstrap interval; recovery: 100 · (mean − none) / (sft − none), `none` being zero-shot. A kind is "
        "shown at its largest k of at most two.\n"
        "- paper: arXiv 2404.16766, over all its translation settings, 7B models, FLORES-101, metric not stated in "
        "the abstract. It gives no such figure for the other two tasks in what we have.\n"
        "- n: items a unit. `oracle` is a bound, not a method. Tagging has no pseudo priors, as in the paper; where "
        "its tags are silver, tagging.md says so.\n"
    )
    return "\n".join(parts)
