"""What each source of priors costs: the only table with times in it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prefixyarn.tables.render import Row


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
    answers: Mapping[str, int],
) -> list[Row]:
    """Return the cost table of one foundation: a row per source of priors.

    Args:
        foundation: Its name.
        timings: By rule, the benchmark files of its jobs.
        sft: The SFT model's manifest.
        refined: The refined model's manifest.
        train_sentences: Training sentence pairs, all directions together.
        answers: By rule, how many answers or predictions its jobs made.

    Returns:
        Rows with ``training seconds`` and ``trained parameters`` (0 where nothing is trained), ``sentences`` (training
        pairs used), ``seconds per prior`` (to get one) and ``seconds per answer`` (to decode with it: the mean of
        the job that decodes all systems together). Seconds are wall time of whole jobs, start included, on the
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
            }
        )

    add("none", 0.0, 0, 0, 0.0, seeded)
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
        add("few-shot", seconds(timings["decode_examples"]), 0, train_sentences, 0.0, seeded)
    return rows
