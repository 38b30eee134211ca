"""An opened model that answers one's own texts, with priors and without."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from prefixyarn.data.text_lines import visible
from prefixyarn.decode.backend import MODELS, Request
from prefixyarn.decode.builtin import Builtin
from prefixyarn.decode.questions import Question
from prefixyarn.decode.session import Session
from prefixyarn.errors import InputError
from prefixyarn.languages import Direction, language
from prefixyarn.metrics.language_id import LanguageDetector
from prefixyarn.models.foundation import DTYPES, positions
from prefixyarn.models.manifest import identity
from prefixyarn.models.tokenizer import answer_ids, changes_case, prompt_ids
from prefixyarn.own_text.answer import Answer
from prefixyarn.own_text.arguments import count_of, name_of, text_of, texts_of
from prefixyarn.own_text.find_model import DEFAULT, as_given, find_model
from prefixyarn.own_text.priors import Asked, Dictionary, Nothing, Own, PriorSource, Text, check_source
from prefixyarn.own_text.room import free_mb
from prefixyarn.own_text.run_files import RunFiles
from prefixyarn.own_text.turns import in_turn
from prefixyarn.priors.build import build_priors, encoder, material_of
from prefixyarn.priors.registry import TAGS, answers_of
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, Output, Prior
from prefixyarn.tasks.tagging.silver.tokens import tokenized
from prefixyarn.tasks.task import task_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

# By task: the template that the default run chose on dev for the default model, and the limit of an answer in tokens.
PROMPTS = {
    "translation": Prompt("native-labels", "{source_native}: {source}\n{target_native}:"),
    "summarization": Prompt("summary", "{source}\n\nSummary of this text in one line, in {target_language}:"),
    "tagging": Prompt("tagged", "Sentence: {source}\nTagged:"),
}
MAX_TOKENS = {"translation": 128, "summarization": 64}  # in tagging it follows from the words
BEST = "best"
# What a prior can be called, beside ``text:…``.
PRIORS = (BEST, "none", "own", "first", "likeliest", "refined")


def load(
    model: str | os.PathLike[str] | None = None,
    *,
    task: str = "translation",
    run: str | os.PathLike[str] | None = None,
    dictionary: str | os.PathLike[str] | None = None,
    prompt: str | None = None,
    dtype: str | None = None,
) -> Model:
    """Open a model for one's own texts.

    Args:
        model: A model's folder; ``owner/name`` of the Hugging Face hub; ``default``, the default run's model. Without
            it, the run's foundation, or else the default one.
        task: ``translation``, ``summarization`` or ``tagging``.
        run: A run of the workflow, by name or folder: its prompt, dictionaries, refined model and SFT model are used.
        dictionary: A dictionary file, or a folder of files named ``en-de.txt``; see `Dictionary`.
        prompt: A template with ``{source}`` and other placeholders (config/README.md); by default the run's, or one
            that suits small base models.
        dtype: ``float32``, ``bfloat16`` or ``float16``; by default ``float32`` on a CPU and ``bfloat16`` on a GPU.

    Raises:
        InputError: The model, the run, the task or the template cannot be used; it says why.
    """
    import torch

    for name, value in {"model": model, "run": run, "dictionary": dictionary}.items():
        name_of(value, name)
    for name, value in {"prompt": prompt, "dtype": dtype, "task": task}.items():
        name_of(value, name, path=False)
    if dtype and dtype not in DTYPES:
        raise InputError(f"dtype {dtype!r}: expected one of {', '.join(DTYPES)}")
    if task not in PROMPTS:
        raise InputError(f"task {task!r}: expected one of {', '.join(PROMPTS)}")
    files = RunFiles.find(run, task) if run else None
    folder, found = find_model(model or (files.foundation if files else DEFAULT))
    dtype = dtype or ("bfloat16" if torch.cuda.is_available() else "float32")
    with as_given(model or folder, folder):
        backend = Builtin.open(folder, found, dtype, free_mb(), files.sft_of(identity(folder)) if files else None, {})
    if changes_case(backend.tokenizer):
        logging.warning("%s: its tokenizer takes capitals for small letters, in texts, priors and answers", found)
    template = PROMPTS[task]
    if prompt:
        template = Prompt("own", prompt)
    elif files:
        template = files.prompt(backend.tokenizer.backend_tokenizer)
    return Model(backend, task, template, files, Dictionary(dictionary) if dictionary else None)


class Model:
    """An opened model. `load` makes it. Several threads may use one: they take turns.

    Attributes:
        lock: Held by the thread whose turn it is.
        backend: What decodes.
        task: The task.
        prompt: The template that texts are put into.
        run: The run whose things it uses, if any.
        dictionary: The dictionary, if one was given.
    """

    def __init__(
        self,
        backend: Builtin,
        task: str,
        prompt: Prompt,
        run: RunFiles | None = None,
        dictionary: Dictionary | None = None,
    ) -> None:
        """Take an opened back end; see `load`."""
        self.backend, self.task, self.prompt, self.run, self.dictionary = backend, task, prompt, run, dictionary
        self.lock = threading.RLock()
        self._detectors: dict[str, LanguageDetector] = {}

    @property
    def name(self) -> str:
        """The model's name."""
        return self.backend.foundation.name

    @property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """The model's tokenizer."""
        return self.backend.tokenizer

    def _detector(self, subset: str) -> LanguageDetector:
        """Return language identification among a direction's languages and their neighbours: all take six seconds."""
        return self._detectors.setdefault(subset, LanguageDetector(subset.split("-")))

    @in_turn
    def answer(
        self,
        texts: str | Sequence[str],
        *,
        source: str = "en",
        target: str = "de",
        prior: str | PriorSource = BEST,
        k: int = 2,
        model: str = "foundation",
        max_tokens: int | None = None,
        journal: str | os.PathLike[str] | None = None,
        done: Callable[[int], None] = lambda n: None,
    ) -> list[Answer]:
        """Answer texts, side by side.

        Args:
            texts: The texts, or one.
            source: ISO 639-1 code of their language.
            target: That of the answers' language; tagging has none.
            prior: How answers begin: a name of `PRIORS`, ``text:`` with a text, or a source of priors. ``best`` is the
                best that the given material allows, see `source_of`.
            k: How many tokens of a prior are given; in tagging, how many tagged words. A text of one's own is given
                whole. Texts of which a dictionary has no word get the model's own opening.
            model: ``foundation``; or ``sft``, the SFT model of the run.
            max_tokens: Limit on prior and continuation together; see `MAX_TOKENS`.
            journal: File where answers are kept as they come, and from which a call that was ended goes on.
            done: Called with the number of answers just finished.

        Returns:
            An answer a text, in their order; an empty one to a text in which nothing can be seen, so that the lines of
            a file and of its answers stay side by side. In fp32 an answer does not depend on the others.

        Raises:
            InputError: The one text is empty; a text is none, or too long for the model; a language is unknown; a prior
                cannot be had, or is longer than the limit; a number is none of at least 1.
        """
        name_of(journal, "journal")
        subset, k = self.subset(source, target), count_of(k, "k")
        alone, texts = isinstance(texts, str), texts_of(texts, "text")
        if alone:
            self._checked(texts[0])
        items = self._items(texts, subset)
        done(len(texts) - len(items))
        if not items:
            return [Answer.to_nothing() for _ in texts]
        limit = self._limit(items, max_tokens)
        self._check_lengths(items, subset, limit)
        self._check_model(model)
        chosen = self.source_of(prior, subset)
        with Session(self.backend, limit, journal) as session:
            priors = self._priors(session, items, subset, chosen, k)
            if longest := max((len(own.ids) for own in priors if len(own.ids) > limit), default=0):
                raise InputError(
                    f"a prior of {longest} tokens is longer than the limit of {limit} tokens for an answer"
                )
            questions = [
                Question(item, self.prompt, replace(own, model=model)) for item, own in zip(items, priors, strict=True)
            ]
            outputs = session.answer({subset: questions}, task_of(self.task), done)[subset]
        found = {int(item.id): self._answer(subset, item, own) for item, own in zip(items, outputs, strict=True)}
        return [found.get(n) or Answer.to_nothing() for n in range(1, len(texts) + 1)]

    def source_of(self, prior: str | PriorSource, subset: str) -> PriorSource:
        """Return the source of a prior, by its name; of ``best``, the first of these that is there.

        A refined model that was trained on the direction, the dictionary's word that the model finds likeliest, the
        model's own opening. In tagging: a refined model, or none.

        Args:
            prior: See `answer`; a source is returned as it is.
            subset: A direction, as in ``en-de``; in tagging a language.

        Raises:
            InputError: It is no name of a prior, or cannot be had from what is given.
        """
        if not isinstance(prior, str):
            return check_source(prior)
        if prior.startswith("text:"):
            return Text(text_of(prior, "prior").removeprefix("text:"))
        if prior not in PRIORS:
            raise InputError(f"prior {prior!r}: expected one of {', '.join(PRIORS)}, or text:… with a text")
        there = self.sources(subset)
        if prior == BEST:
            return next((there[name] for name in ("refined", "likeliest", "own") if name in there), Nothing())
        if prior not in there:
            if prior in ("first", "likeliest") and self.dictionary:
                self.dictionary.read(subset)  # says what a folder has instead
            needs = {
                "refined": "a run with a refined model that was trained on it",
                "own": "a task with answers in text",
            }
            raise InputError(
                f"prior {prior!r} for {subset}: needs {needs.get(prior, 'a dictionary, or a run that has one')}"
            )
        return there[prior]

    def sources(self, subset: str) -> dict[str, PriorSource]:
        """Return, by name, the sources of priors that there are for a direction, or a language in tagging."""
        found: dict[str, PriorSource] = {"none": Nothing()}
        if answers_of(self.task) != TAGS:
            found["own"] = Own()
            dictionary = self.dictionary or (self.run and self.run.dictionary(subset))
            if dictionary and dictionary.has(subset):
                entries = dictionary.read(subset)
                found["first"], found["likeliest"] = Dictionary(entries, "first"), Dictionary(entries)
        if refined := self.run and self.run.refined(subset):
            found["refined"] = refined
        return found

    @in_turn
    def likelihood(
        self,
        texts: str | Sequence[str],
        answers: str | Sequence[str],
        *,
        source: str = "en",
        target: str = "de",
        model: str = "foundation",
    ) -> list[list[float]]:
        """Return, for each text, the log-probability in nats of each token of a given answer to it.

        One text and one answer may be given as they are; there is a list of one list then.

        Args:
            texts: The texts.
            answers: An answer to each.
            source: See `answer`.
            target: See `answer`.
            model: See `answer`.
        """
        texts, answers = texts_of(texts, "text"), texts_of(answers, "answer")
        if len(texts) != len(answers):
            raise InputError(f"{len(answers)} answers to {len(texts)} texts; give one to each")
        self._check_model(model)
        subset = self.subset(source, target)
        items = self._items([self._checked(text, n) for n, text in enumerate(texts, 1)], subset)
        filled = [self.prompt.fill(item.source, Direction.parse(subset)) for item in items]
        join = self.prompt.join(Direction.parse(subset))
        requests = [
            Request(tuple(prompt_ids(self.tokenizer, text)), tuple(answer_ids(self.tokenizer, text, join, answer)))
            for text, answer in zip(filled, answers, strict=True)
        ]
        found = self.backend.likelihoods(model, requests, lambda n: None)
        return [found[request] for request in requests]

    def _check_model(self, model: str) -> None:
        if model not in MODELS:
            raise InputError(f"model {model!r}: expected one of {', '.join(MODELS)}")
        if model == "sft" and self.backend.sft is None:
            raise InputError("the SFT model: none is loaded. Give a run that has trained one for this model and task")

    def subset(self, source: str, target: str) -> str:
        """Return the subset that texts are answered in: a direction, or in tagging the language of the texts."""
        if self.task == "tagging":
            return language(source).code
        codes = language(source).code, language(target).code
        if codes[0] == codes[1]:
            raise InputError(f"from {source!r} to {target!r}: expected two different languages")
        return "-".join(codes)

    @in_turn
    def check(
        self, texts: Sequence[str], *, source: str = "en", target: str = "de", max_tokens: int | None = None
    ) -> dict[int, int]:
        """Check that texts can be answered; see `answer`, which does so itself.

        Returns:
            By a text's number, from 1, how many tokens it is with its prompt; texts without anything are left out.

        Raises:
            InputError: As `answer`, or there is no text in which anything can be seen.
        """
        subset = self.subset(source, target)
        if not (items := self._items(texts_of(texts, "text"), subset)):
            raise InputError("no text: each of them is empty. Give at least one")
        return self._check_lengths(items, subset, self._limit(items, max_tokens))

    def _checked(self, text: str, number: int = 1) -> str:
        if not visible(text):
            raise InputError(f"text {number}: empty. Give one, or remove it")
        return text

    def _items(self, texts: Sequence[str], subset: str) -> list[Item]:
        """Return the texts as items, each with its number as id; those in which nothing can be seen are left out."""
        if not texts:
            raise InputError("no text: give at least one")
        if self.task == "tagging":
            texts = [" ".join(tokenized(text, subset)) for text in texts]
        return [Item(str(n), text.strip(), "") for n, text in enumerate(texts, 1) if visible(text)]

    def _limit(self, items: Sequence[Item], asked: int | None) -> int:
        """Return the limit of answers in tokens: what is asked for, the task's, or what the longest tagging takes."""
        if asked is not None:
            return count_of(asked, "max_tokens")
        if self.task in MAX_TOKENS:
            return MAX_TOKENS[self.task]
        encode = self.tokenizer.backend_tokenizer
        known = [own for item in items if (own := task_of(self.task).constraint(item, encode))]
        return max(sum(map(len, own.pieces)) + len(own.pieces) * max(map(len, own.choices)) for own in known)

    def _check_lengths(self, items: Sequence[Item], subset: str, limit: int) -> dict[int, int]:
        most, lengths = positions(self.backend.foundation.model.config), {}
        for item in items:
            own = len(prompt_ids(self.tokenizer, self.prompt.fill(item.source, Direction.parse(subset))))
            if most and own + limit > most:
                raise InputError(
                    f"text {item.id}: {own + limit} tokens with prompt and answer, but the model reads {most} at most. "
                    "Divide the text, or lower the limit of the answer"
                )
            lengths[int(item.id)] = own
        return lengths

    def _priors(self, session: Session, items: Sequence[Item], subset: str, source: PriorSource, k: int) -> list[Prior]:
        """Return a prior a text; of texts that a dictionary has no word of, the model's own opening."""
        if not isinstance(source, Dictionary):
            return self._of_source(session, items, subset, source, k)
        if not isinstance(source.entries, Mapping):
            source = replace(source, entries=source.read(subset))  # read once
        known = source.known(items, subset)
        ids = {item.id for item in known}
        others = [item for item in items if item.id not in ids]
        found = [
            prior
            for own, of in ((known, source), (others, Own()))
            if own
            for prior in self._of_source(session, own, subset, of, k)
        ]
        return sorted(found, key=lambda prior: int(prior.item))

    def _of_source(
        self, session: Session, items: Sequence[Item], subset: str, source: PriorSource, k: int
    ) -> list[Prior]:
        prompt, tokenizer, direction = self.prompt, self.tokenizer, Direction.parse(subset)
        encode = encoder(tokenizer, prompt.join(direction))
        asked = Asked(session, items, subset, prompt, encode, self._detector(subset))
        material = source.add(material_of(tokenizer, encode, prompt, direction), asked)
        system = source.system(k, "tag" if self.task == "tagging" else "token")
        constraint = task_of(self.task).constraint
        return build_priors(
            items,
            [system],
            {"zero-shot": prompt},
            tokenizer,
            encode,
            material,
            {item.id: constraint(item, tokenizer.backend_tokenizer) for item in items},
        )

    def _answer(self, subset: str, item: Item, output: Output) -> Answer:
        return Answer(
            source=item.source,
            text=output.text,
            prior=output.prior,
            continuation=output.continuation,
            kind=output.kind,
            prior_ids=output.prior_ids,
            new_ids=output.new_ids,
            language=None if self.task == "tagging" else self._detector(subset).detect(output.continuation),
            stop=output.stop,
        )
