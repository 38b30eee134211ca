"""Tagged answers are measured by accuracy and F1. A word whose tag cannot be read out of the answer counts as wrong."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

import numpy as np

from prefixyarn.metrics.metric import ItemScores, Metric, ratio
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
METRICS = (ACCURACY, MACRO_F1, SEQEVAL_F1)
