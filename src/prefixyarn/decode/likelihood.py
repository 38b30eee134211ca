"""Likelihoods of given continuations.

`score` uses the batch that decoding uses: prompts and common beginnings are computed once.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence

import torch
from transformers import PreTrainedModel

from prefixyarn.decode.backend import Request
from prefixyarn.decode.batch import LOGIT_ROWS, Batch
from prefixyarn.decode.engine import Limits, by_length, rows_within


@torch.inference_mode()
def score(
    model: PreTrainedModel,
    requests: Sequence[Request],
    limits: Limits,
    done: Callable[[int], None] = lambda n: None,
) -> dict[Request, list[float]]:
    """Return the log-probability in nats of each token of each prior, given the prompt and the tokens before it.

    Args:
        model: A causal language model in evaluation mode, with SDPA attention.
        requests: Prompts with the continuations to score as priors; equal ones are scored once.
        limits: Memory and rows.
        done: Called with the number of requests just finished.
    """
    scores: dict[Request, list[float]] = {request: [] for request in requests}
    for group in by_length([request for request in scores if request.prior], 0):
        length = max(len(request.prompt) + len(request.prior) for request in group)
        batch = Batch(model, group, rows_within(model, length, limits), length)
        for rows, hidden in batch:
            children = []
            for row, own in zip(rows, log_probabilities(model, hidden), strict=True):
                kept = row.branch(None)
                for child in kept:
                    for request in child.requests:
                        scores[request].append(float(own[child.tokens[-1]]))
                        if len(request.prior) == len(child.tokens):
                            done(1)
                # What has been scored to its end needs no further step.
                for child in kept:
                    child.requests = [r for r in child.requests if len(r.prior) > len(child.tokens)]
                children.append([child for child in kept if child.requests])
            batch.replace(children)
    return scores


def log_probabilities(model: PreTrainedModel, hidden: torch.Tensor) -> Iterator[torch.Tensor]:
    """Yield the log-probabilities of the next token after each last state: shape (rows, hidden) -> (vocab,) each."""
    head, cap = model.get_output_embeddings(), getattr(model.config, "final_logit_softcapping", None)
    for part in hidden.split(LOGIT_ROWS):
        logits = head(part).float()
        yield from (torch.tanh(logits / cap) * cap if cap else logits).log_softmax(-1)


@torch.inference_mode()
def distributions(model: PreTrainedModel, requests: Sequence[Request]) -> Iterator[torch.Tensor]:
    """Yield, for each request, the next-token log-probabilities at every position of its prior and after it.

    Shape (len(prior) + 1, vocab): the t-th row is what the model expects after the prompt and t prior tokens. Rows are
    not kept, so the sequences may be long. A prompt that follows itself is computed once.
    """
    prompt, decoder = None, model.get_decoder()
    for request in requests:
        if request.prompt != prompt:
            prompt = request.prompt
            read = decoder(input_ids=torch.tensor([prompt], device=model.device), use_cache=True)
            cache, last = read.past_key_values, read.last_hidden_state[0, -1:]
        hidden = last
        if request.prior:
            ids = torch.tensor([request.prior], device=model.device)
            own = decoder(input_ids=ids, past_key_values=copy.deepcopy(cache), use_cache=True)
            hidden = torch.cat([last, own.last_hidden_state[0]])
        yield torch.stack(list(log_probabilities(model, hidden)))
