from collections.abc import Callable
from typing import Any

import pytest
import torch
from transformers import Gemma2Config, Gemma2ForCausalLM

import tiny
from prefixyarn.decode import attention
from prefixyarn.errors import InputError
from prefixyarn.models.logits import check_logits, logits, token_log_probabilities
from prefixyarn.models.verify import check_engine

IDS = [2, *range(50, 140)]


def gemma2(vocabulary: int, seed: int = 0) -> torch.nn.Module:
    shape = {"num_key_value_heads": 2, "head_dim": 8, "final_logit_softcapping": 2.0, "query_pre_attn_scalar": 8}
    torch.manual_seed(seed)
    config = Gemma2Config(vocab_size=vocabulary, tie_word_embeddings=False, **shape, **tiny._SHAPE)
    return Gemma2ForCausalLM(config).eval()


@pytest.mark.parametrize("make", [*tiny.FAMILIES, gemma2])
def test_logits_are_those_of_the_model(make) -> None:  # type: ignore[no-untyped-def]
    model = make(500, seed=2)
    with torch.inference_mode():
        expected = model(torch.tensor([IDS])).logits[0]
        states = model.get_decoder()(input_ids=torch.tensor([IDS])).last_hidden_state[0]
        assert torch.allclose(logits(model, states), expected, atol=1e-5)
        some = [7, 3, 499, 20]
        assert torch.allclose(logits(model, states, some), expected[:, some], atol=1e-5)
    check_logits(model, IDS)
    check_engine(model, IDS)


@pytest.mark.parametrize("make", [*tiny.FAMILIES, gemma2])
@pytest.mark.parametrize(("rows", "columns"), [(1024, 8192), (32, 99), (1, 500)])
def test_log_probabilities_of_tokens_are_those_of_all_logits(
    make: Callable[..., Any], rows: int, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prefixyarn.models.logits.ROWS", rows)
    monkeypatch.setattr("prefixyarn.models.logits.COLUMNS", columns)
    model, states, tokens = make(500, seed=2), torch.tensor([0, 1, 1, 90, 40]), torch.tensor([7, 499, 0, 98, 99])
    with torch.inference_mode():
        expected = model(torch.tensor([IDS])).logits[0].log_softmax(-1)[states, tokens]
        hidden = model.get_decoder()(input_ids=torch.tensor([IDS])).last_hidden_state[0]
        assert torch.allclose(token_log_probabilities(model, hidden, states, tokens), expected, atol=1e-4)


@pytest.mark.parametrize("make", [tiny.granite, tiny.cohere, tiny.phi, gemma2])
def test_a_family_that_is_not_known_is_found_out(make, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    model = make(500, seed=2)
    monkeypatch.setattr("prefixyarn.models.logits.finished", lambda model, raw: raw.float())
    if make is tiny.phi:
        monkeypatch.setattr("prefixyarn.models.logits.logits", lambda model, hidden: hidden @ model.lm_head.weight.T)
    with pytest.raises(InputError, match=r"logits of \w+ are not those .* off by"):
        check_logits(model, IDS)


def test_attention_that_is_not_known_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny.granite(500, seed=2)
    attend = attention.two_part
    monkeypatch.setitem(  # as if the family's scale of scores were not read
        attention.ALL_ATTENTION_FUNCTIONS._global_mapping,
        attention.NAME,
        lambda *own, scaling=None, **kwargs: attend(*own, **kwargs),
    )
    with pytest.raises(InputError, match=r"does not read text as GraniteForCausalLM does: .* off by [\d.]+ nats"):
        check_engine(model, IDS)
