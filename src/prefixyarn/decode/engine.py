"""Greedy decoding of grids: many priors for each of many prompts.

The priors of one prompt form a tree. All start at the prompt, whose keys and values are computed and held once, and two
of them share every step for which their tokens agree, given or chosen. So equal priors cost nothing, and ``oracle``
with two tokens costs nothing more than with one where the model chooses the second itself. What is given, by a prior or
a constraint, is read in one pass up to where the model chooses.

Rows that end leave the batch at once, and waiting prompts take their places. Memory is bounded by the numbers of rows
and prompts, which follow from the model's shape and the lengths (`room_within`).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel

from prefixyarn.decode.alone import begin
from prefixyarn.decode.backend import Answer, Request, known_answers
from prefixyarn.decode.batch import PREFILL_TOKENS, READ_TOKENS, STEP_TOKENS, Room, Row
from prefixyarn.decode.choice import Chooser, rows_at_a_time
from prefixyarn.decode.kv_cache import free_bytes, widest_head
from prefixyarn.decode.stops import Stops
from prefixyarn.errors import InputError
from prefixyarn.models.families import ALONE, MASKED, way

MAX_ROWS = {"cpu": 512, "cuda": 2048}  # more are no faster: the matrix products run at full speed before
FLAT_ROWS = 32  # of families whose attention reads all rows' keys for each (`prefixyarn.decode.attention.Layout.flat`)


@dataclass(frozen=True)
class Limits:
    """What a job may use.

    Attributes:
        memory_mb: Memory of the process in all, the weights included. A model on GPUs takes what is free there.
        max_rows: Most rows side by side; by default `MAX_ROWS`.
    """

    memory_mb: int
    max_rows: int | None = None


@dataclass(frozen=True)
class Parts:
    """Parts of the engine that can be turned off, as the config's ``engine`` has them; fp32 answers are the same.

    Attributes:
        graphs: Steps on a GPU are replayed from CUDA graphs (`prefixyarn.decode.graphs`).
        int8_head: On a CPU, candidates for the next token are found in 8 bits (`prefixyarn.decode.int8_head`).
    """

    graphs: bool = True
    int8_head: bool = True


ALL = Parts()


def decode(
    model: PreTrainedModel,
    requests: Sequence[Request],
    stops: Stops,
    limits: Limits,
    done: Callable[[int], None] = lambda n: None,
    known: Callable[[Request], Answer | None] = lambda request: None,
    found: Callable[[Request, Answer], None] = lambda request, answer: None,
    parts: Parts = ALL,
) -> list[Answer]:
    """Decode requests greedily.

    In fp32 the result does not depend on the batch, and is token for token that of ``transformers``' ``generate`` on
    ``prompt + prior`` with the same stops (but for logits that are equal up to the last bits of a float).

    Args:
        model: A causal language model in evaluation mode.
        requests: What to decode; equal ones are decoded once.
        stops: The stop rule.
        limits: Memory and rows. If memory runs out all the same, rows are halved and decoding goes on.
        done: Called with the number of requests just finished.
        known: Returns an answer that need not be decoded again.
        found: Called with each request as it is answered.
        parts: What the engine uses.

    Returns:
        An answer per request, in their order.

    Raises:
        InputError: A prior is longer than the answer limit, or ends the answer before its own end; or the memory
            does not hold one row.
    """
    copies, answers = known_answers(requests, stops, known, done)
    scale, chooser = 1, Chooser(model, parts.int8_head, len(copies) - len(answers))
    while waiting := longest_first(request for request in copies if request not in answers):
        room = room_within(model, waiting, stops.max_answer_tokens, limits, scale)
        try:
            for request, answer in _decoded(model, waiting, stops, room, chooser, parts):
                answers[request] = answer
                found(request, answer)
                done(copies[request])
        except (MemoryError, RuntimeError) as error:
            if room.rows <= 1 or not _out_of_memory(error):
                raise
            scale *= 2
            logging.warning("out of memory with %d rows side by side; continuing with half of them", room.rows)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()  # what the batch had, which the error's traceback kept
    return [answers[request] for request in requests]


def room_within(
    model: PreTrainedModel, requests: Sequence[Request], answer: int, limits: Limits, scale: int = 1
) -> Room:
    """Return how many rows and prompts fit into the memory, by the model's shape.

    A prompt and what a row has behind it are keys and values of all layers. Beside them there are the weights, prompts
    that were read and wait, a few hidden and feed-forward states of a pass, the scores of a step, and the logits of
    some rows at a time (and the 8-bit output matrix). There are twice as many places for prompts as rows fill when each
    prompt has all its priors: most of these end before the last one does.

    Args:
        model: The model.
        requests: Distinct requests to decode in this room.
        answer: Most tokens of an answer; less where constraints make all answers shorter.
        limits: Memory and rows.
        scale: By how much rows are divided.

    Raises:
        InputError: Not even one row fits.
    """
    config, size, kind = model.config, model.dtype.itemsize, model.device.type
    if way(config) == ALONE:  # a row at a time, and its states may be of any shape
        return Room(1, 1, max(len(request.prompt) for request in requests), answer)
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    wide = getattr(config, "intermediate_size", None) or 4 * config.hidden_size
    wide = max(wide) if isinstance(wide, list) else wide  # Gemma 3n has one a layer, and Gemma 4 heads of two sizes
    head = widest_head(config)
    prompt = max(len(request.prompt) for request in requests)
    answer = min(answer, max(r.constraint.longest if r.constraint else answer for r in requests))
    prompts = len({(request.prompt, request.constraint) for request in requests})
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    token = config.num_hidden_layers * 2 * heads * head * size  # keys and values
    states = (8 * config.hidden_size + 3 * wide) * size
    reading = max(STEP_TOKENS[kind], PREFILL_TOKENS[kind], prompt) * states
    waiting = min(max(READ_TOKENS[kind], prompt), prompts * prompt) * token
    logits = rows_at_a_time(model) * config.vocab_size * 8
    int8 = config.vocab_size * config.hidden_size if kind == "cpu" and size == 4 else 0
    # Python, libraries, the job's data, the allocator's slack; beside a GPU they do not count. By measured peaks.
    overhead = 1280 * 2**20 if kind == "cpu" else 2 * 2**30
    fixed = weights + reading + waiting + logits + int8 + overhead
    gpus = {p.device for p in model.parameters() if p.device.type == "cuda"}
    memory = weights + sum(free_bytes(gpu) for gpu in gpus) if gpus else limits.memory_mb * 2**20
    share = min(1.0, 2 * prompts / len(requests))  # places for prompts, of rows
    scores = config.num_attention_heads * (prompt + answer) * 3 * max(size, 4)
    row = token * (answer + share * prompt) + states + scores
    most = min(limits.max_rows or MAX_ROWS[kind], FLAT_ROWS if way(model.config) == MASKED else math.inf)
    rows = int(min(most, len(requests), (memory - fixed - token * prompt) // row)) // scale
    if rows < 1:
        if scale > 1:
            rows = 1
        else:
            raise InputError(
                f"{memory / 2**20:.0f} MB of memory do not hold one row of {prompt + answer} tokens, which takes about "
                f"{(fixed + token * prompt + row) / 2**20:.0f} MB. Raise mem_mb of the rule (set-resources in a "
                "profile; on GPUs, ask for larger ones) or lower max_answer_tokens."
            )
    return Room(rows, min(prompts, rows, int(share * rows) + 1), prompt, answer)


def _out_of_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in str(error)


def longest_first(requests: Iterable[Request]) -> list[Request]:
    """Return requests in the order in which they are begun: if memory is short, it shows at once."""
    return sorted(requests, key=lambda request: (-len(request.prompt), request.prompt))


@torch.inference_mode()
def _decoded(
    model: PreTrainedModel, requests: Sequence[Request], stops: Stops, room: Room, chooser: Chooser, parts: Parts
) -> Iterator[tuple[Request, Answer]]:
    """Decode requests in a batch with this room; yield each as it ends."""
    batch = begin(model, requests, room, parts.graphs)
    ends_answers = stops.eos_ids | stops.newline_ids
    for rows, states, ends in batch:
        asked = [n for n, row in enumerate(rows) if row.free or row.chooses]
        last = states if len(states) == len(asked) else states[[ends[n] for n in asked]]
        allowed = [own.allowed(rows[n].tokens) if (own := rows[n].constraint) else None for n in asked]
        chosen = dict(zip(asked, chooser([rows[n] for n in asked], last, allowed), strict=True))
        children: list[Sequence[Row]] = []
        for n, row in enumerate(rows):
            if row.free:  # most rows of most steps: nothing to do but to append
                token = chosen[n]
                if token not in ends_answers and len(row.tokens) + 1 < stops.max_answer_tokens:
                    row.tokens.append(token)
                    row.new = 1
                    children.append((row,))
                    continue
            kept = []
            for child in row.branch(chosen.get(n)):
                stop = _grow(child, stops)
                if stop is None:
                    kept.append(child)
                    continue
                for request in child.requests:
                    if len(request.prior) > len(child.tokens):
                        raise stops.ends_early(request.prior, len(child.tokens), stop)
                    yield request, Answer(tuple(child.tokens[len(request.prior) :]), stop)
            children.append(kept)
        batch.replace(children)


def _grow(row: Row, stops: Stops) -> str | None:
    """Append what is given next, by priors or the constraint, up to a choice; return why the answer ends, or None."""
    while True:
        stop = stops.reason(row.tokens)
        allowed = row.constraint.allowed(row.tokens) if row.constraint and stop != "length" else None
        if allowed is not None:
            stop = None if allowed else "constraint"
        if stop:
            return stop
        step, next_tokens = len(row.tokens), set()
        for request in row.requests:
            if step < len(request.prior):
                next_tokens.add(request.prior[step])
            elif allowed and len(allowed) == 1:
                next_tokens.add(allowed[0])
            else:
                return None
        if len(next_tokens) > 1:
            return None
        row.tokens.append(next_tokens.pop())
        row.new += 1
