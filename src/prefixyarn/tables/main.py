"""The main table: every system as a share of the SFT model, with tests, verdicts and the paper's own figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tabulate import tabulate

from prefixyarn.metrics.bootstrap import draw_counts, interval
from prefixyarn.metrics.shares import Mean, holm, mean_over, p_value, recovery, share
from prefixyarn.metrics.units import NONE, SFT
from prefixyarn.records import System
from prefixyarn.tables.render import markdown, number, percent
from prefixyarn.tables.rows import Row
from prefixyarn.tables.translation import by_system, mean_rate, system_cells
from prefixyarn.tasks.scoring import Scores

UnitScores = Mapping[str, Mapping[str, Mapping[str, Any]]]


def main_rows(task: Scores, scores: UnitScores, resamples: int, seed: int) -> list[Row]:
    """Return the main table of a task: per metric and foundation a row per system.

    Args:
        task: How the task's answers are scored.
        scores: What `score_unit` returned, by foundation and unit.
        resamples: Number of bootstrap resamples.
        seed: Seed of the bootstrap: that of the directions' own, so that draws are the same.

    Returns:
        Rows with the system's columns; ``mean`` over directions, ``share`` (100 · mean / mean of the SFT model) and
        ``recovery`` (100 · (mean − none) / (sft − none)), each with the ends of its 95 % interval; ``p none`` and
        ``p sft``, paired tests of the mean with Holm's correction over the rows of the metric; fault rates, ``prior
        tokens``, ``covered`` (share of items whose prior is as long as the reference); per cut the mean and share of
        the continuations; per direction score, share and uncorrected p-values. Without an SFT model all shares are
        None.
    """
    rows = []
    for metric in task.metrics:
        for foundation, units in scores.items():
            systems = by_system(units)
            n = systems[NONE][0]["test"]["n"]
            counts = draw_counts(n, resamples, seed)
            means = {
                system: mean_over(metric, [e["test"][metric.name] for e in entries], counts)
                for system, entries in systems.items()
            }
            cuts = list(systems[NONE][0]["continuations"])
            tails = {
                (cut, system): mean_over(metric, [e["continuations"][cut][metric.name] for e in entries], counts)
                for cut in cuts
                for system, entries in systems.items()
            }
            none, sft = means[NONE], means.get(SFT)
            own_rows = []
            for system, entries in systems.items():
                mean = means[system]
                row: Row = {"metric": metric.title, "foundation": foundation, **asdict(system), "n": n}
                row |= _with_ends("mean", interval(mean.score, mean.resampled))
                row |= _with_ends("share", share(mean, sft) if sft else None)
                row |= _with_ends("recovery", recovery(mean, none, sft) if sft and system != NONE else None)
                row["p none"] = None if system == NONE else p_value(mean, none)
                row["p sft"] = None if sft is None or system == SFT else p_value(mean, sft)
                for fault in task.fault_columns:
                    row[fault] = mean_rate([e["test"]["faults"][fault] for e in entries])
                for value in ("prior_tokens", "covered"):
                    row[value.replace("_", " ")] = mean_rate([e["test"][value] for e in entries])
                for cut in cuts:
                    row |= _continuation(cut, tails[cut, system], tails.get((cut, SFT)))
                for unit, entry in zip(units, entries, strict=True):
                    row |= _direction(unit, entry["test"][metric.name], _entry(systems, SFT, units, unit, metric.name))
                own_rows.append(row)
            for row in own_rows:
                row["p none uncorrected"] = row["p none"]
            for column in ("p none", "p sft"):
                for row, p in zip(own_rows, holm([row[column] for row in own_rows]), strict=True):
                    row[column] = p
            rows += own_rows
    return rows


def _with_ends(name: str, found: Any) -> Row:
    if found is None:
        return {name: None, f"{name} low": None, f"{name} high": None}
    return {name: found.score, f"{name} low": found.low, f"{name} high": found.high}


def _continuation(cut: str, own: Mean, sft: Mean | None) -> Row:
    name = f"without {cut}{'s' if not cut.startswith('1 ') else ''}"
    return {name: own.score, **_with_ends(f"{name} share", share(own, sft) if sft else None)}


def _entry(
    systems: Mapping[System, Sequence[Mapping[str, Any]]],
    system: System,
    units: Mapping[str, Any],
    unit: str,
    metric: str,
) -> Mapping[str, Any] | None:
    entries = systems.get(system)
    return entries[list(units).index(unit)]["test"][metric] if entries else None


def _direction(unit: str, own: Mapping[str, Any], sft: Mapping[str, Any] | None) -> Row:
    return {
        unit: own["score"],
        f"{unit} share": 100 * own["score"] / sft["score"] if sft and sft["score"] else None,
        f"{unit} p none": own.get("p_none"),
        f"{unit} p sft": own.get("p_sft"),
    }


def chosen_row(
    rows: Sequence[Row],
    kind: str,
    model: str = "foundation",
    variant: str | None = None,
    prompt: str = "zero-shot",
) -> Row | None:
    """Return a kind's row at the largest k of at most two, not in words.

    The paper gives one or two prior tokens; the rule is fixed before the run.

    Args:
        rows: Rows of one foundation and metric.
        kind: The prior kind.
        model: What decodes.
        variant: The variant; None for the first there is.
        prompt: The prompt.
    """
    own = [r for r in rows if r["kind"] == kind and r["model"] == model and r["prompt"] == prompt]
    own = [r for r in own if r["variant"] == variant] if variant is not None else own
    cut = [r for r in own if not int(r["k"]) or (r["k_unit"] != "word" and int(r["k"]) <= 2)]
    largest = max((int(r["k"]) for r in cut), default=0)
    return next((r for r in cut if int(r["k"]) == largest), None)


def _p(value: float | None) -> str:
    return "–" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def interval_cell(row: Row, name: str) -> str:
    """Return the ends of a value's interval for readers; a dash where there are none."""
    return "–" if row[name] is None else f"{row[f'{name} low']:.1f}–{row[f'{name} high']:.1f}"


