"""The headline for a terminal: small tables with intervals, and three sentences on what they show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tabulate import tabulate

from prefixyarn.analysis.mechanism.table import MechanismRow
from prefixyarn.findings.claims import PAPER
from prefixyarn.records import System
from prefixyarn.systems import NONE, SFT, headline, shown_units
from prefixyarn.tables.groups import DIRECTIONS, GroupRow
from prefixyarn.tables.overview import OverviewRow
from prefixyarn.tables.render import ends, number, prior_cell, with_ends
from prefixyarn.tables.rows import ScoreRow, row_of, rows_of, systems_of

MODELS = {"foundation": "foundation", "sft": "SFT model"}


def shown(system: System) -> str:
    """Return a system for a reader, such as ``foundation + refined, 2 tokens``."""
    name = MODELS.get(system.model, system.model)
    if system.prompt not in ("", "zero-shot"):
        name += f", {system.prompt}"
    if system.kind == "none":
        return f"{name} ({system.variant})" if system.variant else name
    return f"{name} + {', '.join(filter(None, (prior_cell(system), shown_units(system))))}"


def task_text(rows: Sequence[ScoreRow], labels: Mapping[str, str]) -> str:
    """Return a task's table in short: by foundation, each kind's headline system and its share of the SFT model.

    Args:
        rows: Rows of the task's table, the main metric's first.
        labels: Label of each foundation by its name.
    """
    parts = []
    for foundation, label in labels.items():
        own = rows_of(rows, foundation, rows[0].metric)
        systems = systems_of(own)
        of = {(s.kind, s.model, s.variant, s.prompt): s for s in systems if s.unit != "word"}
        chosen = dict.fromkeys(found for key in of if (found := headline(systems, *key)))
        cells = [
            [shown(s), number(row.score), ends(row.score), number(row.share), ends(row.share)]
            for s, row in ((s, row_of(own, s)) for s in chosen)
        ]
        columns = [f"{label}, n = {own[0].n} a column", own[0].metric, "95 %", "% of SFT", "95 %"]
        parts.append(_table(cells, columns))
    return "\n\n".join(parts)


def overview_text(rows: Sequence[OverviewRow], labels: Mapping[str, str]) -> str:
    """Return the overview in short: shares of the SFT model, or scores without one, a column per task."""
    parts = []
    for foundation, label in labels.items():
        own = [row for row in rows if row.foundation == foundation]
        tasks = {row.task: row for row in own}
        lines = overview_lines(own)
        cells = [[name, *(found.get(task, "–") for task in tasks)] for name, found in lines.items()]
        what = "% of SFT (95 %)" if any(row.share for row in own) else "score"
        heads = [f"{task}, {row.metric}" for task, row in tasks.items()]
        parts.append(f"{label}: {what}\n\n{_table(cells, ['prior', *heads])}")
    return "\n\n".join(parts)


def overview_lines(
    rows: Sequence[OverviewRow], mark: Callable[[OverviewRow], str] = lambda row: ""
) -> dict[str, dict[str, str]]:
    """Return the cells of an overview by prior and task: the share of SFT with its interval, or the score without one.

    Units differ between tasks, and few-shot prompts in their number of examples: lines are of kinds.

    Args:
        rows: Those of one foundation.
        mark: Returns what stands before a row's cell.
    """
    lines: dict[str, dict[str, str]] = {}
    for row in rows:
        prompt = "few-shot" if row.system.prompt.startswith("few-shot") else ""
        name = "alone" if row.system.kind == "none" else prior_cell(row.system)
        cell = f"{number(row.share)} ({ends(row.share)})" if row.share else number(row.score)
        lines.setdefault(", ".join(filter(None, (prompt, name))), {})[row.task] = mark(row) + cell
    return lines


def mechanism_text(groups: Sequence[GroupRow], mechanism: Sequence[MechanismRow], labels: Mapping[str, str]) -> str:
    """Return in short what a prior does: to the score where the language was right or wrong, and to the source's use.

    Args:
        groups: Translation by groups of directions; empty without one.
        mechanism: The source use; empty where the run lacks that analysis.
        labels: Label of each foundation by its name.
    """
    parts = []
    for foundation, label in labels.items():
        own = [row for row in groups if (row.foundation, row.by) == (foundation, DIRECTIONS)]
        used = {row.system: row for row in mechanism if row.foundation == foundation and not row.subset}
        names = list(dict.fromkeys(row.group for row in own))
        gains = {(row.group, row.system): row for row in own}
        systems = [
            s for s in dict.fromkeys(row.system for row in own) if (s.model, s.prompt) == ("foundation", "zero-shot")
        ]
        kinds = dict.fromkeys((s.kind, s.variant) for s in systems if s.kind != "none" and s.unit != "word")
        cells = []
        for system in [NONE, *(headline(systems, kind, variant=variant) for kind, variant in kinds), SFT]:
            if system is None or not any((name, system) in gains for name in names):
                continue
            line = ["alone" if system == NONE else "SFT model" if system == SFT else prior_cell(system)]
            for name in names:
                row = gains.get((name, system))
                line.append(with_ends(row.gain) if row and row.gain else number(row.score if row else None))
            if used:
                row_used = used.get(system)
                value = row_used.source_use if row_used else None
                line += [with_ends(value, 2) if value else "–"]
            cells.append(line)
        heads = [f"{name}: {row.subsets.replace('en-', '')}" for name in names if (row := gains.get((name, NONE)))]
        columns = ["gain in chrF++ where alone it is", *heads, *(["use of the source, nats"] if used else [])]
        parts.append(f"{label}, translation: what a prior does\n\n{_table(cells, columns)}")
    return "\n\n".join(parts)


def sentences(rows: Sequence[OverviewRow], labels: Mapping[str, str]) -> list[str]:
    """Return what the overview shows, in at most three sentences per foundation; none without an SFT model."""
    found = []
    for foundation, label in labels.items():
        own = [row for row in rows if row.foundation == foundation and row.share]
        alone = {row.task: row for row in own if row.system == NONE}
        if not alone:
            continue
        found.append(f"Alone, {label} reaches {_shares(alone)} of its SFT model's score.")
        for kind, what in (("refined", "a small task model's answer"), ("oracle", "the reference (a bound)")):
            given = {r.task: r for r in own if (r.system.kind, r.system.prompt) == (kind, "zero-shot")}
            if given:
                units = " or ".join(dict.fromkeys(shown_units(row.system) for row in given.values()))
                paper = f" (the paper's 7B models: {PAPER[kind]} % in translation)" if kind in PAPER else ""
                found.append(f"With the first {units} of {what}: {_shares(given)}{paper}; {_gains(given, alone)}.")
                break
        shots = {r.task: r for r in own if r.system.kind == "none" and r.system.prompt.startswith("few-shot")}
        if shots:
            found.append(f"With examples in the prompt and no prior: {_shares(shots)}; {_gains(shots, alone)}.")
    return found


def _shares(rows: Mapping[str, OverviewRow]) -> str:
    return _and([f"{number(row.share)} % in {task}" for task, row in rows.items()])


def _gains(rows: Mapping[str, OverviewRow], alone: Mapping[str, OverviewRow]) -> str:
    """Return in which tasks a share is above that of the foundation alone, by their intervals."""

    def above(own: OverviewRow, other: OverviewRow) -> bool:
        return bool(own.share and other.share and own.share.low > other.share.high)

    apart = [task for task, row in rows.items() if above(row, alone[task])]
    rest = [task for task in rows if task not in apart]
    said = [f"intervals apart from alone in {_and(apart)}"] if apart else []
    return "; ".join([*said, *([f"not apart in {_and(rest)}"] if rest else [])])


def _and(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _table(cells: Sequence[Sequence[str]], columns: Sequence[str]) -> str:
    align = ["left", *["right"] * (len(columns) - 1)]
    return tabulate(cells, columns, "simple", colalign=align, disable_numparse=True)
