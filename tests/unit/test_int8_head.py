import logging
import math

import pytest
import torch

import tiny
from prefixyarn.decode import int8_head
from prefixyarn.decode.choice import GIVE_UP, Chooser
from prefixyarn.decode.int8_head import Int8Head


def states(rows: int, hidden: int, seed: int) -> torch.Tensor:
    """Return states as models have them: a few entries are many times larger than the others."""
    made = torch.randn(rows, hidden, generator=torch.Generator().manual_seed(seed))
    made[:, [3, 70]] *= 40
    return made


@pytest.mark.parametrize(("vocabulary", "hidden"), [(5000, 640), (4096, 96), (3001, 128)])
def test_the_best_two_are_those_of_the_whole_product(vocabulary: int, hidden: int) -> None:
    weight = torch.randn(vocabulary, hidden, generator=torch.Generator().manual_seed(1)) / hidden**0.5
    weight[7] = weight[9] * 1.001  # nearly equal tokens
    head, asked = Int8Head(weight), states(200, hidden, 2)
    asked[0] = weight[9] * 30
    asked[1] = 0.0
    exact = asked @ weight.T
    expected = exact.topk(2, -1)
    found = head.best(asked[2:])
    assert found and torch.equal(found[0], expected.indices[2:, 0])
    assert torch.allclose(found[1], expected.values[2:, 0], atol=1e-4)
    # A second best is told where it is near.
    near = expected.values[2:, 0] - expected.values[2:, 1] < 0.1
    assert near.sum() >= 3 and torch.allclose(found[2][near], expected.values[2:, 1][near], atol=1e-4)
    assert head.best(asked[:1])[0].tolist() == [7]  # type: ignore[index]
    assert head.best(asked[1:2]) is None, "all equal: the whole product is as fast"


def test_equal_logits_go_to_the_first_token_as_everywhere() -> None:
    weight = torch.randn(300, 128, generator=torch.Generator().manual_seed(1))
    weight[200] = weight[40]
    found = Int8Head(weight).best(weight[40:41] * 5)
    assert found and found[0].tolist() == [40] and found[1].item() == found[2].item()


def test_a_matrix_with_outliers_is_still_within_range() -> None:
    weight = torch.randn(3000, 128, generator=torch.Generator().manual_seed(1)) / 11
    weight[1234] *= 3
    found = Int8Head(weight).best(states(50, 128, 3))
    assert found and torch.equal(found[0], (states(50, 128, 3) @ weight.T).argmax(-1))
    weight[1234] *= 100
    assert Int8Head(weight).best(states(50, 128, 3)) is None, "a scale as coarse as that says nothing"


def test_it_is_prepared_once_and_again_for_other_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(int8_head, "LARGE", 256)
    model = tiny.llama(600)
    assert Int8Head.of(model, int8_head.WORTH - 1) is None, "not worth it for few answers"
    assert Int8Head.of(tiny.phi(600), 100) is None, "a bias"
    assert Int8Head.of(model.to(torch.bfloat16), 100) is None
    model = tiny.llama(600)
    monkeypatch.setattr(int8_head, "faster", lambda weight: True)
    first = Int8Head.of(model, 100)
    assert first is not None and Int8Head.of(model, 100) is first
    with torch.no_grad():
        model.get_output_embeddings().weight += 1.0
    again = Int8Head.of(model, 100)
    assert again is not None and again is not first
    monkeypatch.setattr(int8_head, "faster", lambda weight: False)
    other = tiny.llama(600, seed=1)
    assert Int8Head.of(other, 100) is None and Int8Head.of(other, 100) is None


def test_a_processor_is_measured(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    int8_head.faster(torch.randn(2**15, 64))
    (line,) = caplog.messages
    assert "int8 products are" in line and not math.isnan(float(line.split()[3]))


def test_choices_are_the_same_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(int8_head, "LARGE", 256)
    monkeypatch.setattr(int8_head, "faster", lambda weight: True)
    model = tiny.llama(600)
    with_it, without = Chooser(model, True, 100), Chooser(model, False, 100)
    assert with_it._int8 and not without._int8
    asked = torch.randn(300, 32, generator=torch.Generator().manual_seed(5))
    with torch.inference_mode():
        rows = [None] * 300
        assert with_it(rows, asked, rows) == without(rows, asked, rows)  # type: ignore[arg-type]


def test_it_is_given_up_where_it_tells_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(int8_head, "LARGE", 256)
    monkeypatch.setattr(int8_head, "faster", lambda weight: True)
    asked: list[int] = []
    monkeypatch.setattr(Int8Head, "best", lambda self, hidden: asked.append(len(hidden)))
    chooser, own = Chooser(tiny.llama(600), True, 100), torch.randn(3, 32)
    with torch.inference_mode():
        for _ in range(20):
            chooser([None] * 3, own, [None] * 3)  # type: ignore[list-item]
    assert asked == [3] * GIVE_UP
