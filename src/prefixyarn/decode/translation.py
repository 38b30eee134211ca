"""Decoding items and turning answers into output records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial

from transformers import PreTrainedModel

from prefixyarn.decode.batch import Request
from prefixyarn.decode.engine import Limits, decode
from prefixyarn.decode.journal import Journal
from prefixyarn.decode.stops import Stops, answer_text
from prefixyarn.languages import Direction
from prefixyarn.models.tokenizer import prompt_ids
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, Output, Prior


@dataclass(frozen=True)
class Task:
    """One answer to decode: an item under a prompt, its answer begun with a prior."""

    item: Item
    prompt: Prompt
    prior: Prior


def decode_tasks(
    model: PreTrainedModel,
    stops: Stops,
    tasks: Sequence[Task],
    direction: Direction,
    limits: Limits,
    done: Callable[[int], None] = lambda n: None,
    journal: Journal | None = None,
    model_id: str = "",
) -> list[Output]:
    """Decode tasks of one direction with one model.

    Args:
        model: The foundation, or the SFT model.
        stops: The stop rule, with the tokenizer of both.
        tasks: What to decode.
        direction: The tasks' direction.
        limits: Memory and rows.
        done: Called with the number of answers just finished.
        journal: Where answers are kept as they come, and taken from where they are known.
        model_id: What identifies the model's weights, in the journal.

    Returns:
        An output per task, in their order. A language tag belongs to the prompt rather than to the answer: it is no
        part of its text, and a line break right after it ends nothing.
    """
    tokenizer = stops.tokenizer
    texts = [task.prompt.fill(task.item.source, direction) for task in tasks]
    encoded = {text: tuple(prompt_ids(tokenizer, text)) for text in set(texts)}
    requests = [_request(encoded[text], task.prior) for text, task in zip(texts, tasks, strict=True)]
    if journal:
        known, found = partial(journal.get, model_id), partial(journal.add, model_id)
        answers = decode(model, requests, stops, limits, done, known, found)
    else:
        answers = decode(model, requests, stops, limits, done)
    outputs = []
    for task, answer in zip(tasks, answers, strict=True):
        ids = [*task.prior.ids, *answer.new_ids]
        continuation = answer_text(stops.text(answer.new_ids))
        outputs.append(
            Output(
                item=task.item.id,
                **asdict(task.prior.system),
                prior_ids=list(task.prior.ids),
                new_ids=list(answer.new_ids),
                raw=tokenizer.decode(ids, clean_up_tokenization_spaces=False),
                text=continuation if task.prior.kind == "language-tag" else answer_text(stops.text(ids)),
                continuation=continuation,
                stop=answer.stop,
                new_tokens=len(answer.new_ids),
            )
        )
    return outputs


def _request(prompt: tuple[int, ...], prior: Prior) -> Request:
    ids = tuple(prior.ids)
    return Request(prompt + ids) if prior.kind == "language-tag" else Request(prompt, ids)
