"""Tables: rows of numbers, and their rendering as Markdown and CSV."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tabulate import tabulate

from prefixyarn.metrics.bootstrap import draw_counts, interval, paired_p
from prefixyarn.metrics.faults import FAULTS
from prefixyarn.metrics.translation import METRICS, TITLES, corpus_score
from prefixyarn.records import atomic

Row = dict[str, Any]
SYSTEM_COLUMNS = ("kind", "variant", "k", "k_unit")


def _mean_scores(
    entries: Sequence[Mapping[str, Any]], domain: str, metric: str, resamples: int, seed: int
) -> tuple[float, np.ndarray] | None:
    """Return a system's mean corpus score over directions, and the same mean on each resample of sentences."""
    scores = [entry[domain] for entry in entries]
    if not all(s["n"] for s in scores):
        return None
    counts = draw_counts(scores[0]["n"], resamples, seed)
    resampled = [corpus_score(metric, counts @ np.array(s[metric]["items"])) for s in scores]
    return float(np.mean([s[metric]["score"] for s in scores])), np.mean(resampled, axis=0)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else None


def translation_rows(scores: Mapping[str, Mapping[str, Mapping[str, Any]]], resamples: int, seed: int) -> list[Row]:
    """Return the translation table: per metric and model a row per system.

    Args:
        scores: What `score_unit` returned, by model and direction.
        resamples: Number of bootstrap resamples for the means.
        seed: Seed of the bootstrap: that of the directions' own, so that draws are the same.

    Returns:
        Rows with the system's columns; by direction the score, its interval and the p-value of its difference
        from ``none``; the same for the mean over directions and for the mean on out-of-domain items; fault
        rates and numbers of tokens as means over directions, in-domain; n items per direction.
    """
    rows = []
    for metric in METRICS:
        for model, units in scores.items():
            baseline: dict[str, tuple[float, np.ndarray]] = {}
            first = next(iter(units.values()))
            for number, system in enumerate(first["systems"]):
                entries = [unit["systems"][number] for unit in units.values()]
                assert all(e[c] == system[c] for e in entries for c in SYSTEM_COLUMNS)
                row: Row = {
                    "metric": TITLES[metric],
                    "model": model,
                    **{c: system[c] for c in SYSTEM_COLUMNS},
                }
                for unit, entry in zip(units, entries, strict=True):
                    own = entry["test"][metric]
                    row[unit] = own["score"]
                    row |= {
                        f"{unit} low": own["low"],
                        f"{unit} high": own["high"],
                        f"{unit} p": own.get("p_none"),
                    }
                for domain, name in (("test", "mean"), ("out_of_domain", "out of domain")):
                    mean = _mean_scores(entries, domain, metric, resamples, seed)
                    if mean is None:
                        row |= {name: None, f"{name} low": None, f"{name} high": None, f"{name} p": None}
                        continue
                    if system["kind"] == "none":
                        baseline[domain] = mean
                    own_interval, none = interval(*mean), baseline[domain]
                    p = None if system["kind"] == "none" else paired_p(mean[0] - none[0], mean[1] - none[1])
                    row |= {name: mean[0], f"{name} low": own_interval.low, f"{name} high": own_interval.high}
                    row[f"{name} p"] = p
                for fault in FAULTS:
                    row[fault] = _mean([e["test"]["faults"][fault] for e in entries])
                row["n"] = entries[0]["test"]["n"]
                row["n out of domain"] = entries[0]["out_of_domain"]["n"]
                row["prior tokens"] = _mean([e["test"]["prior_tokens"] for e in entries])
                row["new tokens"] = _mean([e["test"]["new_tokens"] for e in entries])
                rows.append(row)
    return rows


def _number(value: float | None, digits: int = 1) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


def system_name(row: Mapping[str, Any]) -> str:
    """Return a system's name for readers, as in ``random-content draw-1``."""
    return " ".join(part for part in (row["kind"], row["variant"]) if part)


