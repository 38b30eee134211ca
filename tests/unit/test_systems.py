from dataclasses import replace
from typing import Any

import pytest

from configs import DEFAULT
from prefixyarn.examples import UNRELATED
from prefixyarn.records import System
from prefixyarn.systems import (
    HEADLINE_KINDS,
    all_cuts,
    analysis_grid,
    corrupt_system,
    cuts,
    headline,
    mechanism_grid,
    task_grid,
)


def test_systems_in_the_order_of_the_table() -> None:
    priors = {
        "kinds": ["none", "pseudo", "random-content", "language-tag"],
        "k": {"word": [1], "token": [1, 2]},
        "random_draws": 2,
        "sft_kinds": ["pseudo"],
        "few_shot_kinds": ["none", "pseudo"],
    }
    cuts = [(1, "token"), (2, "token"), (1, "word")]
    systems = [
        System("none"),
        *(System("pseudo", variant, *cut) for variant in ("first", "likeliest") for cut in cuts),
        *(System("random-content", f"draw-{n}", *cut) for n in (1, 2) for cut in cuts),
        System("language-tag", "native-name"),
        System("language-tag", "code"),
    ]
    few_shot = [
        System("none", prompt="few-shot-4"),
        *(System("pseudo", "first", *c, prompt="few-shot-4") for c in cuts),
    ]
    tuned = [System("pseudo", "first", *cut, model="sft") for cut in cuts]
    lora, untuned = ({"priors": priors, "sft": {"method": method}, "few_shot": {}} for method in ("lora", "none"))
    assert task_grid(lora, 4) == systems + few_shot + tuned
    assert task_grid(lora, 0) == systems + tuned
    assert task_grid(untuned, 0) == systems
    fixed = System("none", prompt=UNRELATED)
    assert task_grid(untuned | {"few_shot": {"unrelated": True}}, 4) == [*systems, fixed, *few_shot]


def test_single_kinds_are_also_cut_to_one_unit() -> None:
    kinds = {"kinds": ["none", "oracle", "random-content"], "single_kinds": ["oracle"], "sft_kinds": ["oracle"]}
    priors = {**kinds, "k": {"token": [2]}, "random_draws": 1, "few_shot_kinds": []}
    found = [
        (s.kind, s.k, s.model) for s in task_grid({"priors": priors, "sft": {"method": "lora"}, "few_shot": {}}, 0)
    ]
    given = [("oracle", 1, "foundation"), ("oracle", 2, "foundation"), ("random-content", 2, "foundation")]
    assert found == [("none", 0, "foundation"), *given, ("oracle", 1, "sft"), ("oracle", 2, "sft")]
    assert all_cuts(priors) == [(1, "token"), (2, "token")]
    assert cuts({"k": {"token": [], "word": [2]}, "single_kinds": ["oracle"]}, "oracle") == [(1, "word"), (2, "word")]


def test_systems_with_a_constraint_are_also_asked_freely() -> None:
    priors = {
        "kinds": ["none", "oracle"],
        "k": {"tag": [2]},
        "random_draws": 1,
        "sft_kinds": [],
        "few_shot_kinds": [],
        "free_kinds": ["none", "oracle"],
    }
    found = task_grid({"priors": priors, "sft": {"method": "lora"}, "few_shot": {}}, 1)
    slots = [System("none"), System("oracle", "", 2, "tag")]
    free = [System("none", "free"), System("oracle", "free", 2, "tag")]
    few_shot = [replace(system, prompt="few-shot-1") for system in free]
    assert found == [*slots, *few_shot, *free, System("none", "free", model="sft")]


def test_the_analyses_have_each_source_in_tokens_and_the_reference_made_worse() -> None:
    analysis = {"items": 2, "kinds": ["prior_quality"], "k": [1, 2], "free_k": [1], "corrupt_words": [4]}
    grid = analysis_grid(DEFAULT | {"analysis": analysis})
    alone = analysis_grid(DEFAULT | {"analysis": {**analysis, "kinds": ["agreement"]}})
    assert alone == [System("none"), System("sft", "", 1, "token")] and {*alone} <= {*grid}
    assert len(grid) == len({*grid}) == 1 + 4 * 2 + 2 * 3 + 4 * 4
    assert grid[0] == System("none") and System("pseudo", "first", 2, "token") in grid
    assert {s.unit for s in grid if s.kind in ("refined", "pseudo")} == {"token"}
    assert corrupt_system("other-item", 0, 4) == System("oracle", "", 4, "word") in grid


def test_the_mechanism_has_every_kind_that_is_cut_and_both_openings() -> None:
    priors = DEFAULT["translation"]["priors"] | {
        "kinds": ["none", "pseudo", "random-content", "language-tag"],
        "random_draws": 2,
    }
    config = {"translation": {"priors": priors}, "analysis": {"mechanism_k": [1, 4]}}
    kinds = [
        ("pseudo", "first"),
        ("pseudo", "likeliest"),
        ("random-content", "draw-1"),
        ("oracle", ""),
        ("shuffled", ""),
    ]
    assert mechanism_grid(config) == [System("none"), *(System(*kind, k, "token") for kind in kinds for k in (1, 4))]


def test_few_words_are_made_worse_at_the_levels_that_they_have() -> None:
    analysis = DEFAULT["analysis"] | {"kinds": ["prior_quality"], "k": [1, 2], "corrupt_words": [1, 2, 4]}
    grid = analysis_grid(DEFAULT | {"analysis": analysis})
    found = {k: [s.kind for s in grid if s.kind.startswith("corrupt-other-item") and s.k == k] for k in (1, 2, 4)}
    levels = {1: [100], 2: [50, 100], 4: [25, 50, 75, 100]}
    assert found == {k: [f"corrupt-other-item-{level}" for level in own] for k, own in levels.items()}
    assert len(grid) == len({*grid})


@pytest.mark.parametrize("ks", [{"token": [1]}, {"token": [1, 2, 5]}, {"token": [2], "word": [1]}])
def test_every_kind_has_a_headline_whatever_k_is(ks: dict[str, Any]) -> None:
    block = DEFAULT["translation"] | {"priors": DEFAULT["translation"]["priors"] | {"k": ks}}
    grid = task_grid(block, 0)
    found = [headline(grid, kind) for kind in HEADLINE_KINDS]
    assert [s and s.k for s in found] == [0, *[max(k for k in ks["token"] if k <= 2)] * (len(HEADLINE_KINDS) - 1)]
    assert headline(grid, "pseudo") == headline(grid, "pseudo", variant="first")
    assert headline(grid, "oracle", "sft") == replace(headline(grid, "oracle") or grid[0], model="sft")
    assert headline(grid, "none", prompt="few-shot-4") is None
