"""How likely the rest of the reference is, after each prior, given the item's source and given those of others.

The same tokens are judged for every prior: those after the reference's fourth (`SKIPPED`), placed directly after prompt
and prior. The tail's first token is kept apart, as it stands where prior and tail meet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from transformers import PreTrainedTokenizerFast

from prefixyarn.analysis.mechanism import OTHERS, SHORTEST, SKIPPED, TailScore
from prefixyarn.decode.backend import MODELS, Request
from prefixyarn.decode.constraint import Ids
from prefixyarn.decode.session import Session
from prefixyarn.job import Job
from prefixyarn.languages import Direction
from prefixyarn.models.tokenizer import answer_ids, prompt_ids
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, Prior, System


def open_models(job: Job) -> Session:
    """Return the foundation and its SFT model that a job reads likelihoods of."""
    return Session.open(
        folder=Path(job.input.manifest).parent,
        name=job.wildcards.model,
        dtype=job.params.dtype,
        max_answer_tokens=0,
        memory_mb=job.resources.mem_mb,
        sft=job.input.sft,
        backend=job.params.backend,
    )


@dataclass(frozen=True)
class Read:
    """A tail to be read after a source and a prior.

    Attributes:
        item: Id of the item.
        system: Prior and model.
        other: See `TailScore`.
        request: The prompt; prior and tail; that the tail alone is scored.
        new: Of each token of the tail behind its first, whether the item's own source lacks it.
    """

    item: str
    system: System
    other: str
    request: Request
    new: tuple[bool, ...]


def reads(
    tokenizer: PreTrainedTokenizerFast,
    prompt: Prompt,
    direction: Direction,
    items: Sequence[Item],
    test: Sequence[Item],
    priors: Sequence[Prior],
) -> list[Read]:
    """Return what is to be read. Items whose reference has fewer than `SHORTEST` tokens are left out.

    Args:
        tokenizer: That of both models.
        prompt: The prompt.
        direction: The direction.
        items: The items looked at.
        test: All test items of the direction, whose sources may stand in for others.
        priors: What the items' answers are begun with; the same systems for each of them.
    """
    prompts = {item.id: tuple(prompt_ids(tokenizer, prompt.fill(item.source, direction))) for item in test}
    begun: dict[str, list[Prior]] = {item.id: [] for item in items}
    for prior in priors:
        if prior.item in begun:
            begun[prior.item].append(prior)
    found = []
    for item in items:
        filled = prompt.fill(item.source, direction)
        reference = answer_ids(tokenizer, filled, prompt.join(direction), item.target)
        if len(reference) < SHORTEST:
            continue
        tail = tuple(reference[SKIPPED:])
        held = {piece(tokenizer, token) for token in tokenizer(item.source, add_special_tokens=False).input_ids}
        new = tuple(piece(tokenizer, token) not in held for token in tail[1:])
        for prior, source in product(begun[item.id], ["", *others(item, test, prompts)]):
            request = Request(prompts[source or item.id], (*prior.ids, *tail), unscored=len(prior.ids))
            found.append(Read(item.id, prior.system, source, request, new))
    return found


def others(item: Item, test: Sequence[Item], prompts: Mapping[str, Ids]) -> list[str]:
    """Return the ids of the items whose prompts are nearest to an item's in length: `OTHERS` of them, if there are.

    Of equally near ones, the first by id; never one with the same source.
    """
    length = len(prompts[item.id])
    able = [other for other in test if other.source != item.source]
    able.sort(key=lambda other: (abs(len(prompts[other.id]) - length), other.id))
    return [other.id for other in able[:OTHERS]]


def piece(tokenizer: PreTrainedTokenizerFast, token: int) -> str:
    """Return a token's text without spaces around it and whatever its case; of a part of a character, its name."""
    text = str(tokenizer.decode([token]))
    if "\N{REPLACEMENT CHARACTER}" in text:
        return str(tokenizer.convert_ids_to_tokens(token))
    return text.strip().casefold()


def measure(session: Session, reads: Sequence[Read], done: Callable[[int], None] = lambda n: None) -> list[TailScore]:
    """Return how likely each tail is, in the order of what is read.

    Args:
        session: The opened model, with its SFT model if some system is of it.
        reads: What to read.
        done: Called with the number of sequences just read; equal ones count once.
    """
    known: dict[tuple[str, Request], list[float]] = {}
    for model in MODELS:
        asked = [read.request for read in reads if read.system.model == model]
        if asked:
            found = session.likelihoods(model, asked, done)
            known |= {(model, request): scores for request, scores in found.items()}
    return [_scored(read, known[read.system.model, read.request]) for read in reads]


def sequences(reads: Sequence[Read]) -> int:
    """Return how many different sequences there are to read."""
    return len({(read.system.model, read.request) for read in reads})


def _scored(read: Read, scores: Sequence[float]) -> TailScore:
    first, *rest = scores
    own = [score for score, new in zip(rest, read.new, strict=True) if new]
    return TailScore(read.item, read.system, read.other, first, len(rest), sum(rest), len(own), sum(own))