def translation_markdown(rows: Sequence[Row], directions: Sequence[str], models: Mapping[str, str]) -> str:
    """Render translation rows as Markdown: for each model a table per metric.

    Args:
        rows: From `translation_rows`.
        directions: Columns, in order.
        models: Label of each model by its name.
    """
    parts = []
    for model, label in models.items():
        for metric in TITLES.values():
            shown = []
            for row in (r for r in rows if r["model"] == model and r["metric"] == metric):
                star = "*" if row["mean p"] is not None and row["mean p"] < 0.05 else ""
                shown.append(
                    {
                        "prior": system_name(row),
                        "k": f"{row['k']} {row['k_unit']}{'s' if row['k'] != 1 else ''}" if row["k"] else "–",
                        **{d: _number(row[d]) for d in directions},
                        "mean": f"{_number(row['mean'])}{star}",
                        "95 %": f"{_number(row['mean low'])}–{_number(row['mean high'])}",
                        "out of domain": _number(row["out of domain"]),
                        "off-target": _percent(row["off_target"]),
                        "copied": _percent(row["copied"]),
                        "repeated": _percent(row["repeated"]),
                        "truncated": _percent(row["truncated"]),
                        "empty": _percent(row["empty"]),
                        "n": row["n"],
                        "prior tokens": _number(row["prior tokens"]),
                    }
                )
            parts.append(f"### {metric}, {label}\n\n{markdown(shown)}\n")
    return "\n".join(parts)


def prompt_rows(choices: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """Return the dev scores of all prompt templates: a row per model and template.

    Args:
        choices: What `choose_prompt` wrote, by model.
    """
    return [
        {"model": model, "prompt": name, "chosen": name == choice["chosen"], **own, "n": choice["n"]}
        for model, choice in choices.items()
        for name, own in choice["scores"].items()
    ]


def prompt_markdown(rows: Sequence[Row]) -> str:
    """Render prompt rows as Markdown."""
    return markdown(
        [
            {
                c: ("yes" if v else "") if c == "chosen" else _number(v) if isinstance(v, float) else v
                for c, v in row.items()
            }
            for row in rows
        ]
    )


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Render rows as a Markdown table, text to the left and numbers to the right."""
    columns = list(rows[0]) if rows else []
    align = [
        "right"
        if all(str(r[c]).strip("*–%. ").replace(".", "").replace("–", "").isdigit() or r[c] in ("–", "") for r in rows)
        else "left"
        for c in columns
    ]
    return tabulate([list(r.values()) for r in rows], columns, "pipe", colalign=align, disable_numparse=True)


def write_csv(path: str | os.PathLike[str], rows: Sequence[Row]) -> None:
    """Write rows as CSV, floats to four decimals, missing values empty."""
    with atomic(path) as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({c: f"{v:.4f}" if isinstance(v, float) else v for c, v in row.items()})


def translation_notes(
    scores: Mapping[str, Mapping[str, Mapping[str, Any]]],
    choices: Mapping[str, Mapping[str, Any]],
    resamples: int,
    held_out: str,
    induced: bool,
) -> str:
    """Return what a reader must know to read the translation table, as a Markdown list."""
    notes = [
        "A row is the foundation with one kind of prior, k units of which start its answer; prior and "
        "continuation are scored together. `oracle` is handed the start of the reference: a bound, not a method.",
        f"n English sentences, the same in every direction. 95 %: bootstrap interval of the mean over "
        f"directions, {resamples:,} resamples of sentences. *: the mean differs from `none`, paired bootstrap "
        "p < 0.05, not corrected for the number of rows; intervals and p-values of single directions are in the csv.",
        f"Out of domain: mean over directions on sentences of {held_out}, nothing of which is in training.",
        "Off-target: share of continuations (prior excluded) that are not detected as the target language; "
        "continuations without a letter are left out. The same for copied (near copy of the source), repeated "
        "(something four times in a row), truncated (cut at the length limit), empty. All are in-domain means.",
    ]
    if induced:
        notes.append(
            "The dictionary behind `pseudo` (and the matching of the random words) is induced from the training "
            "split by word alignment: it has seen parallel data, in-domain."
        )
    for model, units in scores.items():
        errors = ", ".join(f"{unit} {100 * s['detector_error']:.1f} %" for unit, s in units.items())
        notes.append(f"Language detector's error on the references ({model}): {errors}.")
        choice = choices[model]
        notes.append(
            f"Prompt ({model}): `{choice['chosen']}`, chosen on {choice['n']} dev items a direction, see prompts.md."
        )
        signatures: dict[str, list[str]] = {}
        for unit, s in units.items():
            for signature in s["signatures"].values():
                signatures.setdefault(signature, []).append(unit)
        notes += [f"sacrebleu ({', '.join(own)}): `{signature}`" for signature, own in signatures.items()]
    return "".join(f"- {note}\n" for note in dict.fromkeys(notes))