def _shown(task: Scores, row: Row, directions: Sequence[str]) -> dict[str, Any]:
    return {
        **system_cells(row),
        **{unit: number(row[unit]) for unit in directions},
        "mean": number(row["mean"]),
        "share": number(row["share"]),
        "95 %": interval_cell(row, "share"),
        "recovery": number(row["recovery"]),
        "p none": _p(row["p none"]),
        "p sft": _p(row["p sft"]),
        **{fault.replace("_", "-"): percent(row[fault]) for fault in task.fault_columns},
        "prior tokens": number(row["prior tokens"]),
        "covered": percent(row["covered"]),
    }


def main_markdown(task: Scores, rows: Sequence[Row], directions: Sequence[str], foundations: Mapping[str, str]) -> str:
    """Render main rows as Markdown: per foundation and metric a table in tokens, words apart, continuations last.

    Args:
        task: How the task's answers are scored.
        rows: From `main_rows`.
        directions: Columns, in order.
        foundations: Label of each foundation by its name.
    """
    parts = []
    for foundation, label in foundations.items():
        for metric in (metric.title for metric in task.metrics):
            own = [row for row in rows if row["foundation"] == foundation and row["metric"] == metric]
            tokens = [row for row in own if row["k_unit"] != "word"]
            in_words = [row for row in own if row["k_unit"] == "word"]
            parts.append(f"### {metric}, {label}\n\n{markdown([_shown(task, row, directions) for row in tokens])}\n")
            if in_words:
                parts.append(
                    f"#### {metric}, priors in words\n\n{markdown([_shown(task, r, directions) for r in in_words])}\n"
                )
            cuts = [
                name.removesuffix(" share")
                for name in own[0]
                if name.startswith("without ") and name.endswith(" share")
            ]
            if cuts:
                shown = [
                    {**system_cells(row), **{c: v for cut in cuts for c, v in _cut_cells(row, cut).items()}}
                    for row in own
                ]
                parts.append(f"#### {metric} of continuations alone\n\n{markdown(shown)}\n")
    return "\n".join(parts)


def _cut_cells(row: Row, cut: str) -> dict[str, str]:
    return {
        cut: number(row[cut]),
        f"share {cut}": number(row[f"{cut} share"]),
        f"95 % {cut}": interval_cell(row, f"{cut} share"),
    }


