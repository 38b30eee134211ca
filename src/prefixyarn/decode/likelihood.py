"""Likelihoods of given continuations.

`score` uses the batch that decoding uses: prompts and common beginnings are computed once.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence

import torch
from transformers import PreTrainedModel

from prefixyarn.decode.alone import begin, read
from prefixyarn.decode.backend import Request
from prefixyarn.decode.batch import Row
from prefixyarn.decode.choice import rows_at_a_time
from prefixyarn.decode.constraint import Ids
from prefixyarn.decode.engine import Limits, longest_first, room_within
from prefixyarn.models.logits import logits, token_log_probabilities


@torch.inference_mode()
def score(
    model: PreTrainedModel,
    requests: Sequence[Request],
    limits: Limits,
    done: Callable[[int], None] = lambda n: None,
) -> dict[Request, list[float]]:
    """Return the log-probability in nats of each token of each prior, given the prompt and the tokens before it.

    Args:
        model: A causal language model in evaluation mode.
        requests: Prompts with the continuations to score as priors; equal ones are scored once. Of each, the first
            ``unscored`` tokens are read alone.
        limits: Memory and rows.
        done: Called with the number of requests just finished.
    """
    scores: dict[Request, list[float]] = {request: [] for request in requests}
    if asked := longest_first(request for request in scores if len(request.prior) > request.unscored):
        longest = max(len(request.prior) for request in asked)
        batch = begin(model, asked, room_within(model, asked, longest, limits), graphs=False)
        for rows, states, ends in batch:
            starts = [0, *(end + 1 for end in ends)]
            # A row's states predict the token after each of its new ones; a new prompt's, the first.
            wanted: list[tuple[int, int, Request]] = []  # (state, token after it, of which request)
            for row, start in zip(rows, starts, strict=False):
                first = len(row.tokens) - max(row.new - 1, 0)
                wanted += [
                    (start + n - first, request.prior[n], request)
                    for n in range(first, len(row.tokens) + 1)
                    for request in row.requests
                    if request.unscored <= n < len(request.prior)
                ]
            found = _of_tokens(model, states, [place for place, _, _ in wanted], [token for _, token, _ in wanted])
            for (_, _, request), own in zip(wanted, found, strict=True):
                scores[request].append(own)
                if len(scores[request]) == len(request.prior) - request.unscored:
                    done(1)
            batch.replace([[_grown(child) for child in row.branch(None) if _unread(child)] for row in rows])
    return scores


@torch.inference_mode()
def first_tokens(model: PreTrainedModel, prompts: Sequence[Ids], n: int, limits: Limits) -> dict[Ids, list[int]]:
    """Return, for each prompt, the n likeliest tokens that an answer begins with, the likeliest first."""
    found: dict[Ids, list[int]] = {}
    if asked := longest_first(Request(prompt) for prompt in dict.fromkeys(prompts)):
        batch = begin(model, asked, room_within(model, asked, 1, limits), graphs=False)
        for rows, states, _ in batch:  # a new prompt has one state
            for row, own in zip(rows, log_probabilities(model, states), strict=True):
                found[row.prompt] = own.topk(min(n, len(own))).indices.tolist()
            batch.replace([[] for _ in rows])
    return found


def _unread(row: Row) -> list[Request]:
    """Return the requests of a row whose priors go on behind its tokens."""
    return [request for request in row.requests if len(request.prior) > len(row.tokens)]


def _grown(row: Row) -> Row:
    """Return a row with all tokens that its requests have alike, but for the last, after which nothing is scored."""
    row = Row(row.prompt, row.tokens, _unread(row), row.new, row.slot)
    while True:
        going_on = _unread(row)
        following = {request.prior[len(row.tokens)] for request in going_on}
        if len(following) > 1 or all(len(request.prior) == len(row.tokens) + 1 for request in going_on):
            return row
        row.tokens.append(following.pop())
        row.new += 1


def _of_tokens(
    model: PreTrainedModel, states: torch.Tensor, places: Sequence[int], tokens: Sequence[int]
) -> list[float]:
    """Return the log-probabilities of tokens, each after one of the states; several may follow the same one."""
    if not tokens:
        return []
    after = {place: row for row, place in enumerate(dict.fromkeys(places))}
    rows = torch.tensor([after[place] for place in places])
    found: list[float] = token_log_probabilities(model, states[list(after)], rows, torch.tensor(tokens)).tolist()
    return found


def log_probabilities(model: PreTrainedModel, hidden: torch.Tensor) -> Iterator[torch.Tensor]:
    """Yield the log-probabilities of the next token after each last state: shape (rows, hidden) -> (vocab,) each."""
    for part in hidden.split(rows_at_a_time(model)):
        yield from logits(model, part).log_softmax(-1)


@torch.inference_mode()
def distributions(model: PreTrainedModel, requests: Sequence[Request]) -> Iterator[torch.Tensor]:
    """Yield, for each request, the next-token log-probabilities at every position of its prior and after it.

    Shape (len(prior) + 1, vocab): the t-th row is what the model expects after the prompt and t prior tokens. Rows are
    not kept, so the sequences may be long. A prompt that follows itself is computed once.
    """
    prompt = None
    for request in requests:
        if request.prompt != prompt:
            prompt = request.prompt
            states, cache = read(model, prompt, None)
            last = states[-1:]
        hidden = last
        if request.prior:
            hidden = torch.cat([last, read(model, request.prior, copy.deepcopy(cache))[0]])
        yield torch.stack(list(log_probabilities(model, hidden)))
