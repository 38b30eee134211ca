"""Train, dev, test and out-of-domain splits that share no text, nor a near copy of one."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from prefixyarn.errors import InputError
from prefixyarn.languages import Direction
from prefixyarn.records import Item, write_records

NEAR_DUPLICATE = 0.6  # Jaccard similarity of character 5-grams from which two texts are near-duplicates


def similarities(left: Sequence[str], right: Sequence[str]) -> np.ndarray:
    """Return the Jaccard similarities of the character 5-gram sets of two lists of texts.

    Case is ignored. A text of fewer than five characters has no 5-grams and is similar to nothing.

    Returns:
        Array of shape (left, right), from 0 to 1.
    """
    if not left or not right:
        return np.zeros((len(left), len(right)))
    vectorizer = CountVectorizer(analyzer="char", ngram_range=(5, 5), binary=True)
    try:
        grams = vectorizer.fit_transform([*left, *right])
    except ValueError:  # no text has five characters
        return np.zeros((len(left), len(right)))
    a, b = grams[: len(left)], grams[len(left) :]
    shared = (a @ b.T).toarray().astype(float)
    union = a.sum(axis=1).A1[:, None] + b.sum(axis=1).A1[None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


@dataclass(frozen=True)
class Parallel:
    """One text in several languages: what is read, and what is answered.

    Attributes:
        package: The package that it is from.
        sources: Text by language code; English always, others as far as they exist.
        targets: Answers by language code. In translation they are the same texts.
        family: What texts that belong together share; they stay in one split. Empty for a text of its own.
    """

    package: str
    sources: dict[str, str]
    targets: dict[str, str]
    family: str = ""

    @property
    def english(self) -> str:
        """The English source: the text's identity over all directions."""
        return self.sources["en"]

    @property
    def texts(self) -> set[str]:
        """All its texts."""
        return {*self.sources.values(), *self.targets.values()}

    def serves(self, direction: Direction) -> bool:
        """Tell whether it can be read and answered in a direction."""
        return direction.source in self.sources and direction.target in self.targets


@dataclass(frozen=True)
class Splits:
    """Texts by split, and how many training texts were dropped as near-duplicates of held-out ones."""

    train: list[Parallel]
    dev: list[Parallel]
    test: list[Parallel]
    out_of_domain: list[Parallel]
    dropped: int

    def check(self, sources: Sequence[str]) -> None:
        """Assert what every later result relies on.

        Args:
            sources: Codes of the languages that serve as source; English is always checked.

        Raises:
            AssertionError: A text in any language, or a near-duplicate of a source text, is both in train
                and in dev, test or out_of_domain, or two of those three share one.
        """
        held = [self.dev, self.test, self.out_of_domain]
        for number, one in enumerate(held):
            for other in [self.train, *held[:number]]:
                texts = set().union(*(s.texts for s in one))
                assert not any(texts & s.texts for s in other), "splits share a text"
                families = {s.family for s in one} - {""}
                assert not any(s.family in families for s in other), "splits share a family"
                for code in {"en", *sources}:
                    near = similarities(_texts(other, code), _texts(one, code))
                    assert not near.size or near.max() < NEAR_DUPLICATE, f"splits share a near-duplicate ({code})"


def _texts(parallels: Sequence[Parallel], code: str) -> list[str]:
    return [s.sources[code] for s in parallels if code in s.sources]


def clashes(parallels: Sequence[Parallel], taken: Sequence[Parallel], sources: Sequence[str]) -> np.ndarray:
    """Return, for each text, whether it repeats one of ``taken``, or its family, or nearly repeats a source."""
    texts, families = set().union(*(s.texts for s in taken)), {s.family for s in taken} - {""}
    clash = np.array([bool(texts & s.texts) or s.family in families for s in parallels], dtype=bool)
    for code in sorted({"en", *sources}):
        have = np.array([code in s.sources for s in parallels], dtype=bool)
        near = similarities(_texts(parallels, code), _texts(taken, code))
        if near.size:
            clash[have] |= near.max(axis=1) >= NEAR_DUPLICATE
    return clash


