"""What the explorer shows: a run's items and answers, with their scores, as records that become one JSON document.

The browser decodes it. So that it stays small, texts stand once in a list, and everything names them by their index.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from prefixyarn.analysis.agreement import SFT_ANSWER, Step
from prefixyarn.analysis.agreement.table import MARGINAL
from prefixyarn.errors import InputError
from prefixyarn.languages import LANGUAGES, Direction, language
from prefixyarn.metrics.metric import Metric
from prefixyarn.metrics.subsets import DOMAINS, SubsetScores, read_scores
from prefixyarn.records import AGAIN, Item, Output, Prediction, System, read_records, read_subsets
from prefixyarn.systems import shown_units
from prefixyarn.tables.render import prior_cell
from prefixyarn.tables.rows import read_rows
from prefixyarn.tasks.scoring import all_answers, scores

MOST_ANSWERS = 40_000  # in one page: about 10 MB, which a browser opens in a second
RIGHT_TO_LEFT = ("Arab", "Hebr")  # scripts
MODELS = {"foundation": "", "sft": "SFT model", "refined": "refined model"}


@dataclass(frozen=True)
class TaskFiles:
    """The files of one task, as its rule has them.

    Attributes:
        task: The task's name.
        subsets: Its subsets.
        test: Test items, a file a subset.
        out_of_domain: Items of the other domain, likewise.
        train: Training items, likewise.
        outputs: By foundation its answers, a file a subset.
        tuned: By foundation the answers of its SFT models: files of several subsets.
        refined: What the refined model says of all subsets; None without one.
        scores: By foundation the scores of all subsets.
        steps: By foundation the agreement analysis, by subset; empty without it.
    """

    task: str
    subsets: Sequence[str]
    test: Sequence[Path]
    out_of_domain: Sequence[Path]
    train: Sequence[Path]
    outputs: Mapping[str, Sequence[Path]]
    tuned: Mapping[str, Sequence[Path]]
    refined: Path | None
    scores: Mapping[str, Path]
    steps: Mapping[str, Mapping[str, Path]]


class Answer(NamedTuple):
    """What one system answered; in JSON an array.

    Attributes:
        system: Index of the system.
        prior: Index of the prior's text in the answer; that of the empty text without one.
        rest: Index of the text that the model added, with the space before it.
        score: The sentence's score by the task's first metric.
        off_target: Whether the model added another language than the target's; None where that cannot be told.
        stop: Index of the reason why decoding ended; see `Output`.
    """

    system: int
    prior: int
    rest: int
    score: float
    off_target: bool | None
    stop: int


class Token(NamedTuple):
    """A token of the SFT model's answer; in JSON an array.

    Attributes:
        text: Its text.
        rank: Its rank, from 1, in the foundation's distribution.
        likeliest: The foundation's likeliest tokens there: pairs of text and probability.
    """

    text: str
    rank: int
    likeliest: list[list[Any]]


@dataclass(frozen=True)
class Shown:
    """An item.

    Attributes:
        subset: Index of its subset.
        domain: Its domain, of `DOMAINS`.
        id: Its id.
        source: Index of its source text.
        reference: Index of its reference.
        answers: What the systems answered, in the order of tables.
        tokens: By the foundation's index the tokens of its SFT model's answer, where the agreement analysis read it.
    """

    subset: int
    domain: str
    id: str
    source: int
    reference: int
    answers: list[Answer]
    tokens: dict[int, list[Token]]


@dataclass(frozen=True)
class Explorer:
    """All that the page shows.

    Attributes:
        run: The run's name.
        foundations: Names and labels.
        tasks: By name the title of the metric by which its answers are scored.
        subsets: Task, name, and the codes of the languages that sources and references are written in.
        systems: Index of the foundation, label, and the fields of `System`.
        languages: By code a language's name and its writing direction, as HTML names it.
        marginal: The last rank of a marginal token.
        texts: All texts, each once.
        items: The items.
        left_out: How many items are left out, since there would be too many answers.
    """

    run: str
    foundations: list[dict[str, str]]
    tasks: dict[str, str]
    subsets: list[dict[str, str]]
    systems: list[dict[str, Any]]
    languages: dict[str, dict[str, str]]
    marginal: int
    texts: list[str]
    items: list[Shown]
    left_out: int


def explore(run: str, foundations: Mapping[str, str], tasks: Sequence[TaskFiles], most: int = MOST_ANSWERS) -> Explorer:
    """Return what the explorer shows of a run.

    Args:
        run: Its name.
        foundations: Its foundations' labels, by name.
        tasks: The files of its tasks.
        most: Of how many answers at most; beyond that each subset keeps its first items, as many as all others.

    Raises:
        InputError: A system that was scored has no answer to an item.
    """
    scored = {own.task: {name: read_scores(path, own.subsets) for name, path in own.scores.items()} for own in tasks}
    kept = _items_kept([found for own in scored.values() for found in own.values()], most)
    gatherer = _Gatherer([*foundations], kept)
    for own in tasks:
        gatherer.add(own, scored[own.task])
    return gatherer.gathered(run, foundations, {own.task: scores(own.task).metrics[0].title for own in tasks})


def label(system: System) -> str:
    """Return a system's name for readers, such as ``SFT model, oracle, 2 tokens``."""
    model = MODELS.get(system.model, system.model)
    alone = system.kind == "none"
    parts = [
        model or ("foundation alone" if alone else ""),
        system.variant if alone else prior_cell(system),
        shown_units(system),
        "" if system.prompt == "zero-shot" else system.prompt,
    ]
    return ", ".join(filter(None, parts))


