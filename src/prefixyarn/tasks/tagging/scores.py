"""Scores of tagged answers. Tags are read out of outputs by `read_tags`; a word without one counts as wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import numpy as np

from prefixyarn.data.words import tagged
from prefixyarn.metrics.faults import LanguageDetector
from prefixyarn.metrics.metric import ItemScores, Metric, ratio
from prefixyarn.records import Item, Output, System
from prefixyarn.tasks.scoring import Fault, Scores
from prefixyarn.tasks.tagging.tags import TAGS, WORDS, pairs, read_tags

CLASSES = list(WORDS)


def _tags(output: str, reference: str) -> tuple[list[str | None], list[str]]:
    """Return the tags of the reference's words in the output, and in the reference."""
    wanted = pairs(reference)
    return read_tags(output, [word for word, _ in wanted]), [TAGS[name] for _, name in wanted]


def _accuracy_items(outputs: Sequence[str], references: Sequence[str], code: str) -> ItemScores:
    """Right words, and words."""
    rows = []
    for output, reference in zip(outputs, references, strict=True):
        found, wanted = _tags(output, reference)
        rows.append([sum(a == b for a, b in zip(found, wanted, strict=True)), len(wanted)])
    return ItemScores("token accuracy, a word without a tag is wrong", np.array(rows).reshape(-1, 2))


def _accuracy(sums: np.ndarray) -> np.ndarray:
    return 100 * ratio(sums[..., 0].astype(float), sums[..., 1].astype(float))


def _class_items(outputs: Sequence[str], references: Sequence[str], code: str) -> ItemScores:
    """Per tag: right, wrongly given, missed."""
    counts = np.zeros((len(outputs), len(CLASSES), 3), dtype=np.int64)
    for row, (output, reference) in enumerate(zip(outputs, references, strict=True)):
        for found, wanted in zip(*_tags(output, reference), strict=True):
            if found == wanted:
                counts[row, CLASSES.index(wanted), 0] += 1
            else:
                counts[row, CLASSES.index(wanted), 2] += 1
                if found is not None:
                    counts[row, CLASSES.index(found), 1] += 1
    return ItemScores("macro-averaged F1 over the UPOS tags that occur", counts.reshape(len(outputs), -1))


def _macro_f1(sums: np.ndarray) -> np.ndarray:
    """Mean of the tags' F1 = 2 tp / (2 tp + fp + fn), over tags that are given or wanted somewhere."""
    right, given, missed = np.moveaxis(sums.astype(float).reshape(*sums.shape[:-1], len(CLASSES), 3), -1, 0)
    occur = right + given + missed > 0
    f1 = ratio(2 * right, 2 * right + given + missed)
    return 100 * ratio(np.where(occur, f1, 0.0).sum(axis=-1), occur.sum(axis=-1).astype(float))


def as_entities(tags: Sequence[str | None]) -> list[str]:
    """Return tags as seqeval must be fed: each word an entity of its own, a word without tag outside of all.

    seqeval reads plain ``NOUN`` as tag N of type OUN, and takes equal neighbours for one entity.
    """
    return ["O" if tag is None else f"B-{tag}" for tag in tags]


def _entity_items(outputs: Sequence[str], references: Sequence[str], code: str) -> ItemScores:
    """Entities that are right, given, wanted, by seqeval."""
    from seqeval.metrics.sequence_labeling import get_entities

    rows = []
    for output, reference in zip(outputs, references, strict=True):
        found, wanted = ({*get_entities(as_entities(tags))} for tags in _tags(output, reference))
        rows.append([len(found & wanted), len(found), len(wanted)])
    signature = f"seqeval {version('seqeval')} micro F1, each word an entity: B-NOUN"
    return ItemScores(signature, np.array(rows).reshape(-1, 3))


def _micro_f1(sums: np.ndarray) -> np.ndarray:
    right, given, wanted = np.moveaxis(sums.astype(float), -1, 0)
    return 100 * ratio(2 * right, given + wanted)


ACCURACY = Metric("accuracy", "Accuracy", _accuracy_items, _accuracy)
MACRO_F1 = Metric("macro_f1", "Macro-F1", _class_items, _macro_f1)
SEQEVAL_F1 = Metric("seqeval_f1", "F1 (seqeval)", _entity_items, _micro_f1)


def tagging_faults(item: Item, output: Output, target: str, detector: LanguageDetector) -> dict[str, Fault]:
    """Tell what is wrong with a tagged answer.

    Returns:
        unparsable: Share of the words without a tag that can be read.
        length_mismatch: The answer has not as many tagged words as there are words.
        truncated: The length limit ended it.
        empty: There is no answer.
    """
    words = item.source.split()
    found = read_tags(output.text, words)
    return {
        "unparsable": found.count(None) / len(words),
        "length_mismatch": len(pairs(output.text)) != len(words),
        "truncated": output.stop == "length",
        "empty": not output.text,
    }


def baselines(train: Sequence[Item], items: Sequence[Item]) -> list[Output]:
    """Return what takes no model: the commonest tag for every word, and each word's commonest tag in training.

    Words that training lacks have the commonest tag.
    """
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for item in train:
        for word, name in pairs(item.target):
            seen[word.lower()][name] += 1
    commonest = sum(seen.values(), Counter()).most_common(1)[0][0]
    rules: dict[str, Callable[[str], str]] = {
        "commonest-tag": lambda word: commonest,
        "word's-tag": lambda word: max(seen.get(word.lower(), {commonest: 1}).items(), key=lambda e: (e[1], e[0]))[0],
    }
    outputs = []
    for name, rule in rules.items():
        for item in items:
            words = item.source.split()
            text = tagged(words, [rule(word) for word in words])
            system = asdict(System("none", model=name))
            outputs.append(
                Output(
                    item.id,
                    **system,
                    prior_ids=[],
                    new_ids=[],
                    raw=text,
                    text=text,
                    continuation=text,
                    stop="eos",
                    new_tokens=0,
                )
            )
    return outputs


def notes(config: Mapping[str, Any]) -> list[str]:
    """Return what a reader of the tagging table must know."""
    found = [
        "Answers are slots unless a row says `free`: the words are given, and after each only its tag is chosen, among "
        "the 17. `free` is the paper's way: the model writes words and tags on its own, and what cannot be read counts "
        "as wrong (unparsable). Shares of `free` rows, too, are of the SFT model in slots.",
        "A prior is the first k words with their tags. There are no pseudo priors, as in the paper: a dictionary says "
        "nothing of tags. `random` draws tags by their frequency in training; `shuffled` has another sentence's tags.",
        "`commonest-tag` gives every word the commonest tag in training, `word's-tag` each word its own commonest.",
    ]
    if config["source"]["kind"] == "silver":
        found.insert(
            0,
            "**The reference tags are silver**: made by packaged taggers, which agree with gold UD in 85 % or more of "
            "words (docs/data.md). The refined tagger is trained on such tags: it re-learns the silver tagger, and its "
            "row says how well it does that, not how well it tags.",
        )
    return found


SCORES = Scores(
    (ACCURACY, MACRO_F1, SEQEVAL_F1),
    tagging_faults,
    ("unparsable", "length_mismatch", "truncated"),
    detects=False,
    baselines=baselines,
    notes=notes,
)
