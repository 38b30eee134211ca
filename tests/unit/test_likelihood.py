import random

import pytest
import torch
from transformers import PreTrainedModel

import tiny
from prefixyarn.decode.backend import Request
from prefixyarn.decode.builtin import Builtin
from prefixyarn.decode.engine import Limits
from prefixyarn.decode.likelihood import distributions, score
from prefixyarn.decode.session import Session
from prefixyarn.models.foundation import Foundation

tok = tiny.tokenizer()


def session(model: PreTrainedModel, max_rows: int = 256) -> Session:
    return Session(Builtin(Foundation("tiny", model, tok), "base", Limits(4000, max_rows)), 20)


@pytest.mark.parametrize(("make", "max_rows"), tiny.FAMILIES_AND_ROWS)
def test_the_likeliest_candidate_is_that_of_whole_forward_passes(make, max_rows: int) -> None:  # type: ignore[no-untyped-def]
    model, rng = make(len(tok), seed=3), random.Random(1)
    prompts = [(2, *rng.choices(range(40, len(tok)), k=rng.randint(2, 20))) for _ in range(12)]
    # Some candidates begin alike, some are equal, some are long.
    candidates = []
    for _ in prompts:
        stem = tuple(rng.choices(range(40, len(tok)), k=3))
        own = [stem[:n] for n in (3, 1, 2)] + [
            tuple(rng.choices(range(40, len(tok)), k=rng.randint(1, 4))) for _ in range(5)
        ]
        candidates.append([*own, own[0]])
    expected = []
    for prompt, own in zip(prompts, candidates, strict=True):
        scores = []
        for ids in own:
            with torch.no_grad():
                logits = model(torch.tensor([[*prompt, *ids]])).logits[0].log_softmax(-1)
            scores.append(sum(logits[len(prompt) - 1 + n, token].item() for n, token in enumerate(ids)))
        expected.append(max(range(len(own)), key=lambda c: (round(scores[c], 4), -c)))
    finished: list[int] = []
    assert session(model, max_rows).likeliest(prompts, candidates, finished.append) == expected
    assert sum(finished) == sum(len(set(own)) for own in candidates) and len(set(expected)) >= 3


def test_a_long_candidate_can_win() -> None:
    # Both begin unlikely; the model is sure of how the long one goes on, and the short one is the less likely.
    model = tiny.llama(len(tok), seed=3)
    prompt = (2, 60, 70)
    with torch.no_grad():
        first = model(torch.tensor([prompt])).logits[0, -1].argsort(descending=True)
        start = int(first[5])
        second = int(model(torch.tensor([[*prompt, start]])).logits[0, -1].argmax())
    short = int(first[-1])
    assert session(model).likeliest([prompt], [[(short,), (start, second)]]) == [1]


@pytest.mark.parametrize("make", tiny.FAMILIES)
def test_scores_and_distributions_are_those_of_whole_forward_passes(make) -> None:  # type: ignore[no-untyped-def]
    model, rng = make(len(tok), seed=3), random.Random(2)
    stem = (2, *rng.choices(range(40, len(tok)), k=11))
    wanted = [Request(stem, tuple(rng.choices(range(40, len(tok)), k=n))) for n in (0, 1, 4, 12)]
    wanted += [Request((2, 77), wanted[3].prior), Request(stem, wanted[3].prior[:5]), wanted[2]]
    scores = score(model, wanted, Limits(4000, 3))
    for request, rows in zip(wanted, distributions(model, wanted), strict=True):
        with torch.no_grad():
            logits = model(torch.tensor([[*request.prompt, *request.prior]])).logits[0].log_softmax(-1)
        expected = logits[len(request.prompt) - 1 :]
        assert rows.shape == (len(request.prior) + 1, len(tok)) and torch.allclose(rows, expected, atol=1e-4)
        assert scores[request] == pytest.approx([float(expected[t, i]) for t, i in enumerate(request.prior)], abs=1e-4)