def split(
    parallels: Sequence[Parallel],
    directions: Sequence[Direction],
    held_out: str,
    sizes: dict[str, int],
    seed: int,
    task: str,
) -> Splits:
    """Draw the splits.

    Dev, test and out-of-domain texts exist in all directions, which are so comparable, and no
    two of them are near-duplicates. Out-of-domain sentences are from the package ``held_out``, none of which
    is trained on. Of the rest, whatever repeats a held-out text in any language, or nearly repeats a held-out
    source, is dropped.

    Args:
        parallels: All texts; where two packages share an English text, the held-out package's counts.
        directions: Directions that test items must serve.
        held_out: Name of the package held out of training; may be empty.
        sizes: Number of texts in ``dev``, ``test`` and ``out_of_domain``; of ``train`` at most, if given: those in most
            languages.
        seed: Seed of the draw.
        task: Name of the task, for error messages.

    Raises:
        InputError: Not enough texts in all directions; the message says how many there are.
    """
    sources = sorted({direction.source for direction in directions})
    codes = sorted({*sources, *(direction.target for direction in directions)})
    unique: dict[str, Parallel] = {}
    for parallel in sorted(parallels, key=lambda s: (s.package != held_out, s.package, s.english)):
        unique.setdefault(parallel.english, parallel)
    pool = list(unique.values())
    random.Random(seed).shuffle(pool)

    taken: list[Parallel] = []
    chosen: dict[str, list[Parallel]] = {}
    for split in ("test", "dev", "out_of_domain"):
        domain = [s for s in pool if (s.package == held_out) == (split == "out_of_domain")] if sizes[split] else []
        complete = [s for s in domain if all(s.serves(direction) for direction in directions)]
        chosen[split] = []
        for parallel in complete:
            if len(chosen[split]) == sizes[split]:
                break
            if not clashes([parallel], taken, sources)[0]:
                chosen[split].append(parallel)
                taken.append(parallel)
        if len(chosen[split]) < sizes[split]:
            raise InputError(
                f"{task}.items.{split}: {sizes[split]} texts wanted in all of {', '.join(codes)}, but "
                f"only {len(chosen[split])} such texts were found that are not near-duplicates"
                f"{' in ' + held_out if split == 'out_of_domain' else ''}. "
                "Ask for fewer items, drop a language, or add sources of text."
            )
    names = {s.english for s in taken}
    rest = [s for s in pool if s.package != held_out and s.english not in names]
    if "train" in sizes:  # twice as many: some will clash
        rest = sorted(rest, key=lambda s: -len(s.targets))[: 2 * sizes["train"]]
    clash = clashes(rest, taken, sources)
    train = [s for s, bad in zip(rest, clash, strict=True) if not bad][: sizes.get("train")]
    splits = Splits(train, chosen["dev"], chosen["test"], chosen["out_of_domain"], int(clash.sum()))
    splits.check(sources)
    return splits


def check_unseen(train: Sequence[Item], held_out: Sequence[Item]) -> None:
    """Check, right before something is trained, that nothing held out is trained on.

    Raises:
        InputError: A held-out source, or a near-duplicate of one, is among the training sources.
    """
    sources = sorted({item.source for item in train})
    held = sorted({item.source for item in held_out})
    near = similarities(sources, held)
    same = {*sources} & {*held}
    if same or (near.size and near.max() >= NEAR_DUPLICATE):
        place = np.unravel_index(near.argmax(), near.shape)
        raise InputError(
            f"the training split holds {sorted(same)[0] if same else sources[place[0]]!r}, which is, or nearly is, a "
            "held-out text. Make the splits again: snakemake --forcerun prepare_translation (or the task's)"
        )


def items(parallels: Sequence[Parallel], direction: Direction) -> list[Item]:
    """Return the items of a direction: its texts that have both languages.

    The id is made from the English source, so the same text has the same id in every direction.
    """
    return [
        Item(
            id=hashlib.sha256(s.english.encode()).hexdigest()[:12],
            source=s.sources[direction.source],
            target=s.targets[direction.target],
            meta={"package": s.package},
        )
        for s in parallels
        if s.serves(direction)
    ]


def write_splits(folder: str | Path, made: Mapping[str, Mapping[str, Sequence[Item]]]) -> None:
    """Write the items of each split, by subset, to ``{folder}/{subset}/{split}.jsonl``."""
    for subset, own in made.items():
        for name, records in own.items():
            write_records(Path(folder) / subset / f"{name}.jsonl", records)
