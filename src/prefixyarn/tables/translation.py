"""The translation table: every system's scores by direction, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from prefixyarn.metrics.bootstrap import draw_counts, interval
from prefixyarn.metrics.faults import FAULTS
from prefixyarn.metrics.shares import mean_over, p_value
from prefixyarn.metrics.units import DOMAINS, NONE
from prefixyarn.records import System
from prefixyarn.tables.render import markdown, number, percent
from prefixyarn.tables.rows import Row
from prefixyarn.tasks.translation.scores import SCORES

METRICS = SCORES.metrics
SYSTEM_COLUMNS = ("model", "prompt", "kind", "variant", "k", "k_unit")


def mean_rate(values: Sequence[float | None]) -> float | None:
    """Return the mean of the values that are known; None if none is."""
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else None


def translation_rows(scores: Mapping[str, Mapping[str, Mapping[str, Any]]], resamples: int, seed: int) -> list[Row]:
    """Return the translation table: per metric and foundation a row per system.

    Args:
        scores: What `score_unit` returned, by foundation and direction.
        resamples: Number of bootstrap resamples for the means.
        seed: Seed of the bootstrap: that of the directions' own, so that draws are the same.

    Returns:
        Rows with the system's columns; by direction the score, its interval and the p-value of its difference
        from ``none``; the same for the mean over directions and for the mean on out-of-domain items; fault
        rates and numbers of tokens as means over directions, in-domain; n items per direction.
    """
    rows = []
    for metric in METRICS:
        for foundation, units in scores.items():
            systems = by_system(units)
            counts = {
                domain: draw_counts(systems[NONE][0][domain]["n"], resamples, seed)
                for domain in DOMAINS
                if systems[NONE][0][domain]["n"]
            }
            none = {
                domain: mean_over(metric, [e[domain][metric.name] for e in systems[NONE]], counts[domain])
                for domain in counts
            }
            for system, entries in systems.items():
                row: Row = {"metric": metric.title, "foundation": foundation, **asdict(system)}
                for unit, entry in zip(units, entries, strict=True):
                    own = entry["test"][metric.name]
                    row |= {unit: own["score"], f"{unit} low": own["low"], f"{unit} high": own["high"]}
                    row[f"{unit} p"] = own.get("p_none")
                for domain, name in zip(DOMAINS, ("mean", "out of domain"), strict=True):
                    row |= {name: None, f"{name} low": None, f"{name} high": None, f"{name} p": None}
                    if domain not in counts:
                        continue
                    mean = mean_over(metric, [e[domain][metric.name] for e in entries], counts[domain])
                    own_interval = interval(mean.score, mean.resampled)
                    row |= {name: mean.score, f"{name} low": own_interval.low, f"{name} high": own_interval.high}
                    row[f"{name} p"] = None if system == NONE else p_value(mean, none[domain])
                for fault in FAULTS:
                    row[fault] = mean_rate([e["test"]["faults"][fault] for e in entries])
                row["n"] = entries[0]["test"]["n"]
                row["n out of domain"] = entries[0]["out_of_domain"]["n"]
                row["prior tokens"] = mean_rate([e["test"]["prior_tokens"] for e in entries])
                row["new tokens"] = mean_rate([e["test"]["new_tokens"] for e in entries])
                rows.append(row)
    return rows


def by_system(units: Mapping[str, Mapping[str, Any]]) -> dict[System, list[Mapping[str, Any]]]:
    """Return the entries of each system, one per direction, in the order of the first direction's systems."""
    found: dict[System, list[Mapping[str, Any]]] = {}
    for unit in units.values():
        for entry in unit["systems"]:
            found.setdefault(System(**{c: entry[c] for c in SYSTEM_COLUMNS}), []).append(entry)
    assert all(len(entries) == len(units) for entries in found.values()), "a system is missing in a direction"
    return found


