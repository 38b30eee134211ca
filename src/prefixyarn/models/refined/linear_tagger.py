"""The linear refined model of the tagging task: a logistic regression for each language, word by word.

What it sees are the word, its ends and its shape, the words around it, and the tag that it gave the word before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prefixyarn.data.words import tagged, tags_of
from prefixyarn.errors import InputError
from prefixyarn.models.refined.linear import MIN_ITEMS
from prefixyarn.models.refined.linear_weights import fit, read, write
from prefixyarn.records import Item

ENDS = 3  # longest beginnings and ends that are seen


def features(words: Sequence[str], n: int, before: str) -> list[str]:
    """Return what is seen of the n-th word, the tag before it included."""
    word = words[n]
    named = {
        "word": word,
        **{f"end {k}": word[-k:] for k in range(1, ENDS + 1)},
        **{f"start {k}": word[:k] for k in range(1, ENDS + 1)},
        "word before": words[n - 1] if n else "",
        "word after": words[n + 1] if n + 1 < len(words) else "",
    }
    is_so = {
        "capital": word[:1].isupper(),
        "digit": any(c.isdigit() for c in word),
        "letter": any(c.isalpha() for c in word),
        "first": n == 0,
    }
    found = [f"{name}={own.lower()}" for name, own in named.items()]
    return [*found, f"tag before={before}", *(name for name, own in is_so.items() if own)]


def train(
    train: Mapping[str, Sequence[Item]],
    dev: Mapping[str, Sequence[Item]],
    config: Mapping[str, Any],
    pretrained: str,
    folder: Path,
    state: Path,
) -> int:
    """Train a model per language and write ``{language}.safetensors`` into ``folder``.

    Args:
        train: Training items by language.
        dev: Not used: nothing is chosen.
        config: ``seed``.
        pretrained: Not used.
        folder: Where the models go.
        state: Not used: a language takes seconds.

    Returns:
        Number of weights, over all languages.

    Raises:
        InputError: A language has too few training items, or all of one tag.
    """
    parameters = 0
    for subset, items in train.items():
        if len(items) < MIN_ITEMS:
            raise InputError(
                f"tagging.refined: {len(items)} training sentences in {subset} are too few, at least {MIN_ITEMS} are "
                "needed. Take the language out of tagging.languages, or set tagging.refined.kind to 'none'."
            )
        seen, wanted = [], []
        for item in items:
            words, tags = item.source.split(), tags_of(item)
            seen += [features(words, n, tags[n - 1] if n else "") for n in range(len(words))]
            wanted += tags
        if len(set(wanted)) < 2:
            raise InputError(f"tagging: all training words in {subset} have the tag {wanted[0]}")
        model = fit(seen, wanted, config["seed"])
        parameters += model.coefficients.size
        write(folder / f"{subset}.safetensors", [model])
    return parameters


def predict(folder: Path, subset: str, items: Sequence[Item], batch: int) -> tuple[list[str], bool]:
    """Return each item's tagged words, and True: it is the whole.

    Raises:
        InputError: The model was not trained on this language.
    """
    (model,) = read(folder, subset)
    assert not isinstance(model, str)
    split = [item.source.split() for item in items]
    tags: list[list[str]] = [[] for _ in split]
    for n in range(max(map(len, split), default=0)):
        rows = [row for row, words in enumerate(split) if n < len(words)]
        seen = [features(split[row], n, tags[row][-1] if n else "") for row in rows]
        for row, tag in zip(rows, model.predict(seen), strict=True):
            tags[row].append(tag)
    return [tagged(words, own) for words, own in zip(split, tags, strict=True)], True
