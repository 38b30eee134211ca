"""The linear refined model: logistic regressions that predict a translation's first words, one after the other.

From scratch on a few thousand sentences a Transformer learns nothing in minutes, and this does.

A unit is what lies between two word ends of the target, so that the units joined are the text, spaces and
punctuation included. The n-th unit is predicted from the source and from the unit before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prefixyarn.data.words import cut_words, words
from prefixyarn.errors import InputError
from prefixyarn.languages import Direction, language
from prefixyarn.models.refined.linear_weights import Weights, fit, read, write
from prefixyarn.records import Item

POSITIONS = 4  # the first words of the source also count by their place
MIN_ITEMS = 20
MIN_COUNT = 2  # a unit seen once is hardly ever predicted rightly, and there are many: three times the work


def units(text: str, code: str, n: int) -> list[str]:
    """Return the first n units of a text; fewer if it has fewer words."""
    ends = [len(cut_words(text, code, k)) for k in range(n + 1)]
    return [text[a:b] for a, b in zip(ends, ends[1:], strict=False) if b > a]


def features(source: str, code: str, before: str) -> list[str]:
    """Return what is seen: the source's words, the first ones by place, their bi- and trigram; the unit before."""
    found = [word.lower() for word in words(source, code)]
    placed = [f"{n}={word}" for n, word in enumerate(found[:POSITIONS])]
    return [*found, *placed, "2=" + " ".join(found[:2]), "3=" + " ".join(found[:3]), f"end={source[-1:]}", f"<{before}"]


def train(
    train: Mapping[str, Sequence[Item]],
    dev: Mapping[str, Sequence[Item]],
    config: Mapping[str, Any],
    pretrained: str,
    folder: Path,
    state: Path,
) -> int:
    """Train a model per direction and write ``{direction}.safetensors`` into ``folder``.

    Args:
        train: Training items by direction.
        dev: Not used: nothing is chosen.
        config: ``units``: how many units to predict, at least; ``seed``.
        pretrained: Not used.
        folder: Where the models go.
        state: Not used: a direction takes seconds.

    Returns:
        Number of weights, over all directions.

    Raises:
        InputError: A direction has too few training items, or they all start alike.
    """
    parameters = 0
    for subset, items in train.items():
        direction = Direction.parse(subset)
        if len(items) < MIN_ITEMS:
            raise InputError(
                f"refined: {len(items)} training items in {subset} are too few, at least {MIN_ITEMS} "
                "are needed. Add training data, or set the task's refined.kind to 'none'."
            )
        # Where no spaces divide words, a token may have the ends of two: one unit more.
        wanted = config["units"] + bool(language(direction.target).segmenter)
        split = [units(item.target, direction.target, wanted) for item in items]
        steps: list[Weights | str] = []
        for n in range(wanted):
            pairs = [
                (features(item.source, direction.source, own[n - 1] if n else ""), own[n])
                for item, own in zip(items, split, strict=True)
                if len(own) > n
            ]
            steps.append(_fit(pairs, config["seed"]))
        parameters += sum(step.coefficients.size for step in steps if not isinstance(step, str))
        write(folder / f"{subset}.safetensors", steps)
    return parameters


def _fit(pairs: Sequence[tuple[list[str], str]], seed: int) -> Weights | str:
    """Return a classifier of the units seen at least twice; where there is but one, that unit."""
    counts = Counter(unit for _, unit in pairs)
    known = {unit for unit, count in counts.items() if count >= MIN_COUNT} or {*counts}
    if len(known) < 2:
        return next(iter(known), "")
    pairs = [pair for pair in pairs if pair[1] in known]
    return fit([seen for seen, _ in pairs], [unit for _, unit in pairs], seed)


def predict(folder: Path, subset: str, items: Sequence[Item], batch: int) -> tuple[list[str], bool]:
    """Return the first units of each item's translation as text, and False: it is not the whole.

    Raises:
        InputError: The model was not trained on this direction.
    """
    direction = Direction.parse(subset)
    texts, before = [""] * len(items), [""] * len(items)
    for step in read(folder, subset):
        if isinstance(step, str):
            before = [step] * len(items)
        else:
            seen = [features(i.source, direction.source, b) for i, b in zip(items, before, strict=True)]
            before = step.predict(seen)
        texts = [text + own for text, own in zip(texts, before, strict=True)]
    return texts, False
