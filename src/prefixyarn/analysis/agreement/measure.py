"""What the foundation expects where its SFT model answers, token by token (paper section 2.2, the "silent majority").

Both models read the SFT model's answer, and at each position t are compared in what they expect next, given the t SFT
tokens before: t is the length of a prior taken from the SFT model. Both also read what the foundation itself wrote,
alone and after k SFT tokens.

Two controls say how much it means that a token is among the foundation's likeliest. The foundation alone reads the
reference, and the SFT model's answer after the prompt without its source.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedTokenizerFast

from prefixyarn.analysis.agreement import CONTROLS, LIKELIEST, OWN, REFERENCE, SFT_ANSWER, WITHOUT_SOURCE, Step
from prefixyarn.decode.backend import Request
from prefixyarn.decode.likelihood import distributions
from prefixyarn.languages import Direction
from prefixyarn.metrics.language_id import LanguageDetector, off_target
from prefixyarn.models.foundation import Foundation
from prefixyarn.models.sft.adapter import SftModel
from prefixyarn.models.tokenizer import answer_ids, prompt_ids
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, Output, System
from prefixyarn.systems import NONE


def rank(foundation: torch.Tensor, judged: torch.Tensor) -> torch.Tensor:
    """Return the ranks, from 1, of the judged tokens; of tokens as likely, none is before another.

    Args:
        foundation: Log-probabilities of the next token, shape (positions, vocab).
        judged: Token ids, shape (positions,).
    """
    return (foundation > foundation.gather(-1, judged[:, None])).sum(-1) + 1


def entropy(given: torch.Tensor) -> torch.Tensor:
    """Return the entropy in nats of log-probabilities: shape (positions, vocab) -> (positions,)."""
    return -(given.exp() * given).sum(-1)


def compare(foundation: torch.Tensor, sft: torch.Tensor) -> dict[str, torch.Tensor]:
    """Compare log-probabilities of the next token, shape (positions, vocab).

    Returns:
        ``entropy_sft``, ``kl`` and ``js`` of each position; see `Step`.
    """
    p, q = sft.exp(), foundation.exp()
    middle = torch.logaddexp(sft, foundation) - torch.log(torch.tensor(2.0))
    return {
        "entropy_sft": entropy(sft),
        "kl": (p * (sft - foundation)).sum(-1),
        "js": (p * (sft - middle)).sum(-1) / 2 + (q * (foundation - middle)).sum(-1) / 2,
    }


@dataclass(frozen=True)
class Reading:
    """An answer that is read.

    Attributes:
        item: Id of the item.
        read: What it is; see `Step`.
        k: See `Step`.
        on_target: See `Step`.
        request: Prompt and the whole answer.
    """

    item: str
    read: str
    k: int
    on_target: bool | None
    request: Request


def readings(
    tokenizer: PreTrainedTokenizerFast,
    prompt: Prompt,
    subset: str,
    items: Sequence[Item],
    sft: Sequence[Output],
    own: Sequence[Output],
    ks: Sequence[int],
    detector: LanguageDetector,
) -> list[Reading]:
    """Return the answers to read, those to one prompt after one another.

    Args:
        tokenizer: That of both models.
        prompt: The prompt.
        subset: The direction.
        items: The items looked at.
        sft: The SFT model's own answers.
        own: What the foundation answered, by itself and after SFT tokens.
        ks: After how many SFT tokens it is looked at, beside none.
        detector: Tells whether what the foundation wrote is in the target language.
    """
    direction = Direction.parse(subset)
    texts = {item.id: prompt.fill(item.source, direction) for item in items}
    ids = {name: tuple(prompt_ids(tokenizer, text)) for name, text in texts.items()}
    without_source = tuple(prompt_ids(tokenizer, prompt.fill("", direction)))
    wanted = {NONE: 0, **{System("sft", "", k, "token"): k for k in ks}}
    found, blind = [], []
    for output in sft:
        if output.item in ids:
            answer = (*output.prior_ids, *output.new_ids)
            found.append(Reading(output.item, SFT_ANSWER, 0, None, Request(ids[output.item], answer)))
            blind.append(Reading(output.item, WITHOUT_SOURCE, 0, None, Request(without_source, answer)))
    for item in items:
        # With the line break that ends an answer, as the SFT model's has it.
        reference = answer_ids(tokenizer, texts[item.id], prompt.join(direction), item.target + "\n")
        found.append(Reading(item.id, REFERENCE, 0, None, Request(ids[item.id], tuple(reference))))
    for output in own:
        if output.item in ids and output.system in wanted:
            wrong = off_target(output.continuation, direction.target, detector)
            request = Request(ids[output.item], (*output.prior_ids, *output.new_ids))
            on_target = None if wrong is None else not wrong
            found.append(Reading(output.item, OWN, wanted[output.system], on_target, request))
    return [*sorted(found, key=lambda reading: reading.item), *sorted(blind, key=lambda reading: reading.item)]


def token_text(tokenizer: PreTrainedTokenizerFast, token: int, before: int) -> str:
    """Return what a token adds to the text after another one; of a part of a character, the token's name."""
    # Not the token alone: some tokenizers drop the space that a text begins with.
    text = str(tokenizer.decode([before, token])).removeprefix(str(tokenizer.decode([before])))
    return str(tokenizer.convert_ids_to_tokens(token)) if "\N{REPLACEMENT CHARACTER}" in text else text


