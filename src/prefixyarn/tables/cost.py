"""What each source of priors costs: the only table with times in it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prefixyarn.tables.render import markdown, number
from prefixyarn.tables.rows import Row


def seconds(files: Sequence[str | Path]) -> float:
    """Return the summed running time of jobs, from the files that Snakemake's ``benchmark:`` writes."""
    total = 0.0
    for path in files:
        with open(path, encoding="utf-8") as stream:
            total += sum(float(row["s"]) for row in csv.DictReader(stream, delimiter="\t"))
    return total


def cost_rows(
    foundation: str,
    timings: Mapping[str, Sequence[str]],
    sft: Mapping[str, Any] | None,
    refined: Mapping[str, Any] | None,
    train_sentences: int,
    directions: int,
    answers: Mapping[str, int],
    overview: Sequence[Row],
) -> list[Row]:
    """Return the cost table of one foundation: a row per source of priors.

    Args:
        foundation: Its name.
        timings: By rule, the benchmark files of its jobs.
        sft: The SFT model's manifest.
        refined: The refined model's manifest.
        directions: Number of directions, or languages, of the task.
        train_sentences: Training sentence pairs, all directions together.
        answers: By rule, how many answers or predictions its jobs made; of ``build_priors`` for how many items, as each
            of its jobs makes an item's priors of all kinds, of which the dictionary's take the time.
        overview: Rows of the overview of this foundation and task.

    Returns:
        Rows with ``training seconds`` and ``trained parameters`` (0 where nothing is trained), ``sentences`` (training
        pairs used), ``seconds per prior`` (to get one) and ``seconds per answer`` (to decode with it: the mean of
        the job that decodes all systems together), and ``share``, the best share of the SFT model's score that such a
        prior reaches, with the ends of its interval. Seconds are wall time of whole jobs, start included, on the
        machine and the threads of the run; jobs side by side share the machine. Of a job that was killed and went
        on, only its last part counts: for figures of costs, take an undisturbed run.
    """

    def per_piece(rule: str) -> float | None:
        return seconds(timings[rule]) / answers[rule] if answers.get(rule) else None

    seeded, own_answer = per_piece("decode"), per_piece("decode_sft")
    rows: list[Row] = []

    def add(
        kind: str, training: float, parameters: int, sentences: int, prior: float | None, answer: float | None
    ) -> None:
        rows.append(
            {
                "foundation": foundation,
                "system": kind,
                "training seconds": training,
                "trained parameters": parameters,
                "sentences": sentences,
                "seconds per prior": prior,
                "seconds per answer": answer,
                **_share(kind, overview),
            }
        )

    add("none", 0.0, 0, 0, 0.0, seeded)
    if timings["induce_lexicon"]:
        lexicon = seconds(timings["induce_lexicon"])
        add("pseudo", lexicon, 0, train_sentences, per_piece("build_priors"), seeded)
    if refined:
        training = seconds(timings["train_refined"])
        add("refined", training, refined["parameters"], train_sentences, per_piece("predict_refined"), seeded)
    if sft:
        training, used = seconds(timings["train_sft"]), sft["config"]["steps"] * sft["config"]["batch"]
        add("sft prior", training, sft["parameters"], min(used, train_sentences), own_answer, seeded)
        add("sft model", training, sft["parameters"], min(used, train_sentences), None, own_answer)
    if answers.get("decode_examples"):
        # So many examples for each direction; what chooses them are dev items.
        chosen = {int(row["prompt"].split("-")[-1]) for row in overview if row["prompt"].startswith("few-shot")}
        shown = max(chosen, default=0) * directions
        add("few-shot", seconds(timings["decode_examples"]), 0, shown, 0.0, seeded)
    return rows


def _share(system: str, overview: Sequence[Row]) -> Row:
    if system == "sft model":
        return {"share": 100.0, "share low": None, "share high": None}
    few = system == "few-shot"
    kind = {"few-shot": "none", "sft prior": "sft"}.get(system, system)
    own = [row for row in overview if row["kind"] == kind and row["prompt"].startswith("few-shot") == few]
    best = max((row for row in own if row["share"] is not None), key=lambda row: row["share"], default=None)
    return {name: best[name] if best else None for name in ("share", "share low", "share high")}


def cost_markdown(task: str, rows: Sequence[Row], foundations: Mapping[str, str]) -> str:
    """Render the cost table as Markdown, a table per foundation."""
    parts = []
    for name, label in foundations.items():
        shown = [
            {
                "system": row["system"],
                "% of SFT": number(row["share"]),
                "preparation, s": number(row["training seconds"], 0),
                "trained parameters": f"{int(row['trained parameters']):,}",
                "sentence pairs": f"{int(row['sentences']):,}",
                "s per prior": number(row["seconds per prior"], 2),
                "s per answer": number(row["seconds per answer"], 2),
            }
            for row in rows
            if row["foundation"] == name
        ]
        parts.append(f"### What each source of priors costs: {task}, {label}\n\n{markdown(shown)}\n")
    parts.append(
        "- Seconds of wall time on this machine, jobs side by side, the loading of models included. Preparation: the "
        "dictionary, training, or the choice of examples. s per answer: the foundation answers all systems in one "
        "job, where they share their prompts; the SFT model answers one, in a job of its own.\n"
        "- % of SFT: the best zero-shot variant at its largest k of at most two; few-shot without prior. Seconds "
        "differ from run to run, and answers that an earlier run decoded take none; the other columns do not differ.\n"
    )
    return "\n".join(parts)
