"""Greedy decoding of grids: many priors for each of many prompts.

The priors of one prompt form a tree: all start at the prompt, whose keys and values are computed once, and two
of them share every step for which their tokens agree, given or chosen. So equal priors cost nothing, and
``oracle`` with two tokens costs nothing more than with one where the model chooses the second itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from transformers import DynamicCache, PreTrainedModel

from prefixyarn.decode.stops import Stops
from prefixyarn.errors import InputError

Ids = tuple[int, ...]

# Rows that have ended stay in the batch until they are this share of it: taking rows out copies the cache.
DEAD_SHARE = 0.15


@dataclass(frozen=True)
class Request:
    """A prompt and the start of its answer, as token ids. The prompt's hold BOS where the model expects one."""

    prompt: Ids
    prior: Ids = ()


@dataclass(frozen=True)
class Answer:
    """What the model added to a prior.

    Attributes:
        new_ids: Token ids, the stop token included.
        stop: ``newline``, ``eos`` or ``length``.
    """

    new_ids: Ids
    stop: str


@dataclass
class _Row:
    """A row of the batch: the answer's tokens so far and the requests that share them."""

    tokens: list[int]
    requests: list[Request]


def decode(
    model: PreTrainedModel,
    requests: Sequence[Request],
    stops: Stops,
    batch_rows: int,
    done: Callable[[int], None] = lambda n: None,
) -> list[Answer]:
    """Decode requests greedily.

    In fp32 the result is token for token that of ``transformers``' ``generate`` on ``prompt + prior`` with the
    same stops, whatever the batch.

    Args:
        model: A causal language model in evaluation mode.
        requests: What to decode; equal ones are decoded once.
        stops: The stop rule.
        batch_rows: Largest number of sequences decoded side by side, unless one prompt alone has more priors.
        done: Called with the number of requests just finished.

    Returns:
        An answer per request, in their order.

    Raises:
        InputError: A prior is longer than the answer limit, or ends the answer before its own end.
    """
    for request in requests:
        if len(request.prior) > stops.max_answer_tokens:
            raise InputError(
                f"a prior of {len(request.prior)} tokens is longer than the answer limit of "
                f"{stops.max_answer_tokens}: raise max_answer_tokens or lower k in the config"
            )
    copies: dict[Request, int] = defaultdict(int)
    for request in requests:
        copies[request] += 1
    answers: dict[Request, Answer] = {}
    for batch in _batches(list(copies), batch_rows):
        for request, answer in _decode_batch(model, batch, stops):
            answers[request] = answer
            done(copies[request])
    return [answers[request] for request in requests]


def _batches(requests: list[Request], batch_rows: int) -> Iterator[list[list[Request]]]:
    """Yield batches of prompts, each prompt a list of its requests; longest prompts first.

    Prompts of like length are padded least, and if memory is short it shows at once.
    """
    by_prompt: dict[Ids, list[Request]] = defaultdict(list)
    for request in requests:
        by_prompt[request.prompt].append(request)
    batch: list[list[Request]] = []
    for _, group in sorted(by_prompt.items(), key=lambda e: (-len(e[0]), e[0])):
        if batch and sum(map(len, batch)) + len(group) > batch_rows:
            yield batch
            batch = []
        batch.append(group)
    if batch:
        yield batch


@torch.inference_mode()
def _decode_batch(model: PreTrainedModel, batch: list[list[Request]], stops: Stops) -> Iterator[tuple[Request, Answer]]:
    """Decode the requests of a batch of prompts; yield each as it ends."""
    device = model.device
    longest = max(len(group[0].prompt) for group in batch)
    # Left padding: every prompt ends in the last column, where its answer begins.
    padded = [[0] * (longest - len(g[0].prompt)) + list(g[0].prompt) for g in batch]
    inputs = torch.tensor(padded, device=device)  # (batch, time)
    lengths = torch.tensor([len(g[0].prompt) for g in batch], device=device)
    mask = (torch.arange(longest, device=device) >= longest - lengths[:, None]).long()
    cache = DynamicCache(config=model.config)
    rows: list[_Row | None] = [_Row([], group) for group in batch]
    while True:
        positions = (mask.cumsum(1) - 1).clamp(min=0)[:, -inputs.shape[1] :]
        logits = model(
            input_ids=inputs,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits  # (batch, 1, vocab)
        chosen = logits[:, -1].argmax(-1).tolist()
        grown: list[_Row] = []
        parents: list[int] = []
        for parent, row in enumerate(rows):
            if row is None:
                continue
            for child in _branch(row, chosen[parent]):
                stop = stops.reason(child.tokens)
                if stop is None:
                    grown.append(child)
                    parents.append(parent)
                    continue
                for request in child.requests:
                    if len(request.prior) > len(child.tokens):
                        raise InputError(
                            f"a prior of {len(request.prior)} tokens ends the answer ({stop}) at its token "
                            f"{len(child.tokens)}: {stops.text(request.prior)!r}"
                        )
                    yield request, Answer(tuple(child.tokens[len(request.prior) :]), stop)
        if not grown:
            return
        branched = len(set(parents)) < len(parents)
        if branched or len(grown) < (1 - DEAD_SHARE) * len(rows):
            keep = torch.tensor(parents, device=device)
            cache.batch_select_indices(keep)
            mask = mask[keep]
            rows = list(grown)
        else:
            rows = [None] * len(rows)
            for parent, row in zip(parents, grown, strict=True):
                rows[parent] = row
        inputs = torch.tensor([[row.tokens[-1] if row else 0] for row in rows], device=device)
        mask = torch.cat([mask, mask.new_ones(len(rows), 1)], dim=1)


def _branch(row: _Row, chosen: int) -> list[_Row]:
    """Return the rows that a row becomes by one token: given where a prior goes on, else chosen by the model."""
    step = len(row.tokens)
    branches: dict[int, list[Request]] = defaultdict(list)
    for request in row.requests:
        branches[request.prior[step] if step < len(request.prior) else chosen].append(request)
    return [_Row([*row.tokens, token], requests) for token, requests in branches.items()]