def main_latex(task: Scores, rows: Sequence[Row], directions: Sequence[str], foundations: Mapping[str, str]) -> str:
    """Render the main metric's rows, without those in words, as a LaTeX table with booktabs lines, per foundation."""
    parts = []
    for foundation, label in foundations.items():
        shown = []
        for row in rows:
            if row["foundation"] == foundation and row["metric"] == task.metrics[0].title and row["k_unit"] != "word":
                cells = {**system_cells(row), **{unit: number(row[unit]) for unit in directions}}
                cells |= {
                    "mean": number(row["mean"]),
                    "% of SFT": number(row["share"]),
                    "95 %": interval_cell(row, "share"),
                }
                shown.append({name: value.replace("–", "--") for name, value in cells.items()})
        columns = list(shown[0])
        table = tabulate([list(r.values()) for r in shown], columns, "latex_booktabs", disable_numparse=True)
        parts.append(f"% {task.metrics[0].title}, {label}\n{table}\n")
    return "\n".join(parts)


def main_notes(
    task: Scores,
    rows: Sequence[Row],
    scores: UnitScores,
    sft: Mapping[str, Mapping[str, Any]],
    refined: Mapping[str, Any] | None,
    resamples: int,
    config: Mapping[str, Any],
) -> str:
    """Return what a reader must know to read the main table, as a Markdown list.

    Args:
        task: How the task's answers are scored.
        rows: From `main_rows`.
        scores: What `score_unit` returned, by foundation and unit.
        sft: The SFT model's manifest by foundation; empty without SFT models.
        refined: The refined model's manifest, if there is one.
        resamples: Number of bootstrap resamples.
        config: The task's block of the configuration.
    """
    notes = [
        f"n = {rows[0]['n']} items a column. share: 100 · mean / mean of the SFT model, a ratio of means over columns. "
        "recovery: 100 · (mean − none) / (sft − none). 95 %: bootstrap interval of the share, "
        f"{resamples:,} resamples of items, the same draws above and below the line.",
        "p none, p sft: paired bootstrap tests of the mean against the foundation alone and the SFT model, with Holm's "
        "correction over the rows of a metric. Single columns are exploratory: their p-values, in the csv, are not "
        "corrected.",
        "covered: share of items whose prior is as long as the whole reference. `oracle` is handed the start of the "
        "reference, a bound and not a method; its fair 100 % line is the SFT model with the same prior.",
        "Continuations alone: every answer without its first units against the reference without its first units; "
        "shares are of the SFT model's continuations cut likewise.",
        *task.notes(config),
    ]
    for foundation, manifest in sft.items():
        points = ", ".join(f"{d['score']:.1f} after {d['step']}" for d in manifest["dev"])
        improving = (
            " **sft still improving**: a longer training might raise the 100 % line." * manifest["still_improving"]
        )
        notes.append(
            f"SFT ({foundation}): {manifest['config']['method']}, {manifest['parameters']:,} trained parameters, "
            f"{manifest['config']['steps']} steps of {manifest['config']['batch']}; dev {task.metrics[0].title} "
            f"{points} steps; kept after {manifest['step']}.{improving}"
        )
    if refined:
        dev = {unit: refined["dev"][unit] for unit in next(iter(scores.values()))}
        right = ", ".join(f"{unit} {100 * own['first_unit_accuracy']:.0f} %" for unit, own in dev.items())
        n = next(iter(dev.values()))["n"]
        notes.append(f"Refined model ({refined['kind']}): first unit right on {n} dev items a column: {right}.")
    for units in scores.values():
        for name in ("signatures", "shortened"):
            said: dict[str, list[str]] = {}
            for unit, own in units.items():
                values = own["signatures"].values() if name == "signatures" else [own["shortened"]]
                for value in values:
                    said.setdefault(f"{100 * value:.0f} %" if name == "shortened" else value, []).append(unit)
            if name == "signatures":
                notes += [f"`{value}` ({', '.join(own)})" for value, own in said.items()]
            elif list(said) != ["0 %"]:
                shown = ", ".join(f"{value} ({', '.join(own)})" for value, own in said.items())
                notes.append(f"Sources cut at a sentence end, being too long: {shown}.")
    return "".join(f"- {note}\n" for note in dict.fromkeys(notes))
