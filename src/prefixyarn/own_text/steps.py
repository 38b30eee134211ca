"""What an opened model expects at each step of an answer, beside what its SFT model would choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from prefixyarn.analysis.agreement.measure import rank, token_text
from prefixyarn.decode.backend import Request
from prefixyarn.decode.likelihood import distributions
from prefixyarn.languages import Direction
from prefixyarn.models.tokenizer import prompt_ids
from prefixyarn.own_text.arguments import count_of, text_of
from prefixyarn.own_text.model import BEST, Model
from prefixyarn.own_text.priors import PriorSource


@dataclass(frozen=True)
class Candidate:
    """A token that a model could go on with, as text, and its probability."""

    token: str
    probability: float


@dataclass(frozen=True)
class Step:
    """One position of an answer.

    Attributes:
        token: The token that stands there.
        given: Whether a prior forced it; else the model chose it.
        probability: Its probability for the foundation.
        rank: Its rank, from 1, among all tokens.
        candidates: The likeliest tokens, the likeliest first.
        sft: What the SFT model would choose after the same beginning; None without one.
        sft_rank: The rank of that token for the foundation.
    """

    token: str
    given: bool
    probability: float
    rank: int
    candidates: list[Candidate]
    sft: str | None = None
    sft_rank: int | None = None


def look(
    model: Model,
    text: str,
    *,
    source: str = "en",
    target: str = "de",
    prior: str | PriorSource = BEST,
    k: int = 2,
    steps: int = 8,
    candidates: int = 5,
) -> list[Step]:
    """Return the first steps of a model's answer to a text.

    Args:
        model: The model; of a run that has an SFT model, that one is read too.
        text: The text.
        source: See `Model.answer`; so for the next three.
        target: Language of the answer.
        prior: How the answer begins.
        k: How much of the prior is given.
        steps: How many positions, at most: an answer may end before.
        candidates: How many tokens of each.

    Raises:
        InputError: As `Model.answer`.
    """
    text, steps, candidates = text_of(text, "text 1"), count_of(steps, "steps"), count_of(candidates, "candidates")
    answer = model.answer(text, source=source, target=target, prior=prior, k=k)[0]
    ids = [*answer.prior_ids, *answer.new_ids][:steps]
    filled = model.prompt.fill(answer.source, Direction.parse(model.subset(source, target)))
    request = Request(tuple(prompt_ids(model.tokenizer, filled)), tuple(ids))
    foundation, sft = model.backend.foundation, model.backend.sft
    chosen: Sequence[int | None] = [None] * len(ids)
    with model.lock:
        expected = next(distributions(foundation.model, [request]))
    if sft:
        with model.lock, sft.on() as tuned:
            chosen = next(distributions(tuned, [request])).argmax(-1).tolist()

    def shown(token: int) -> str:
        return token_text(model.tokenizer, token, request.prompt[-1])

    def place(row: torch.Tensor, token: int) -> int:
        return int(rank(row[None], torch.tensor([token])))

    found = []
    for n, (token, row, other) in enumerate(zip(ids, expected, chosen, strict=False)):
        top = row.topk(min(candidates, len(row)))
        likeliest = zip(top.indices.tolist(), top.values.exp().tolist(), strict=True)
        found.append(
            Step(
                token=shown(token),
                given=n < len(answer.prior_ids),
                probability=float(row[token].exp()),
                rank=place(row, token),
                candidates=[Candidate(shown(i), p) for i, p in likeliest],
                sft=None if other is None else shown(other),
                sft_rank=None if other is None else place(row, other),
            )
        )
    return found
