"""What each source of priors costs: the only table with times in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.tables.overview import OverviewRow
from prefixyarn.tables.render import markdown, number, plain
from prefixyarn.timings import seconds


@dataclass(frozen=True)
class CostRow:
    """What one source of priors costs.

    Attributes:
        foundation: The foundation's name.
        source: ``none``, ``own``, ``pseudo``, ``refined``, ``refined-matched``, ``sft prior``, ``sft model`` (its own
            answers) or ``few-shot``.
        training_seconds: Preparation, once: the dictionary, training, or the choice of examples.
        trained_parameters: How many; 0 where nothing is trained.
        sentences: Training pairs used.
        seconds_per_prior: To get one; None where there is none to get.
        seconds_per_answer: To decode with it: the mean of the job that decodes all systems together.
        share: The best share of the SFT model's score that such a prior reaches; 100 for the SFT model itself.
    """

    foundation: str
    source: str
    training_seconds: float
    trained_parameters: int
    sentences: int
    seconds_per_prior: float | None
    seconds_per_answer: float | None
    share: Interval | None


def cost_rows(
    foundation: str,
    timings: Mapping[str, Sequence[str]],
    sft: Mapping[str, Any] | None,
    refined: Mapping[str, Any] | None,
    refined_matched: Mapping[str, Any] | None,
    train_sentences: int,
    directions: int,
    examples: int,
    answers: Mapping[str, int],
    overview: Sequence[OverviewRow],
) -> list[CostRow]:
    """Return the cost table of one foundation: a row per source of priors.

    Seconds are wall time of whole jobs, start included, on the machine and the threads of the run; jobs side by side
    share the machine. Of a job that was killed and went on, only its last part counts: for figures of costs, take an
    undisturbed run.

    Args:
        foundation: Its name.
        timings: By rule, the benchmark files of its jobs.
        sft: The SFT model's manifest.
        refined: The refined model's manifest.
        refined_matched: That of the refined model that is trained on the SFT model's training pairs.
        train_sentences: Training sentence pairs, all directions together.
        directions: Number of directions, or languages, of the task.
        examples: Number of examples in the few-shot prompt; 0 without one.
        answers: By rule, how many answers or predictions its jobs made; of ``build_priors`` for how many items, as it
            makes an item's priors of all kinds. What takes its time are the foundation's own openings, which are timed
            apart (``find_openings``), and the ranking of the dictionary's words.
        overview: Rows of the overview of this foundation and task.
    """

    def per_piece(rule: str) -> float | None:
        return seconds(timings[rule]) / answers[rule] if answers.get(rule) else None

    seeded, own_answer = per_piece("decode"), per_piece("decode_sft")
    rows = []

    def add(
        source: str, training: float, parameters: int, sentences: int, prior: float | None, answer: float | None
    ) -> None:
        share = _share(source, overview)
        rows.append(CostRow(foundation, source, training, parameters, sentences, prior, answer, share))

    add("none", 0.0, 0, 0, 0.0, seeded)
    opened, built = seconds(timings["find_openings"]), seconds(timings["build_priors"])
    if any(row.system.kind == "own" for row in overview):
        add("own", 0.0, 0, 0, opened / answers["build_priors"], seeded)
    if timings["induce_lexicon"]:
        lexicon = seconds(timings["induce_lexicon"])
        add("pseudo", lexicon, 0, train_sentences, (built - opened) / answers["build_priors"], seeded)
    if refined:
        training = seconds(timings["train_refined"])
        add("refined", training, refined["parameters"], train_sentences, per_piece("predict_refined"), seeded)
    if refined_matched:
        training, pairs = seconds(timings["train_refined_matched"]), _pairs(refined_matched)
        prediction = per_piece("predict_refined_matched")
        add("refined-matched", training, refined_matched["parameters"], pairs, prediction, seeded)
    if sft:
        training, used = seconds(timings["train_sft"]), sft["config"]["steps"] * sft["config"]["batch"]
        add("sft prior", training, sft["parameters"], min(used, train_sentences), own_answer, seeded)
        add("sft model", training, sft["parameters"], min(used, train_sentences), None, own_answer)
    if examples:
        # So many examples for each direction; what chooses them are dev items.
        add("few-shot", seconds(timings["choose_examples"]), 0, examples * directions, 0.0, seeded)
    return rows


def _pairs(refined: Mapping[str, Any]) -> int:
    return sum(own["train"] for own in refined["dev"].values())


def _share(source: str, overview: Sequence[OverviewRow]) -> Interval | None:
    if source == "sft model":
        return Interval(100.0, 100.0, 100.0)
    few = source == "few-shot"
    kind = {"few-shot": "none", "sft prior": "sft"}.get(source, source)
    own = [row for row in overview if row.system.kind == kind and (row.system.prompt != "zero-shot") == few]
    return max((row.share for row in own if row.share is not None), key=lambda share: share.score, default=None)


def cost_markdown(task: str, rows: Sequence[CostRow], foundations: Mapping[str, str]) -> str:
    """Render the cost table as Markdown, a table per foundation."""
    parts = []
    for name, label in foundations.items():
        shown = [
            {
                "system": row.source,
                "% of SFT": number(row.share),
                "preparation, s": number(row.training_seconds, 0),
                "trained parameters": f"{row.trained_parameters:,}",
                "sentence pairs": f"{row.sentences:,}",
                "s per prior": number(row.seconds_per_prior, 2),
                "s per answer": number(row.seconds_per_answer, 2),
            }
            for row in rows
            if row.foundation == name
        ]
        parts.append(f"### What each source of priors costs: {task}, {plain(label)}\n\n{markdown(shown)}\n")
    parts.append(
        "- Seconds of wall time on this machine, jobs side by side, the loading of models included. Preparation: the "
        "dictionary, training, or the choice of examples. s per answer: the foundation answers all systems in one "
        "job, where they share their prompts; the SFT model answers one, in a job of its own. s per prior of own: the "
        "search for openings; the job of that search also ranks the dictionary's words and loads the model, which "
        "counts for pseudo. SFT training chooses the pairs of refined-matched; its time is not in that row.\n"
        "- % of SFT: the best zero-shot variant at its largest k of at most two; few-shot without prior. Seconds "
        "differ from run to run, and answers that an earlier run decoded take none; the other columns do not differ.\n"
    )
    return "\n".join(parts)
