import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast, StoppingCriteria, StoppingCriteriaList

import tiny
from prefixyarn.decode.engine import Request, decode
from prefixyarn.decode.stops import Stops
from prefixyarn.errors import InputError
from prefixyarn.languages import Direction
from prefixyarn.models.foundation import load
from prefixyarn.models.tokenizer import answer_ids, prompt_ids
from prefixyarn.prompts import Prompt

LIMIT = 20
tok = tiny.tokenizer()


class AnswerEnds(StoppingCriteria):
    """The stop rule, for transformers' generate."""

    def __init__(self, stops: Stops, prompt_length: int) -> None:
        self.stops, self.prompt_length = stops, prompt_length

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: object) -> torch.Tensor:
        ended = [self.stops.reason(row[self.prompt_length :].tolist()) is not None for row in input_ids]
        return torch.tensor(ended)


def generate(model: PreTrainedModel, request: Request, stops: Stops) -> tuple[int, ...]:
    ids = torch.tensor([[*request.prompt, *request.prior]])
    criteria = StoppingCriteriaList([AnswerEnds(stops, len(request.prompt))])
    limit = stops.max_answer_tokens - len(request.prior)
    out = model.generate(ids, max_new_tokens=limit, do_sample=False, stopping_criteria=criteria)
    return tuple(out[0, ids.shape[1] :].tolist())


def requests(tok: PreTrainedTokenizerFast, n: int, seed: int) -> list[Request]:
    """Prompts of 3 to 40 tokens (beyond the window of 8), with priors of 0 to 4 tokens, some of them equal."""
    rng = random.Random(seed)
    text = [i for i in range(40, len(tok)) if "\n" not in tok.decode([i])]
    made = []
    for _ in range(n):
        prompt = (2, *rng.choices(text, k=rng.randint(2, 39)))
        prior = tuple(rng.choices(text, k=4))
        made += [Request(prompt, prior[:k]) for k in (0, 1, 2, 2, 4)] + [Request(prompt, (rng.choice(text),))]
    return made


@pytest.mark.parametrize("make", [tiny.gemma, tiny.llama])
@pytest.mark.parametrize("batch_rows", [1, 8, 1000])
def test_decode_equals_generate(make: Callable[..., PreTrainedModel], batch_rows: int) -> None:
    model = make(len(tok), seed=1)
    stops = Stops.of(model, tok, LIMIT)
    # Random models say EOS too seldom: some frequent tokens count as EOS, too.
    stops = replace(stops, eos_ids=stops.eos_ids | set(range(20, 40)))
    wanted = requests(tok, 12, seed=1)
    if batch_rows == 1:  # the priors of one prompt stay together: for batches of one, one request at a time
        answers = [decode(model, [request], stops, 1)[0] for request in wanted]
    else:
        answers = decode(model, wanted, stops, batch_rows)
    for request, answer in zip(wanted, answers, strict=True):
        assert answer.new_ids == generate(model, request, stops)
        assert answer.stop == stops.reason([*request.prior, *answer.new_ids])
    # The cases are worth comparing: answers of many lengths, ended in more than one way.
    assert len({len(a.new_ids) for a in answers}) >= 3
    assert {"newline", "eos", "length"} == {a.stop for a in answers}


def test_equal_requests_and_shared_steps_are_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny.llama(len(tok))
    stops = Stops.of(model, tok, LIMIT)
    rows: list[int] = []
    forward = model.forward

    def counting(**arguments: Any) -> Any:
        rows.append(arguments["input_ids"].numel())
        return forward(**arguments)

    monkeypatch.setattr(model, "forward", counting)
    request = Request((2, 50, 60, 70))
    alone = decode(model, [request], stops, 100)[0]
    cost_alone = sum(rows)
    rows.clear()
    # The model's own first tokens as priors: every step is shared with the row without prior.
    own = [Request(request.prompt, alone.new_ids[:k]) for k in (0, 1, 2, 3, 0, 3)]
    finished: list[int] = []
    answers = decode(model, own, stops, 100, finished.append)
    assert sum(rows) == cost_alone
    assert [r.prior + a.new_ids for r, a in zip(own, answers, strict=True)] == [alone.new_ids] * 6
    assert sum(finished) == 6


def test_whole_answer_as_prior_adds_nothing() -> None:
    model = tiny.gemma(len(tok), seed=1)
    stops = Stops.of(model, tok, LIMIT)
    whole = next(
        (r, a) for r in requests(tok, 12, 1) if (a := decode(model, [r], stops, 8)[0]).stop == "newline" and not r.prior
    )
    again = decode(model, [Request(whole[0].prompt, whole[1].new_ids)], stops, 8)[0]
    assert again.new_ids == () and again.stop == "newline"


def test_prior_longer_than_the_limit_is_refused() -> None:
    model = tiny.llama(len(tok))
    with pytest.raises(InputError, match=r"prior of 21 tokens is longer than the answer limit of 20"):
        decode(model, [Request((2, 5), (9,) * 21)], Stops.of(model, tok, LIMIT), 8)


def test_prior_that_ends_the_answer_early_is_refused() -> None:
    model = tiny.llama(len(tok))
    newline, text = tok.get_vocab()["\n"], tok.get_vocab()["D"]
    with pytest.raises(InputError, match="ends the answer"):
        decode(model, [Request((2, 5), (text, newline, text))], Stops.of(model, tok, LIMIT), 8)


@pytest.mark.model
def test_default_model_equals_generate_on_real_prompts(default_model: Path) -> None:
    foundation = load(default_model, "gemma-3-270m", "float32")
    stops = Stops.of(foundation.model, foundation.tokenizer, 24)
    assert len(stops.newline_ids) == 32
    prompt, wanted = Prompt("labels", "{source_language}: {source}\n{target_language}:"), []
    for unit in ("en-de", "en-zh", "en-ru", "en-ar"):
        direction = Direction.parse(unit)
        for source in (
            "The file could not be saved.",
            "Please enter your new password twice, so that we can check it.",
        ):
            filled = prompt.fill(source, direction)
            ids = tuple(prompt_ids(foundation.tokenizer, filled))
            answer = {"de": "Die Datei", "zh": "请输入", "ru": "Не удалось", "ar": "الرجاء"}[direction.target]
            prior = tuple(answer_ids(foundation.tokenizer, filled, prompt.join(direction), answer))
            wanted += [Request(ids, prior[:k]) for k in (0, 1, 2)]
    answers = decode(foundation.model, wanted, stops, batch_rows=100)
    assert [a.new_ids for a in answers] == [generate(foundation.model, request, stops) for request in wanted]
