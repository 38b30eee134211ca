"""The splits of tagging: gold tags of treebanks, or silver tags of translation's sentences."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from prefixyarn.data.lock import check_files
from prefixyarn.data.official import RELEASE
from prefixyarn.data.splits import NEAR_DUPLICATE, similarities
from prefixyarn.data.words import tagged
from prefixyarn.errors import InputError
from prefixyarn.languages import language
from prefixyarn.records import Item, read_records
from prefixyarn.tasks.tagging import silver, treebanks
from prefixyarn.tasks.tagging.tags import NAMES

MIN_WORDS = 4

# A language's sentences by split, and a note: what a reader of tables must know of their tags.
Sentences = tuple[dict[str, list[treebanks.Tagged]], str]


def items_by_split(sentences: Sentences, code: str, sizes: Mapping[str, int], names: str) -> dict[str, list[Item]]:
    """Return the items of a language by split; there are none out of domain, and trial items are the first ones of dev.

    What nearly repeats a held-out sentence is dropped from the training items.

    Args:
        sentences: What `from_silver` or `from_treebank` returned.
        code: Language code.
        sizes: Number of sentences by split, ``train`` at most; and ``max_words``.
        names: How answers name the tags: a key of `prefixyarn.tasks.tagging.tags.NAMES`.

    Raises:
        InputError: Too few sentences.
    """
    splits, note = sentences
    for name in ("dev", "test", "train"):
        splits[name] = splits[name][: sizes[name]]
        if name != "train" and len(splits[name]) < sizes[name]:
            raise InputError(
                f"tagging.items.{name}: {sizes[name]} wanted, but {code} has {len(splits[name])} sentences of "
                f"{MIN_WORDS} to {sizes['max_words']} words. Ask for fewer, raise max_words, or leave {code} out."
            )
    own = NAMES[names]
    items = {
        name: [Item(s.id, " ".join(s.words), tagged(s.words, [own[tag] for tag in s.tags])) for s in splits[name]]
        for name in splits
    }
    held = [item.source for name in ("dev", "test") for item in items[name]]
    near = similarities([item.source for item in items["train"]], held).max(axis=1, initial=0) >= NEAR_DUPLICATE
    items["train"] = [item for item, bad in zip(items["train"], near, strict=True) if not bad]
    logging.info("%s: %s; %s", code, ", ".join(f"{len(made)} {name}" for name, made in items.items()), note)
    return {**items, "trial": items["dev"][: sizes["trial"]], "out_of_domain": []}


def from_treebank(folder: str | Path, code: str, sizes: Mapping[str, int], lock: str | Path) -> Sentences:
    """Return a language's sentences with gold tags.

    Args:
        folder: The folder of a release of Universal Dependencies. Where it is named as the release whose files the
            lock file knows, they are checked.
        code: Language code.
        sizes: See `items_by_split`.
        lock: The lock file.
    """
    folder = Path(folder)
    made = treebanks.splits(folder, code, sizes, _fits(sizes))  # first: what is no treebank is not recorded
    if folder.name == RELEASE:
        folders = [folder / treebank.folder for treebank in language(code).treebanks]
        files = [path for own in folders for path in sorted(own.glob("*.conllu"))]
        check_files(lock, {f"{RELEASE}/{path.relative_to(folder)}": path for path in files})
    return made


def from_silver(folder: str | Path, side: str, code: str, sizes: Mapping[str, int]) -> Sentences:
    """Return a language's sentences with silver tags.

    Args:
        folder: Splits of a direction of translation.
        side: Which side of it is in the language: ``source`` or ``target``.
        code: Language code.
        sizes: See `items_by_split`.
    """
    fits = _fits(sizes)
    splits: dict[str, list[treebanks.Tagged]] = {name: [] for name in ("train", "dev", "test")}
    for name in splits:
        for item in read_records(Path(folder) / f"{name}.jsonl", Item):
            words = silver.tokenize(getattr(item, side), code)
            sentence = treebanks.Tagged(item.id, tuple(words), tuple(silver.tag(words, code)))
            if fits(sentence):
                splits[name].append(sentence)
    versions, packages = silver.versions(), language(code).silver_packages
    return splits, "silver tags by " + ", ".join(f"{package} {versions[package]}" for package in packages)


def _fits(sizes: Mapping[str, int]) -> Callable[[treebanks.Tagged], bool]:
    return lambda sentence: MIN_WORDS <= len(sentence.words) <= sizes["max_words"]
