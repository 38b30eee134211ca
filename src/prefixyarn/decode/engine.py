"""Greedy decoding of grids: many priors for each of many prompts.

The priors of one prompt form a tree. All start at the prompt, whose keys and values are computed once, and two
of them share every step for which their tokens agree, given or chosen. So equal priors cost nothing, and
``oracle`` with two tokens costs nothing more than with one where the model chooses the second itself.

Rows that end leave the batch at once, and waiting prompts take their places. Memory is bounded by the number of
rows, which follows from the model's shape and the lengths (`rows_within`).
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel

from prefixyarn.decode.backend import Answer, Request
from prefixyarn.decode.batch import LOGIT_ROWS, PREFILL_TOKENS, Batch
from prefixyarn.decode.stops import Stops
from prefixyarn.errors import InputError

SHORTER = 0.6  # prompts this much shorter than the longest get a cache of shorter rows, in a pass of their own


@dataclass(frozen=True)
class Limits:
    """What a job may use.

    Attributes:
        memory_mb: Memory of the process in all, the weights included. A model on GPUs takes what is free there.
        max_rows: Most rows side by side. More are no faster: the matrix products run at full speed long before.
    """

    memory_mb: int
    max_rows: int = 256


def decode(
    model: PreTrainedModel,
    requests: Sequence[Request],
    stops: Stops,
    limits: Limits,
    done: Callable[[int], None] = lambda n: None,
    known: Callable[[Request], Answer | None] = lambda request: None,
    found: Callable[[Request, Answer], None] = lambda request, answer: None,
) -> list[Answer]:
    """Decode requests greedily.

    In fp32 the result is token for token that of ``transformers``' ``generate`` on ``prompt + prior`` with the
    same stops, whatever the batch.

    Args:
        model: A causal language model in evaluation mode, with SDPA attention.
        requests: What to decode; equal ones are decoded once.
        stops: The stop rule.
        limits: Memory and rows. If memory runs out all the same, rows are halved and decoding goes on.
        done: Called with the number of requests just finished.
        known: Returns an answer that need not be decoded again.
        found: Called with each request as it is answered.

    Returns:
        An answer per request, in their order.

    Raises:
        InputError: A prior is longer than the answer limit, or ends the answer before its own end; or the memory
            does not hold one row.
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
    answers = {request: answer for request in copies if (answer := known(request))}
    if answers:
        done(sum(copies[request] for request in answers))
    scale = 1
    while waiting := [request for request in copies if request not in answers]:
        for group in by_length(waiting, stops.max_answer_tokens):
            length = max(len(request.prompt) for request in group) + stops.max_answer_tokens
            rows = min(len(group), max(1, rows_within(model, length, limits) // scale))
            try:
                for request, answer in _decode_group(model, group, stops, rows, length):
                    answers[request] = answer
                    found(request, answer)
                    done(copies[request])
            except (MemoryError, RuntimeError) as error:
                if rows <= 1 or not _out_of_memory(error):
                    raise
                scale *= 2
                logging.warning("out of memory with %d rows side by side; continuing with half of them", rows)
                if torch.cuda.is_available():
                    torch.cuda.empty_cache()
                break
    return [answers[request] for request in requests]


def rows_within(model: PreTrainedModel, length: int, limits: Limits) -> int:
    """Return how many rows of ``length`` positions fit into the memory, by the model's shape.

    A row has keys and values of all layers. Beside them there are the weights, a prefill of `PREFILL_TOKENS` tokens
    (their keys and values, a few hidden and feed-forward states), and logits of `LOGIT_ROWS` rows at a time.

    Raises:
        InputError: Not even one fits.
    """
    config, size = model.config, model.dtype.itemsize
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    wide = getattr(config, "intermediate_size", None) or 4 * config.hidden_size
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    token = config.num_hidden_layers * 2 * heads * head * size  # keys and values
    row = token * length
    prefill = max(PREFILL_TOKENS, length) * (token + (8 * config.hidden_size + 3 * wide) * size)
    logits = LOGIT_ROWS * config.vocab_size * 8
    # Python, libraries, the job's data, the allocator's slack; beside a GPU they do not count. By measured peaks.
    overhead = 1280 * 2**20 if model.device.type == "cpu" else 2**30
    fixed = weights + prefill + logits + overhead
    gpus = {p.device for p in model.parameters() if p.device.type == "cuda"}
    memory = weights + sum(_free(gpu) for gpu in gpus) if gpus else limits.memory_mb * 2**20
    rows = int(min(limits.max_rows, (memory - fixed) // row))
    if rows < 1:
        raise InputError(
            f"{memory / 2**20:.0f} MB of memory do not hold one row of {length} tokens, which takes about "
            f"{(fixed + row) / 2**20:.0f} MB. Raise mem_mb of the rule (set-resources in a profile; on GPUs, ask for "
            "larger ones) or lower max_answer_tokens."
        )
    return rows


def _free(gpu: torch.device) -> int:
    """Return the bytes that tensors can still take on a GPU: what is free, and what torch holds unused."""
    free, _ = torch.cuda.mem_get_info(gpu)
    return int(free + torch.cuda.memory_reserved(gpu) - torch.cuda.memory_allocated(gpu))


def _out_of_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in str(error)


def by_length(requests: Sequence[Request], limit: int) -> Iterator[list[Request]]:
    """Yield groups of requests whose prompts are alike in length, longest first.

    Long prompts first: they are padded least among their like, and if memory is short it shows at once.
    """
    group: list[Request] = []
    for request in sorted(requests, key=lambda r: (-len(r.prompt), r.prompt)):
        if group and len(request.prompt) + limit < SHORTER * (len(group[0].prompt) + limit):
            yield group
            group = []
        group.append(request)
    if group:
        yield group


@torch.inference_mode()
def _decode_group(
    model: PreTrainedModel, requests: Sequence[Request], stops: Stops, capacity: int, length: int
) -> Iterator[tuple[Request, Answer]]:
    """Decode requests in at most ``capacity`` rows of ``length`` positions; yield each as it ends."""
    batch = Batch(model, requests, capacity, length)
    for rows, hidden in batch:
        allowed = [row.constraint.allowed(row.tokens) if row.constraint and row.chooses else None for row in rows]
        given = [own[0] if own and len(own) == 1 else None for own in allowed]
        asked = [n for n, row in enumerate(rows) if row.chooses and given[n] is None]
        chosen = dict(zip(asked, _choose(model, hidden[asked], [allowed[n] for n in asked]), strict=True))
        children = []
        for n, row in enumerate(rows):
            kept = []
            for child in row.branch(chosen.get(n, given[n])):
                stop = stops.reason(child.tokens)
                if row.constraint and stop != "length":
                    stop = None if row.constraint.allowed(child.tokens) else "constraint"
                if stop is None:
                    kept.append(child)
                    continue
                for request in child.requests:
                    if len(request.prior) > len(child.tokens):
                        raise InputError(
                            f"a prior of {len(request.prior)} tokens ends the answer ({stop}) at its token "
                            f"{len(child.tokens)}: {stops.text(request.prior)!r}"
                        )
                    yield request, Answer(tuple(child.tokens[len(request.prior) :]), stop)
            children.append(kept)
        batch.replace(children)


def _choose(model: PreTrainedModel, hidden: torch.Tensor, allowed: Sequence[tuple[int, ...] | None]) -> list[int]:
    """Return the likeliest next token after each last state, shape (rows, hidden), among those allowed."""
    head = model.get_output_embeddings()
    free = [n for n, own in enumerate(allowed) if own is None]
    chosen: dict[int, int] = {}
    for part in (free[start : start + LOGIT_ROWS] for start in range(0, len(free), LOGIT_ROWS)):
        chosen |= zip(part, head(hidden[part]).argmax(-1).tolist(), strict=True)
    for tokens in {own for own in allowed if own}:
        # Of the output matrix only the rows of these tokens are needed.
        rows = [n for n, own in enumerate(allowed) if own == tokens]
        best = torch.nn.functional.linear(hidden[rows], head.weight[list(tokens)]).argmax(-1).tolist()
        chosen |= {n: tokens[place] for n, place in zip(rows, best, strict=True)}
    return [chosen[n] for n in range(len(hidden))]