def texts(tokenizer: PreTrainedTokenizerFast, request: Request, expected: torch.Tensor) -> dict[str, list[str]]:
    """Return ``token`` and ``likeliest`` of each position of an answer; see `Step`.

    Args:
        tokenizer: That of both models.
        request: Prompt and answer.
        expected: The foundation's log-probabilities, shape (len(answer), vocab).
    """

    def text(token: int) -> str:
        return token_text(tokenizer, token, request.prompt[-1])

    best = expected.topk(min(LIKELIEST, expected.shape[-1]))
    rows = zip(best.indices.tolist(), best.values.exp().tolist(), strict=True)
    return {
        "token": [json.dumps(text(token), ensure_ascii=False) for token in request.prior],
        "likeliest": [
            json.dumps([[text(n), round(p, 4)] for n, p in zip(*row, strict=True)], ensure_ascii=False) for row in rows
        ],
    }


def steps(
    readings: Sequence[Reading],
    foundation: Foundation,
    sft: SftModel,
    done: Callable[[int], None] = lambda n: None,
) -> list[Step]:
    """Return what the foundation, and but for controls its SFT model, expect at each position of the answers.

    An answer after k SFT tokens is looked at from its k-th position on.

    Args:
        readings: The answers; those to one prompt are cheapest after one another.
        foundation: The foundation.
        sft: Its SFT model.
        done: Called with the number of answers just read.
    """
    found = []
    with sft.on() as model:
        tuned = distributions(model, [own.request for own in readings if own.read not in CONTROLS])
    # Both go on in turns, each under its own weights.
    base = distributions(foundation.model, [own.request for own in readings])
    for reading in readings:
        first, last = reading.k, len(reading.request.prior)
        expected = next(base)[first:last]
        judged = torch.tensor(reading.request.prior[first:last], dtype=torch.long, device=expected.device)
        compared: dict[str, torch.Tensor] = {}
        if reading.read not in CONTROLS:
            with sft.on():
                other = next(tuned)[first:last]
            compared = compare(expected, other)
            judged = other.argmax(-1) if reading.read == OWN else judged
        compared |= {"rank": rank(expected, judged), "entropy_foundation": entropy(expected)}
        columns: dict[str, list[Any]] = {name: values.tolist() for name, values in compared.items()}
        if reading.read == SFT_ANSWER:
            columns |= texts(foundation.tokenizer, reading.request, expected)
        found += [
            Step(
                reading.item,
                reading.read,
                reading.k,
                reading.on_target,
                first + n,
                **{name: values[n] for name, values in columns.items()},
            )
            for n in range(last - first)
        ]
        done(1)
    return found
