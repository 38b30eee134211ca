"""Decoding items and turning answers into output records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from prefixyarn.decode.engine import Request, decode
from prefixyarn.decode.stops import Stops, answer_text
from prefixyarn.languages import Direction
from prefixyarn.models.foundation import Foundation
from prefixyarn.models.tokenizer import prompt_ids
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, Output, Prior


@dataclass(frozen=True)
class Task:
    """One answer to decode: an item under a prompt template, its answer begun with a prior."""

    item: Item
    prompt: Prompt
    prior: Prior


def decode_tasks(
    foundation: Foundation,
    tasks: Sequence[Task],
    direction: Direction,
    max_answer_tokens: int,
    batch_rows: int,
    done: Callable[[int], None],
) -> list[Output]:
    """Decode tasks of one direction.

    Returns:
        An output per task, in their order.
    """
    tokenizer = foundation.tokenizer
    stops = Stops.of(foundation.model, tokenizer, max_answer_tokens)
    texts = [task.prompt.fill(task.item.source, direction) for task in tasks]
    encoded = {text: tuple(prompt_ids(tokenizer, text)) for text in set(texts)}
    requests = [Request(encoded[text], tuple(task.prior.ids)) for text, task in zip(texts, tasks, strict=True)]
    answers = decode(foundation.model, requests, stops, batch_rows, done)
    outputs = []
    for task, answer in zip(tasks, answers, strict=True):
        ids = [*task.prior.ids, *answer.new_ids]
        outputs.append(
            Output(
                item=task.item.id,
                model=foundation.name,
                prompt=task.prompt.name,
                **asdict(task.prior.system),
                prior_ids=list(task.prior.ids),
                new_ids=list(answer.new_ids),
                raw=tokenizer.decode(ids, clean_up_tokenization_spaces=False),
                text=answer_text(stops.text(ids)),
                continuation=answer_text(stops.text(answer.new_ids)),
                stop=answer.stop,
                new_tokens=len(answer.new_ids),
            )
        )
    return outputs