def system_cells(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the cells of a table that name a row's system to a reader."""
    unit = f"{row['k_unit']}{'s' if row['k'] != 1 else ''}"
    return {
        "model": row["model"],
        "prompt": row["prompt"] if row["model"] in ("foundation", "sft") else "–",
        "prior": " ".join(part for part in (row["kind"], row["variant"]) if part),
        "k": f"{row['k']} {unit}" if row["k"] else "–",
    }


def translation_markdown(rows: Sequence[Row], directions: Sequence[str], foundations: Mapping[str, str]) -> str:
    """Render translation rows as Markdown: for each foundation a table per metric.

    Args:
        rows: From `translation_rows`.
        directions: Columns, in order.
        foundations: Label of each foundation by its name.
    """
    parts = []
    for foundation, label in foundations.items():
        for metric in (metric.title for metric in METRICS):
            shown = []
            for row in (r for r in rows if r["foundation"] == foundation and r["metric"] == metric):
                star = "*" if row["mean p"] is not None and row["mean p"] < 0.05 else ""
                shown.append(
                    {
                        **system_cells(row),
                        **{d: number(row[d]) for d in directions},
                        "mean": f"{number(row['mean'])}{star}",
                        "95 %": f"{number(row['mean low'])}–{number(row['mean high'])}",
                        "out of domain": number(row["out of domain"]),
                        "off-target": percent(row["off_target"]),
                        "copied": percent(row["copied"]),
                        "repeated": percent(row["repeated"]),
                        "truncated": percent(row["truncated"]),
                        "empty": percent(row["empty"]),
                        "n": row["n"],
                        "prior tokens": number(row["prior tokens"]),
                    }
                )
            parts.append(f"### {metric}, {label}\n\n{markdown(shown)}\n")
    return "\n".join(parts)


def translation_notes(
    scores: Mapping[str, Mapping[str, Mapping[str, Any]]],
    choices: Mapping[str, Mapping[str, Any]],
    resamples: int,
    note: str,
    induced: bool,
) -> str:
    """Return what a reader must know to read the translation table, as a Markdown list."""
    notes = [
        "A row is a model with one kind of prior, k units of which start its answer; prior and "
        "continuation are scored together. `oracle` is handed the start of the reference: a bound, not a method. "
        "What each system is: docs/method.md.",
        f"n English sentences, the same in every direction. 95 %: bootstrap interval of the mean over "
        f"directions, {resamples:,} resamples of sentences. *: the mean differs from `none`, paired bootstrap "
        "p < 0.05, not corrected for the number of rows; intervals and p-values of single directions are in the csv.",
        f"{note}. Out of domain, where there is such a column: mean over directions on sentences of a source that "
        "is in no training text.",
        "Off-target: share of continuations (prior excluded) that are not detected as the target language; "
        "continuations without a letter are left out. The same for copied (near copy of the source), repeated "
        "(something four times in a row), truncated (cut at the length limit), empty. All are in-domain means.",
    ]
    if induced:
        notes.append(
            "The dictionary behind `pseudo` (and the matching of the random words) is induced from the training "
            "split by word alignment: it has seen parallel data, in-domain."
        )
    for foundation, units in scores.items():
        errors = ", ".join(f"{unit} {100 * s['detector_error']:.1f} %" for unit, s in units.items())
        notes.append(f"Language detector's error on the references ({foundation}): {errors}.")
        choice = choices[foundation]
        notes.append(
            f"Prompt ({foundation}): `{choice['chosen']}`, chosen on {choice['n']} dev items a direction: "
            "prompts_translation.md."
        )
        signatures: dict[str, list[str]] = {}
        for unit, s in units.items():
            for signature in s["signatures"].values():
                signatures.setdefault(signature, []).append(unit)
        notes += [f"`{signature}` ({', '.join(own)})" for signature, own in signatures.items()]
    return "".join(f"- {note}\n" for note in dict.fromkeys(notes))
