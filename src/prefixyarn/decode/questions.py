"""Questions, that is items under a prompt with a prior; decoding them, and turning answers into output records."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial

from tokenizers import Tokenizer
from transformers import PreTrainedModel

from prefixyarn.decode.batch import Request
from prefixyarn.decode.engine import Answer, Limits, decode
from prefixyarn.decode.forms import Form
from prefixyarn.decode.journal import Journal
from prefixyarn.decode.stops import Stops, answer_text
from prefixyarn.languages import Direction
from prefixyarn.models.tokenizer import prompt_ids
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, Output, Prior
from prefixyarn.tasks.answering import free_text

FREE = "free"  # variant of systems that answer in free text where their task has a form


@dataclass(frozen=True)
class Question:
    """One answer to decode: an item under a prompt, its answer begun with a prior."""

    item: Item
    prompt: Prompt
    prior: Prior


def decode_questions(
    model: PreTrainedModel,
    stops: Stops,
    questions: Mapping[str, Sequence[Question]],
    limits: Limits,
    done: Callable[[int], None] = lambda n: None,
    journal: str | os.PathLike[str] | None = None,
    model_id: str = "",
    form: Callable[[Item, Tokenizer], Form | None] = free_text,
) -> dict[str, list[Output]]:
    """Decode questions with one model, those of all units side by side.

    Args:
        model: The foundation, or the SFT model.
        stops: The stop rule, with the tokenizer of both.
        questions: What to decode, by unit.
        limits: Memory and rows.
        done: Called with the number of answers just finished.
        journal: File where answers are kept as they come, and taken from where they are known. Memory is no part of
            what identifies an answer, although in half precision the batch decides on outputs, too: a job that is
            tried again with more goes on from what it has.
        model_id: What identifies the model's weights, in the journal.
        form: The task's; answers of the variant ``free`` keep to none.

    Returns:
        By unit, an output per question, in their order. A language tag belongs to the prompt rather than to the answer:
        it is no part of its text, and a line break right after it ends nothing.
    """
    tokenizer = stops.tokenizer
    requests = []
    for unit, own in questions.items():
        texts = [q.prompt.fill(q.item.source, Direction.parse(unit)) for q in own]
        encoded = {text: tuple(prompt_ids(tokenizer, text)) for text in set(texts)}
        items = {q.item.id: q.item for q in own}  # each asked under many systems
        forms = {name: form(item, tokenizer.backend_tokenizer) for name, item in items.items()}
        requests += [_request(encoded[text], q.prior, forms[q.item.id]) for text, q in zip(texts, own, strict=True)]
    if journal:
        with Journal(journal, {"dtype": str(model.dtype), "limit": stops.max_answer_tokens}) as kept:
            known, found = partial(kept.get, model_id), partial(kept.add, model_id)
            answers = decode(model, requests, stops, limits, done, known, found)
    else:
        answers = decode(model, requests, stops, limits, done)
    in_order = iter(answers)
    return {unit: [_output(question, next(in_order), stops) for question in own] for unit, own in questions.items()}


def _output(question: Question, answer: Answer, stops: Stops) -> Output:
    ids = [*question.prior.ids, *answer.new_ids]
    continuation = answer_text(stops.text(answer.new_ids))
    return Output(
        item=question.item.id,
        **asdict(question.prior.system),
        prior_ids=list(question.prior.ids),
        new_ids=list(answer.new_ids),
        raw=stops.tokenizer.decode(ids, clean_up_tokenization_spaces=False),
        text=continuation if question.prior.kind == "language-tag" else answer_text(stops.text(ids)),
        continuation=continuation,
        stop=answer.stop,
        new_tokens=len(answer.new_ids),
    )


def _request(prompt: tuple[int, ...], prior: Prior, form: Form | None) -> Request:
    ids = tuple(prior.ids)
    if prior.kind == "language-tag":
        return Request(prompt + ids)
    return Request(prompt, ids, None if prior.variant == FREE else form)
