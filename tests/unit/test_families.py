"""Every family of causal language models that is accepted is decoded as by itself; every other is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers import PreTrainedConfig

from families import FAMILIES, differences, table, tiny_config, tiny_model
from prefixyarn.errors import InputError
from prefixyarn.models.families import ALONE, MASKED, REFUSED, STEPWISE, WAYS, check_family, way
from prefixyarn.models.logits import check_logits
from prefixyarn.models.verify import check_engine

ACCEPTED = [family for families in WAYS.values() for family in families]
IDS = [2, *range(30, 120)]


def test_every_family_has_its_way_or_its_reason() -> None:
    listed = [*ACCEPTED, *(family for families in REFUSED.values() for family in families)]
    assert sorted(listed) == FAMILIES and set(WAYS[ALONE]) >= STEPWISE


@pytest.mark.parametrize("family", ACCEPTED)
def test_a_family_that_is_accepted_answers_as_by_itself(family: str) -> None:
    model = tiny_model(tiny_config(family))
    assert not differences(model)
    check_logits(model, IDS)
    check_engine(model, IDS)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (tiny_config("falcon", alibi=True), ALONE),
        (tiny_config("falcon", new_decoder_architecture=True), MASKED),
        (tiny_config("mpt", attn_config={"alibi": False, "clip_qkv": 2.0}), ALONE),
        (
            tiny_config(
                "gemma4_text",
                num_hidden_layers=4,
                layer_types=["sliding_attention", "full_attention"] * 2,
                num_kv_shared_layers=2,
            ),
            MASKED,
        ),
    ],
    ids=["ALiBi", "grouped keys", "learned positions", "shared keys"],
)
def test_settings_that_change_what_a_family_does(config: PreTrainedConfig, expected: str) -> None:
    assert way(config) == expected
    assert not differences(tiny_model(config))


@pytest.mark.parametrize(
    ("family", "reason"),
    [
        ("bart", "it is the decoder of a model that has an encoder"),
        ("xlm-roberta", "it is an encoder"),
        ("gemma3", "it reads images or sound as well; give a model of its text part alone"),
        ("glm_moe_dsa", "it does not read with its cache what it reads without"),
        ("of-next-year", "it is none that was tried"),
    ],
)
def test_other_families_are_refused_with_the_reason(family: str, reason: str) -> None:
    with pytest.raises(InputError, match=f"the engine does not decode models of the family '{family}': {reason}"):
        check_family(family)


def test_a_padded_vocabulary_is_refused() -> None:
    with pytest.raises(InputError, match="'inkling_text' whose vocabulary is padded"):
        way(tiny_config("inkling_text", unpadded_vocab_size=100))


def test_the_documented_table_is_that_of_the_code() -> None:
    assert table() in (Path(__file__).parents[2] / "docs/models.md").read_text()
