"""The headline for a terminal."""

from __future__ import annotations

from dataclasses import replace

from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.records import System
from prefixyarn.tables.headline import overview_text, sentences, shown, task_text
from prefixyarn.tables.overview import OverviewRow
from prefixyarn.tables.task import task_rows
from scored import RESAMPLES, TRANSLATION, scored

NONE, REFINED = System("none"), System("refined", "", 2, "token")


def row(task: str, system: System, share: tuple[float, float, float] | None) -> OverviewRow:
    interval = Interval(*share) if share else None
    return OverviewRow("m", task, "chrF++", system, 16, 20.0, interval, None, None)


ROWS = [
    row("translation", NONE, (50.0, 45.0, 55.0)),
    row("translation", REFINED, (80.0, 75.0, 85.0)),
    row("translation", System("none", prompt="few-shot-2"), (90.0, 85.0, 95.0)),
    row("tagging", NONE, (10.0, 5.0, 40.0)),
    row("tagging", replace(REFINED, unit="tag"), (30.0, 20.0, 45.0)),
]


def test_systems_have_names_for_readers() -> None:
    assert shown(NONE) == "foundation" and shown(System("none", model="sft")) == "SFT model"
    assert shown(System("none", "seed 2", model="sft")) == "SFT model (seed 2)"
    assert shown(REFINED) == "foundation + refined, 2 tokens"
    assert shown(System("pseudo", "first", 1, "token", "sft", "few-shot-2")) == (
        "SFT model, few-shot-2 + pseudo first, 1 token"
    )


def test_sentences_say_where_intervals_are_apart() -> None:
    assert sentences(ROWS, {"m": "Model"}) == [
        "Alone, Model reaches 50.0 % in translation and 10.0 % in tagging of its SFT model's score.",
        "With the first 2 tokens or 2 tags of a small task model's answer: 80.0 % in translation and 30.0 % in tagging "
        "(the paper's 7B models: 98.8 % in translation); intervals apart from alone in translation; not apart in "
        "tagging.",
        "With examples in the prompt and no prior: 90.0 % in translation; intervals apart from alone in translation.",
    ]
    assert sentences([replace(own, share=None) for own in ROWS], {"m": "Model"}) == []


def test_the_overview_has_a_column_per_task() -> None:
    lines = overview_text(ROWS, {"m": "Model"}).splitlines()
    assert lines[0] == "Model: % of SFT (95 %)"
    assert [word in lines[2] for word in ("prior", "translation, chrF++", "tagging, chrF++")] == [True] * 3
    assert "50.0 (45.0–55.0)" in lines[4] and "10.0 (5.0–40.0)" in lines[4] and lines[4].startswith("alone")
    assert lines[6].startswith("few-shot, alone") and lines[6].endswith("–"), "no such row in tagging"


def test_a_tasks_table_has_each_kind_once_at_its_headline_k() -> None:
    rows = task_rows(TRANSLATION, {"m": scored()}, RESAMPLES, 1)
    text = task_text(rows, {"m": "Model"})
    lines = [line.split("  ")[0] for line in text.splitlines()[2:]]
    assert len(lines) == len({*lines}) and "foundation" in lines and "SFT model" in lines
    assert not [line for line in lines if "word" in line], "pseudo has one token alone; oracle has more"
    assert "foundation + oracle, 2 tokens" in lines
    assert max(map(len, text.splitlines())) <= 120
