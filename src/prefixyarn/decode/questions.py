"""Questions, that is items under a prompt with a prior; decoding them, and turning answers into output records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial

from tokenizers import Tokenizer
from transformers import PreTrainedModel

from prefixyarn.decode.batch import Request
from prefixyarn.decode.engine import Limits, decode
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
    questions: Sequence[Question],
    direction: Direction,
    limits: Limits,
    done: Callable[[int], None] = lambda n: None,
    journal: Journal | None = None,
    model_id: str = "",
    form: Callable[[Item, Tokenizer], Form | None] = free_text,
) -> list[Output]:
    """Decode questions of one unit with one model.

    Args:
        model: The foundation, or the SFT model.
        stops: The stop rule, with the tokenizer of both.
        questions: What to decode.
        direction: The unit's direction.
        limits: Memory and rows.
        done: Called with the number of answers just finished.
        journal: Where answers are kept as they come, and taken from where they are known.
        model_id: What identifies the model's weights, in the journal.
        form: The task's; answers of the variant ``free`` keep to none.

    Returns:
        An output per question, in their order. A language tag belongs to the prompt rather than to the answer: it is no
        part of its text, and a line break right after it ends nothing.
    """
    tokenizer = stops.tokenizer
    texts = [q.prompt.fill(q.item.source, direction) for q in questions]
    encoded = {text: tuple(prompt_ids(tokenizer, text)) for text in set(texts)}
    items = {q.item.id: q.item for q in questions}  # each asked under many systems
    forms = {name: form(item, tokenizer.backend_tokenizer) for name, item in items.items()}
    requests = [_request(encoded[text], q.prior, forms[q.item.id]) for text, q in zip(texts, questions, strict=True)]
    if journal:
        known, found = partial(journal.get, model_id), partial(journal.add, model_id)
        answers = decode(model, requests, stops, limits, done, known, found)
    else:
        answers = decode(model, requests, stops, limits, done)
    outputs = []
    for question, answer in zip(questions, answers, strict=True):
        ids = [*question.prior.ids, *answer.new_ids]
        continuation = answer_text(stops.text(answer.new_ids))
        outputs.append(
            Output(
                item=question.item.id,
                **asdict(question.prior.system),
                prior_ids=list(question.prior.ids),
                new_ids=list(answer.new_ids),
                raw=tokenizer.decode(ids, clean_up_tokenization_spaces=False),
                text=continuation if question.prior.kind == "language-tag" else answer_text(stops.text(ids)),
                continuation=continuation,
                stop=answer.stop,
                new_tokens=len(answer.new_ids),
            )
        )
    return outputs


def _request(prompt: tuple[int, ...], prior: Prior, form: Form | None) -> Request:
    ids = tuple(prior.ids)
    if prior.kind == "language-tag":
        return Request(prompt + ids)
    return Request(prompt, ids, None if prior.variant == FREE else form)
