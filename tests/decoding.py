"""Requests to tiny models, and what `generate` of transformers answers: the reference of the engine."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast, StoppingCriteria, StoppingCriteriaList

import tiny
from prefixyarn.decode.backend import Request
from prefixyarn.decode.stops import Stops

LIMIT = 20
tok = tiny.tokenizer()


class AnswerEnds(StoppingCriteria):
    """The stop rule, for transformers' generate."""

    def __init__(self, stops: Stops, prompt_length: int) -> None:
        self.stops, self.prompt_length = stops, prompt_length

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: object) -> torch.Tensor:
        ended = [self.stops.reason(row[self.prompt_length :].tolist()) is not None for row in input_ids]
        return torch.tensor(ended, device=input_ids.device)


def generate(model: PreTrainedModel, request: Request, stops: Stops) -> tuple[int, ...]:
    ids = torch.tensor([[*request.prompt, *request.prior]], device=model.device)
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


def model_and_stops(make: Callable[..., PreTrainedModel]) -> tuple[PreTrainedModel, Stops]:
    model = make(len(tok), seed=1)
    # Random models say EOS too seldom: some frequent tokens count as EOS, too.
    stops = Stops.of(model, tok, LIMIT)
    return model, replace(stops, eos_ids=stops.eos_ids | set(range(20, 40)))
