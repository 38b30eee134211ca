"""How far the foundation agrees with its SFT model, token by token (paper section 2.2, the "silent majority").

Teacher-forced: both models read the SFT model's answer, and at each position t are compared in what they expect next,
given the t SFT tokens before: t is the length of a prior taken from the SFT model. Free-running: both read what the
foundation itself wrote after k SFT tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedTokenizerFast

from prefixyarn.analysis.agreement import TEACHER_FORCED, Step
from prefixyarn.decode.backend import Request
from prefixyarn.decode.likelihood import distributions
from prefixyarn.languages import Direction
from prefixyarn.models.foundation import Foundation
from prefixyarn.models.sft.adapter import SftModel
from prefixyarn.models.tokenizer import prompt_ids
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, Output, System
from prefixyarn.systems import NONE


def compare(foundation: torch.Tensor, sft: torch.Tensor) -> dict[str, torch.Tensor]:
    """Compare log-probabilities of the next token, shape (positions, vocab).

    Returns:
        ``agree``, ``rank``, ``kl``, ``js``, ``entropy_foundation`` and ``entropy_sft`` of each position; see `Step`.
    """
    p, q = sft.exp(), foundation.exp()
    middle = torch.logaddexp(sft, foundation) - torch.log(torch.tensor(2.0))
    best = sft.argmax(-1)
    own = foundation.gather(-1, best[:, None])
    return {
        "agree": foundation.argmax(-1) == best,
        "rank": (foundation > own).sum(-1) + 1,
        "kl": (p * (sft - foundation)).sum(-1),
        "js": (p * (sft - middle)).sum(-1) / 2 + (q * (foundation - middle)).sum(-1) / 2,
        "entropy_foundation": -(q * foundation).sum(-1),
        "entropy_sft": -(p * sft).sum(-1),
    }


@dataclass(frozen=True)
class Read:
    """An answer that both models read.

    Attributes:
        item: Id of the item.
        k: See `Step`.
        request: Prompt and the whole answer.
    """

    item: str
    k: int
    request: Request


def reads(
    tokenizer: PreTrainedTokenizerFast,
    prompt: Prompt,
    subset: str,
    items: Sequence[Item],
    own: Sequence[Output],
    free: Sequence[Output],
    ks: Sequence[int],
) -> list[Read]:
    """Return the answers to read, those to one prompt after one another.

    Args:
        tokenizer: That of both models.
        prompt: The prompt.
        subset: The direction.
        items: The items looked at.
        own: The SFT model's own answers.
        free: What the foundation answered, by itself and after SFT tokens.
        ks: After how many SFT tokens it is looked at, beside none.
    """
    direction = Direction.parse(subset)
    ids = {item.id: tuple(prompt_ids(tokenizer, prompt.fill(item.source, direction))) for item in items}
    wanted = {NONE: 0, **{System("sft", "", k, "token"): k for k in ks}}
    answers = [(TEACHER_FORCED, output) for output in own]
    answers += [(wanted[output.system], output) for output in free if output.system in wanted]
    found = [
        Read(output.item, k, Request(ids[output.item], (*output.prior_ids, *output.new_ids)))
        for k, output in answers
        if output.item in ids
    ]
    return sorted(found, key=lambda read: read.item)


def steps(
    reads: Sequence[Read],
    foundation: Foundation,
    sft: SftModel,
    done: Callable[[int], None] = lambda n: None,
) -> list[Step]:
    """Compare both models at every position of the answers, from the k-th on.

    Args:
        reads: The answers; those to one prompt are cheapest after one another.
        foundation: The foundation.
        sft: Its SFT model.
        done: Called with the number of answers just read.
    """
    found, requests = [], [read.request for read in reads]
    with sft.on() as model:
        tuned = distributions(model, requests)
    base = distributions(foundation.model, requests)  # both go on in turns, each under its own weights
    for read in reads:
        first, last = max(read.k, 0), len(read.request.prior)
        own = next(base)[first:last]
        with sft.on():
            other = next(tuned)[first:last]
        compared = compare(own, other)
        columns = {name: values.tolist() for name, values in compared.items()}
        found += [
            Step(read.item, read.k, first + n, **{name: values[n] for name, values in columns.items()})
            for n in range(last - first)
        ]
        done(1)
    return found
