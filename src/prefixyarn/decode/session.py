"""A session: a model opened once, with its SFT model, stop rule, limits and journal. It answers questions."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING

from prefixyarn.decode.backend import BACKENDS, MODELS, Answer, Backend, Request
from prefixyarn.decode.constraint import Constraint, Ids
from prefixyarn.decode.journal import Journal
from prefixyarn.decode.questions import Question
from prefixyarn.decode.stops import Stops, answer_text
from prefixyarn.languages import Direction
from prefixyarn.records import Output, Prior
from prefixyarn.tasks.task import FREE, Task

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from prefixyarn.models.foundation import Foundation
    from prefixyarn.models.sft.adapter import SftModel


def _ignored(n: int) -> None:
    """Tell nobody of progress."""


class Session:
    """An opened model that answers questions. Use it as a context: its journal is locked, and closed at the end."""

    def __init__(self, backend: Backend, max_answer_tokens: int, journal: str | os.PathLike[str] | None = None) -> None:
        """Begin a session with a back end that holds a model; see `open`."""
        self.backend, self._max_answer_tokens = backend, max_answer_tokens
        self._journal = Journal(journal, dict(backend.settings), max_answer_tokens, backend.tokens) if journal else None

    @classmethod
    def open(
        cls,
        folder: str | os.PathLike[str],
        name: str,
        dtype: str,
        max_answer_tokens: int,
        memory_mb: int,
        sft: str | os.PathLike[str] | None = None,
        journal: str | os.PathLike[str] | None = None,
        backend: str = "builtin",
        engine: Mapping[str, bool] | None = None,
    ) -> Session:
        """Open a foundation.

        Args:
            folder: The foundation's folder.
            name: Its name in the config.
            dtype: ``float32``, ``bfloat16`` or ``float16``.
            max_answer_tokens: Limit on prior and continuation together.
            memory_mb: What the job may use in all.
            sft: The manifest of its SFT model.
            journal: File where answers are kept as they come, and taken from where they are known. Memory is no part of
                what identifies an answer, although in half precision the batch decides on outputs, too: a job that is
                tried again with more memory resumes from what it has.
            backend: What decodes, of `prefixyarn.decode.backend.BACKENDS`.
            engine: Its parts, as the config's ``engine`` turns them on and off.
        """
        return cls(BACKENDS[backend](folder, name, dtype, memory_mb, sft, engine or {}), max_answer_tokens, journal)

    def __enter__(self) -> Session:
        """Return the session."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the journal."""
        if self._journal:
            self._journal.close()

    @property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """The models' tokenizer."""
        return self.backend.tokenizer

    @functools.cached_property
    def stops(self) -> Stops:
        """The stop rule."""
        return self.backend.stops(self._max_answer_tokens)

    @property
    def foundation(self) -> Foundation:
        """The loaded foundation, for what looks into it or trains it. The built-in back end alone has it."""
        found: Foundation = self.backend.foundation  # type: ignore[attr-defined]
        return found

    @property
    def sft(self) -> SftModel:
        """The loaded SFT model, for what looks into it. The built-in back end alone has it."""
        found: SftModel = self.backend.sft  # type: ignore[attr-defined]
        return found

    def answer(
        self, questions: Mapping[str, Sequence[Question]], task: Task, done: Callable[[int], None] = _ignored
    ) -> dict[str, list[Output]]:
        """Answer questions, those of all subsets side by side; first the foundation's, then the SFT model's.

        Args:
            questions: What to decode, by subset.
            task: How the task is answered; answers of the variant ``free`` keep to no constraint.
            done: Called with the number of answers just finished.

        Returns:
            By subset, an output per question, in their order. A language tag belongs to the prompt rather than to the
            answer: it is not part of its text, and a line break right after it ends nothing.
        """
        asked = list(self._requests(questions, task))
        answers: dict[int, Answer] = {}
        for model in MODELS:
            places = [place for place, (question, _) in enumerate(asked) if question.prior.model == model]
            if places:
                found = self._answers(model, [asked[place][1] for place in places], done)
                answers |= zip(places, found, strict=True)
        in_order = iter(range(len(asked)))
        return {subset: [self._output(q, answers[next(in_order)]) for q in own] for subset, own in questions.items()}

    def _requests(self, questions: Mapping[str, Sequence[Question]], task: Task) -> Iterator[tuple[Question, Request]]:
        from prefixyarn.models.tokenizer import prompt_ids  # transformers

        for subset, own in questions.items():
            texts = [q.prompt.fill(q.item.source, Direction.parse(subset)) for q in own]
            encoded = {text: tuple(prompt_ids(self.tokenizer, text)) for text in set(texts)}
            items = {q.item.id: q.item for q in own}  # each asked under many systems
            own_tokenizer = self.tokenizer.backend_tokenizer
            constraints = {name: task.constraint(item, own_tokenizer) for name, item in items.items()}
            for text, question in zip(texts, own, strict=True):
                yield question, _request(encoded[text], question.prior, constraints[question.item.id])

    def _answers(
        self, model: str, requests: Sequence[Request], done: Callable[[int], None], stops: Stops | None = None
    ) -> list[Answer]:
        stops = stops or self.stops
        # The journal's answers are by the session's own limit.
        if self._journal is None or stops.max_answer_tokens != self._max_answer_tokens:
            return self.backend.answers(model, requests, stops, done, lambda request: None, lambda *found: None)
        weights = self.backend.identity(model)
        known, found = partial(self._journal.get, weights), partial(self._journal.add, weights)
        return self.backend.answers(model, requests, stops, done, known, found)

    def _output(self, question: Question, answer: Answer) -> Output:
        ids = [*question.prior.ids, *answer.new_ids]
        continuation = answer_text(self.stops.text(answer.new_ids))
        return Output(
            item=question.item.id,
            **asdict(question.prior.system),
            prior_ids=list(question.prior.ids),
            new_ids=list(answer.new_ids),
            raw=self.tokenizer.decode(ids, clean_up_tokenization_spaces=False),
            text=continuation if question.prior.kind == "language-tag" else answer_text(self.stops.text(ids)),
            continuation=continuation,
            stop=answer.stop,
            new_tokens=len(answer.new_ids),
        )

    def likelihoods(
        self, model: str, requests: Sequence[Request], done: Callable[[int], None] = _ignored
    ) -> dict[Request, list[float]]:
        """Return the log-probability in nats of each token to be scored, given the prompt and the tokens before it.

        Args:
            model: Of `prefixyarn.decode.backend.MODELS`.
            requests: Prompts with the text to score as prior.
            done: Called with the number of requests just finished; equal ones count once.
        """
        return self.backend.likelihoods(model, requests, done)

    def likeliest(
        self, prompts: Sequence[Ids], candidates: Sequence[Sequence[Ids]], done: Callable[[int], None] = _ignored
    ) -> list[int]:
        """Return, for each prompt, which candidate the foundation finds likeliest as the start of the answer.

        The likelihood of a candidate is the product of its tokens' probabilities: that the answer begins with it.

        Args:
            prompts: Prompts as token ids.
            candidates: For each prompt at least one candidate of at least one token.
            done: Called with the number of candidates just finished; equal ones count once.

        Returns:
            An index into each prompt's candidates; of equals, the first.
        """
        asked = [[Request(prompt, ids) for ids in own] for prompt, own in zip(prompts, candidates, strict=True)]
        scores = self.backend.likelihoods("foundation", [request for own in asked for request in own], done)
        totals = [[sum(scores[request]) for request in own] for own in asked]
        return [own.index(max(own)) for own in totals]

    def first_tokens(self, prompts: Sequence[Ids], n: int) -> list[list[int]]:
        """Return, for each prompt, the n tokens that the foundation finds likeliest as an answer's first, in order."""
        found = self.backend.first_tokens(prompts, n)
        return [found[prompt] for prompt in prompts]

    def continued(
        self, begun: Sequence[tuple[Ids, Ids]], tokens: int, done: Callable[[int], None] = _ignored
    ) -> list[Ids]:
        """Return what the foundation adds to beginnings of answers, by the stop rule, at most so many tokens.

        Args:
            begun: Prompts with the beginnings of their answers, all of the same length, as token ids.
            tokens: Most tokens to add. Where the whole is the session's limit, its journal has them.
            done: Called with the number of beginnings just finished.
        """
        if not begun:
            return []
        stops = replace(self.stops, max_answer_tokens=len(begun[0][1]) + tokens)
        requests = [Request(prompt, ids) for prompt, ids in begun]
        return [answer.new_ids for answer in self._answers("foundation", requests, done, stops)]


def _request(prompt: Ids, prior: Prior, constraint: Constraint | None) -> Request:
    ids = tuple(prior.ids)
    if prior.kind == "language-tag":
        return Request(prompt + ids)
    return Request(prompt, ids, None if prior.variant == FREE else constraint)
