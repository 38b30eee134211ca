import pytest

import tiny
from prefixyarn.errors import InputError
from prefixyarn.examples import UNRELATED, candidates, system_prompts, with_examples
from prefixyarn.languages import Direction
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item

TRAIN = [Item(str(n), e, g) for n, (e, g, _) in enumerate(tiny.parallel(1, 30))]
PROMPT = Prompt("labels", "{source_language}: {source}\n{target_language}:")


def test_candidates() -> None:
    assert [c["name"] for c in candidates([1, 4], 2)] == [
        *("few-shot-1 draw-1", "few-shot-1 draw-2"),
        *("few-shot-4 draw-1", "few-shot-4 draw-2"),
    ]


def test_examples_stand_before_the_item_as_it_stands() -> None:
    prompt = with_examples(PROMPT, candidates([2], 1)[0], TRAIN, seed=1)
    (s1, t1), (s2, t2) = prompt.shots
    expected = f"English: {s1}\nGerman: {t1}\n\nEnglish: {s2}\nGerman: {t2}\n\nEnglish: Hello.\nGerman:"
    assert prompt.fill("Hello.", Direction("en", "de")) == expected
    assert prompt.join(Direction("en", "de")) == " "


def test_draws_are_nested_seeded_and_independent_of_the_order() -> None:
    one, two = (with_examples(PROMPT, c, TRAIN, 1).shots for c in candidates([1, 3], 1))
    assert two[:1] == one and len(set(two)) == 3
    draw_2 = with_examples(PROMPT, candidates([3], 2)[1], TRAIN, 1).shots
    assert draw_2 != two != with_examples(PROMPT, candidates([3], 1)[0], TRAIN, 2).shots
    assert with_examples(PROMPT, candidates([3], 1)[0], TRAIN[::-1], 1).shots == two


def test_prompts_by_the_systems_names() -> None:
    choice = {"chosen": "few-shot-3 draw-2", "prompt": candidates([3], 2)[1]}
    prompts = system_prompts(PROMPT, choice, TRAIN, 1, Direction("en", "de"))
    assert list(prompts) == ["zero-shot", UNRELATED, "few-shot-3"] and prompts["zero-shot"] is PROMPT
    assert len(prompts["few-shot-3"].shots) == 3
    alone = system_prompts(PROMPT, None, TRAIN, 1, Direction("en", "fr"))
    assert list(alone) == ["zero-shot", UNRELATED]
    assert (
        alone[UNRELATED].fill("Hello.", Direction("en", "fr")).startswith("English: It is raining today.\nFrench: Il")
    )


def test_more_examples_than_training_items() -> None:
    with pytest.raises(InputError, match="few_shot.examples: 31 wanted, but there are 30 training items"):
        with_examples(PROMPT, candidates([31], 1)[0], TRAIN, 1)
