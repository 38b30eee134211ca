"""Train, dev, test and out-of-domain splits that share no sentence, nor a near copy of one."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from prefixyarn.data.catalogues import Sentence
from prefixyarn.errors import InputError
from prefixyarn.languages import Direction
from prefixyarn.records import Item

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
class Splits:
    """Sentences by split, and how many training sentences were dropped as near-duplicates of held-out ones."""

    train: list[Sentence]
    dev: list[Sentence]
    test: list[Sentence]
    out_of_domain: list[Sentence]
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
                texts = {text for s in one for text in s.texts.values()}
                assert not any(text in texts for s in other for text in s.texts.values()), "splits share a text"
                for code in {"en", *sources}:
                    near = similarities(_texts(other, code), _texts(one, code))
                    assert not near.size or near.max() < NEAR_DUPLICATE, f"splits share a near-duplicate ({code})"


def _texts(sentences: Sequence[Sentence], code: str) -> list[str]:
    return [s.texts[code] for s in sentences if code in s.texts]


def _clashes(sentences: Sequence[Sentence], taken: Sequence[Sentence], sources: Sequence[str]) -> np.ndarray:
    """Return, for each sentence, whether it repeats a text of ``taken`` or nearly repeats a source of it."""
    texts = {text for s in taken for text in s.texts.values()}
    clash = np.array([any(text in texts for text in s.texts.values()) for s in sentences], dtype=bool)
    for code in sorted({"en", *sources}):
        have = np.array([code in s.texts for s in sentences], dtype=bool)
        near = similarities(_texts(sentences, code), _texts(taken, code))
        if near.size:
            clash[have] |= near.max(axis=1) >= NEAR_DUPLICATE
    return clash


def split_sentences(
    sentences: Sequence[Sentence],
    codes: Sequence[str],
    sources: Sequence[str],
    held_out: str,
    sizes: dict[str, int],
    seed: int,
) -> Splits:
    """Draw the splits.

    Dev, test and out-of-domain sentences exist in all ``codes``, so that directions are comparable, and no
    two of them are near-duplicates. Out-of-domain sentences are from the package ``held_out``, none of which
    is trained on. Of the rest, whatever repeats a held-out text in any language, or nearly repeats a held-out
    source, is dropped.

    Args:
        sentences: All sentences; where two packages share an English text, the held-out package's counts.
        codes: Language codes that test items must have.
        sources: Codes of the languages that serve as source in some direction.
        held_out: Name of the package held out of training.
        sizes: Number of sentences in ``dev``, ``test`` and ``out_of_domain``.
        seed: Seed of the draw.

    Raises:
        InputError: Not enough sentences in all languages; the message says how many there are.
    """
    unique: dict[str, Sentence] = {}
    for sentence in sorted(sentences, key=lambda s: (s.package != held_out, s.package, s.english)):
        unique.setdefault(sentence.english, sentence)
    pool = list(unique.values())
    random.Random(seed).shuffle(pool)

    taken: list[Sentence] = []
    chosen: dict[str, list[Sentence]] = {}
    for split in ("test", "dev", "out_of_domain"):
        domain = [s for s in pool if (s.package == held_out) == (split == "out_of_domain")]
        complete = [s for s in domain if all(code in s.texts for code in codes)]
        chosen[split] = []
        for sentence in complete:
            if len(chosen[split]) == sizes[split]:
                break
            if not _clashes([sentence], taken, sources)[0]:
                chosen[split].append(sentence)
                taken.append(sentence)
        if len(chosen[split]) < sizes[split]:
            raise InputError(
                f"translation.items.{split}: {sizes[split]} sentences wanted in all of {', '.join(codes)}, but "
                f"only {len(chosen[split])} such sentences that are no near-duplicates were found"
                f"{' in ' + held_out if split == 'out_of_domain' else ''}. "
                "Ask for fewer items, drop a language, or add a catalogue."
            )
    names = {s.english for s in taken}
    rest = [s for s in pool if s.package != held_out and s.english not in names]
    clash = _clashes(rest, taken, sources)
    train = [s for s, bad in zip(rest, clash, strict=True) if not bad]
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
            "held-out sentence. Make the splits again: snakemake --forcerun prepare_translation"
        )


def items(sentences: Sequence[Sentence], direction: Direction) -> list[Item]:
    """Return the items of a direction: its sentences that have both languages.

    The id is made from the English sentence, so the same sentence has the same id in every direction.
    """
    return [
        Item(
            id=hashlib.sha256(s.english.encode()).hexdigest()[:12],
            source=s.texts[direction.source],
            target=s.texts[direction.target],
            meta={"package": s.package},
        )
        for s in sentences
        if direction.source in s.texts and direction.target in s.texts
    ]