def _items_kept(scored: Sequence[Mapping[str, SubsetScores]], most: int) -> int:
    """Return how many items of each domain of each subset are shown: as many as there are, or as fit."""
    lengths = [
        (len(ids), len(own.systems)) for found in scored for own in found.values() for ids in own.domains.values()
    ]
    longest = max(items for items, _ in lengths)
    return next((n for n in range(longest, 1, -1) if sum(min(n, i) * systems for i, systems in lengths) <= most), 1)


class _Gatherer:
    """Puts the records of a run together."""

    def __init__(self, foundations: Sequence[str], kept: int) -> None:
        self._foundations, self._kept = foundations, kept
        self._texts: dict[str, int] = {}
        self._systems: dict[tuple[str, System], int] = {}
        self._languages: dict[str, dict[str, str]] = {}
        self._subsets: list[dict[str, str]] = []
        self._items: list[Shown] = []
        self._left_out = 0

    def add(self, files: TaskFiles, scored: Mapping[str, Mapping[str, SubsetScores]]) -> None:
        """Add a task: its files, and by foundation and subset the scores."""
        kind = scores(files.task)
        tuned = {
            name: [read_subsets(path, Output, files.subsets) for path in paths] for name, paths in files.tuned.items()
        }
        refined = read_subsets(files.refined, Prediction, files.subsets) if files.refined else {}
        for n, subset in enumerate(files.subsets):
            items = {
                domain: read_records(own[n], Item, may_be_empty=domain != "test")
                for domain, own in zip(DOMAINS, (files.test, files.out_of_domain), strict=True)
            }
            train = read_records(files.train[n], Item)
            answers: dict[str, list[Answer]] = {}
            for name in self._foundations:
                outputs = all_answers(
                    kind,
                    decoded=read_records(files.outputs[name][n], Output),
                    tuned=[own[subset] for own in tuned.get(name, [])],
                    predicted=refined.get(subset, []),
                    train=train,
                    items=[*items["test"], *items["out_of_domain"]],
                )
                where = f"{files.task} {subset}, {name}"
                if scored[name][subset].domains != {domain: [item.id for item in own] for domain, own in items.items()}:
                    raise InputError(
                        f"{files.scores[name]}: the scores of {subset} are of other items than those of "
                        f"{files.test[n].parent}. {AGAIN}"
                    )
                for item, given in self._answers(where, name, kind.metrics[0], outputs, scored[name][subset]).items():
                    answers.setdefault(item, []).extend(given)
            steps = {name: paths[subset] for name, paths in files.steps.items() if subset in paths}
            self._add_items(files.task, subset, items, answers, self._tokens(steps))

    def gathered(self, run: str, labels: Mapping[str, str], tasks: Mapping[str, str]) -> Explorer:
        """Return all that was added."""
        return Explorer(
            run=run,
            foundations=[{"name": name, "label": labels[name]} for name in self._foundations],
            tasks=dict(tasks),
            subsets=self._subsets,
            systems=[
                {"foundation": self._foundations.index(name), "label": label(system), **asdict(system)}
                for name, system in self._systems
            ],
            languages=self._languages,
            marginal=MARGINAL,
            texts=[*self._texts],
            items=self._items,
            left_out=self._left_out,
        )

    def _text(self, text: str) -> int:
        return self._texts.setdefault(text, len(self._texts))

    def _answers(
        self, where: str, foundation: str, metric: Metric, outputs: Sequence[Output], scored: SubsetScores
    ) -> dict[str, list[Answer]]:
        """Return the answers to each item, by the item's id, in the order of tables."""
        known = {(output.item, output.system): output for output in outputs}
        found: dict[str, list[Answer]] = {}
        for own in scored.systems:
            system = self._systems.setdefault((foundation, own.system), len(self._systems))
            for domain in DOMAINS:
                of_domain = own.of_domain(domain)
                for n, item in enumerate(scored.domains[domain][: self._kept]):
                    output = known.get((item, own.system))
                    if output is None:
                        raise InputError(
                            f"{where}: item {item} has a score and no answer of {label(own.system)}. Remove its "
                            "scores, so that the pipeline makes them again."
                        )
                    prior = output.prior.rstrip()
                    score = float(metric.score(np.array(of_domain.metrics[metric.name].items[n])))
                    flags = of_domain.item_error_types.get("off_target")
                    answer = Answer(
                        system,
                        self._text(prior),
                        self._text(output.text[len(prior) :]),
                        round(score, 1),
                        None if flags is None or flags[n] is None else bool(flags[n]),
                        self._text(output.stop),
                    )
                    found.setdefault(item, []).append(answer)
        return found

    def _tokens(self, steps: Mapping[str, Path]) -> dict[str, dict[int, list[Token]]]:
        """Return the tokens of the SFT models' answers, by item and the foundation's index."""
        found: dict[str, dict[int, list[Token]]] = {}
        for name, path in steps.items():
            for step in read_rows(path, Step):
                if step.read == SFT_ANSWER:
                    own = found.setdefault(step.item, {}).setdefault(self._foundations.index(name), [])
                    own.append(Token(json.loads(step.token), step.rank, json.loads(step.likeliest)))
        return found

    def _add_items(
        self,
        task: str,
        subset: str,
        items: Mapping[str, Sequence[Item]],
        answers: Mapping[str, list[Answer]],
        tokens: Mapping[str, dict[int, list[Token]]],
    ) -> None:
        direction = Direction.parse(subset)
        # Tagged words stay in their language; only the tags' names are English.
        codes = direction.source, subset if subset in LANGUAGES else direction.target
        for own in map(language, codes):
            written = "rtl" if own.script in RIGHT_TO_LEFT else "ltr"
            self._languages[own.code] = {"name": own.name, "dir": written}
        self._subsets.append({"task": task, "name": subset, "source": codes[0], "target": codes[1]})
        for domain, of_domain in items.items():
            self._left_out += max(len(of_domain) - self._kept, 0)
            for item in of_domain[: self._kept]:
                source, reference = self._text(item.source), self._text(item.target)
                place, own_tokens = len(self._subsets) - 1, tokens.get(item.id, {})
                self._items.append(Shown(place, domain, item.id, source, reference, answers[item.id], own_tokens))
