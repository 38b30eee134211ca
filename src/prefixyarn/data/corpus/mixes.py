"""Mixes to pre-train on: how much of the text is not English, and how sentences stand beside their translations.

Every cell has as many tokens. The English text of a cell with more of it begins with that of a cell with less, and
likewise in the other languages. The same pairs of sentences are in all cells with text in other languages that have as
many, in one of three arrangements (`ARRANGEMENTS`), and in no other document.
"""

from __future__ import annotations

import os
import random
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from prefixyarn.data.corpus.works import Work
from prefixyarn.errors import InputError
from prefixyarn.languages import Direction
from prefixyarn.prompts import Prompt
from prefixyarn.records import atomic

# A pair in one document; both halves in documents of their own; a half with that of another pair in one document.
ARRANGEMENTS = {"P": "pairs", "U": "unpaired", "M": "misaligned"}
LONGEST = 512  # characters of a document, about: longer texts are cut between paragraphs
LONGEST_HALF = 240  # characters of half a pair: both, in their format, fit a window of some 200 tokens
Ids = npt.NDArray[np.uint16]
Encode = Callable[[Iterable[str]], Iterator[Ids]]


@dataclass(frozen=True)
class Pair:
    """A sentence and its translation from English into a language."""

    code: str
    english: str
    other: str


@dataclass
class Mix:
    """Documents as tokens.

    Attributes:
        ids: The documents' ids, each beginning with the document token.
        kinds: Of each document its language, or for a pair language and format (``de labels``), and whether it is
            ``misaligned``.
    """

    ids: list[Ids] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)

    def add(self, ids: Ids, kind: str) -> None:
        """Add a document."""
        self.ids.append(ids)
        self.kinds.append(kind)

    @property
    def tokens(self) -> int:
        """Number of tokens."""
        return sum(map(len, self.ids))


def pairs(works: Sequence[Work], codes: Sequence[str], seed: int) -> dict[str, list[Pair]]:
    """Return, by language other than English, the pairs of whole short paragraphs, in a seeded order."""
    found: dict[str, list[Pair]] = {code: [] for code in codes if code != "en"}
    for work in works:
        for segment in work.segments:
            english = segment.get("en", "")
            for code, own in found.items():
                if english and code in segment and max(len(english), len(segment[code])) <= LONGEST_HALF:
                    own.append(Pair(code, english, segment[code]))
    for own in found.values():
        random.Random(seed).shuffle(own)
    return found


def pieces(works: Sequence[Work], code: str, without: set[str], seed: int) -> list[str]:
    """Return the documents of works in one language, in a seeded order: paragraphs, a line each, of one work.

    Args:
        works: The works.
        code: The language's code.
        without: Paragraphs that are left out, those of pairs.
        seed: Seed of the order.
    """
    found = []
    for work in works:
        own: list[str] = []
        for segment in work.segments:
            text = segment.get(code, "")
            if not text or text in without:
                continue
            if own and sum(map(len, own)) + len(text) > LONGEST:
                found.append("\n".join(own))
                own = []
            own.append(text)
        if own:
            found.append("\n".join(own))
    random.Random(seed).shuffle(found)
    return found


def arranged(chosen: Sequence[Pair], arrangement: str, formats: Sequence[Prompt], encode: Encode) -> Mix:
    """Return the documents of pairs.

    A pair's format follows from its place. In ``M`` the translation of the next pair of the same language and
    format stands where a sentence's own is expected.

    Args:
        chosen: The pairs, of all languages.
        arrangement: A key of `ARRANGEMENTS`.
        formats: Templates that pairs are written in; each begins an answer, as prompts do.
        encode: Yields the ids of texts, the document token first.
    """
    texts: list[tuple[str, str]] = []
    if arrangement == "U":
        texts += [own for pair in chosen for own in (("en", pair.english), (pair.code, pair.other))]
    else:
        groups: dict[tuple[str, int], list[Pair]] = {}
        for n, pair in enumerate(chosen):
            groups.setdefault((pair.code, n % len(formats)), []).append(pair)
        for (code, n), own in groups.items():
            prompt, direction = formats[n], Direction("en", code)
            others, note = (own, "") if arrangement == "P" else ([*own[1:], own[0]], " misaligned")
            texts += [
                (
                    f"{code} {prompt.name}{note}",
                    prompt.fill(pair.english, direction) + prompt.join(direction) + other.other,
                )
                for pair, other in zip(own, others, strict=True)
            ]
    mix = Mix()
    for (kind, _), ids in zip(texts, encode(text for _, text in texts), strict=True):
        mix.add(ids, kind)
    return mix


@dataclass(frozen=True)
class Recipe:
    """What all cells have in common.

    Attributes:
        codes: Codes of the languages, English first.
        unique: Tokens of a cell.
        parallel: Share of them that is pairs, 0 to 1, in cells that say nothing else.
        formats: Templates of pairs.
        seed: Seed of all orders.
    """

    codes: Sequence[str]
    unique: int
    parallel: float
    formats: Sequence[Prompt]
    seed: int


def cells(
    works: Sequence[Work], wanted: Mapping[str, Mapping[str, Any]], recipe: Recipe, encode: Encode
) -> Iterator[tuple[str, Mix]]:
    """Yield the cells, by name.

    Args:
        works: Works of the training part.
        wanted: By name of a cell ``share``, of tokens that are not English (0 to 1), and ``arrangement``; if its pairs
            are another share of the tokens than in the recipe, ``parallel``.
        recipe: What they have in common.
        encode: Yields the ids of texts, the document token first.

    Raises:
        InputError: There is not enough text in a language.
    """
    found = pairs(works, recipe.codes, recipe.seed)
    shares = {name: cell.get("parallel", recipe.parallel) for name, cell in wanted.items()}
    for parallel in dict.fromkeys(shares.values()):
        own = replace(recipe, parallel=parallel)
        alike = {name: cell for name, cell in wanted.items() if shares[name] == parallel}
        yield from _alike(works, alike, own, _chosen(found, own, encode), encode)


def _alike(
    works: Sequence[Work],
    wanted: Mapping[str, Mapping[str, Any]],
    recipe: Recipe,
    chosen: Sequence[Pair],
    encode: Encode,
) -> Iterator[tuple[str, Mix]]:
    """Yield the cells that have the same pairs."""
    others = [code for code in recipe.codes if code != "en"]
    taken = {text for pair in chosen for text in (pair.english, pair.other)}
    streams = {code: _Stream(encode(pieces(works, code, taken, recipe.seed)), code) for code in recipe.codes}
    english = Mix()
    for ids in encode(pair.english for pair in chosen):
        english.add(ids, "en")
    halves = {code: sum(map(len, encode(pair.other for pair in chosen if pair.code == code))) for code in others}
    made: dict[str, Mix] = {}  # by arrangement
    for name, cell in wanted.items():
        way = cell["arrangement"]
        if cell["share"] and way not in made:
            made[way] = arranged(chosen, way, recipe.formats, encode)
        mix = made[way] if cell["share"] else english  # without other languages, the pairs' English halves alone
        mix = Mix([*mix.ids], [*mix.kinds])
        each = round(cell["share"] * recipe.unique / len(others))
        for code in others if cell["share"] else []:
            streams[code].fill(mix, _left(name, each - halves[code]))
        streams["en"].fill(mix, _left(name, recipe.unique - mix.tokens))
        yield name, mix


def _left(cell: str, tokens: int) -> int:
    if tokens < 0:
        raise InputError(
            f"pretraining.parallel: the pairs alone have more tokens in a language than the cell {cell} is to have. "
            "Lower it, or change the cell's share."
        )
    return tokens


def _chosen(found: Mapping[str, Sequence[Pair]], recipe: Recipe, encode: Encode) -> list[Pair]:
    """Return pairs of all languages in turn, up to the share of tokens that pairs have when they are documents."""
    chosen: list[Pair] = []
    budget = {code: recipe.parallel * recipe.unique / len(found) for code in found}
    for code, own in found.items():
        direction, prompt = Direction("en", code), recipe.formats[0]
        texts = (prompt.fill(pair.english, direction) + prompt.join(direction) + pair.other for pair in own)
        for pair, ids in zip(own, encode(texts), strict=True):
            if budget[code] <= 0:
                break
            budget[code] -= len(ids)
            chosen.append(pair)
        if budget[code] > 0:
            raise InputError(
                f"pretraining.parallel: {recipe.parallel:.0%} of {recipe.unique:,} tokens are wanted as pairs, but the "
                f"pairs of en-{code} have {round(budget[code]):,} tokens less. Lower it, or add sources."
            )
    random.Random(recipe.seed).shuffle(chosen)
    return chosen


class _Stream:
    """The documents of a language, encoded as far as they are asked for, from the start for each cell."""

    def __init__(self, ids: Iterator[Ids], code: str) -> None:
        self._left, self._code = ids, code
        self._read: list[Ids] = []

    def fill(self, mix: Mix, tokens: int) -> None:
        """Add documents of exactly so many tokens to a mix; the last one is cut."""
        place, missing = 0, tokens
        while missing > 0:
            if place == len(self._read):
                following = next(self._left, None)
                if following is None:
                    raise InputError(
                        f"pretraining.unique_tokens: a cell wants {tokens:,} tokens in {self._code!r}, but there are "
                        f"{tokens - missing:,}. Lower it, or add sources (pretraining.sources)."
                    )
                self._read.append(following)
            own = self._read[place][:missing]
            mix.add(own, self._code)
            missing -= len(own)
            place += 1


def held_out(works: Sequence[Work], codes: Sequence[str], tokens: int, seed: int, encode: Encode) -> Mix:
    """Return documents of held-out works: of each language so many tokens, or all that there are."""
    mix = Mix()
    for code in codes:
        left = tokens
        for ids in encode(pieces(works, code, set(), seed)):
            if left <= 0:
                break
            mix.add(ids[:left], code)
            left -= len(ids)
    return mix


def write_mix(path: str | os.PathLike[str], mix: Mix) -> None:
    """Write a mix as compressed arrays: ``tokens`` (uint16), ``starts`` of documents, ``kinds`` (of ``names``)."""
    names = sorted({*mix.kinds})
    with atomic(path, "wb") as stream:
        np.savez_compressed(
            stream,
            tokens=np.concatenate(mix.ids),
            starts=np.cumsum([0, *map(len, mix.ids[:-1])]).astype(np.int64),
            kinds=np.array([names.index(kind) for kind in mix.kinds], dtype=np.uint8),
            names=np.array(names),
        )


def read_mix(path: str | os.PathLike[str]) -> Mix:
    """Read a mix.

    Raises:
        InputError: The file is something else, or damaged.
    """
    try:
        with np.load(Path(path), allow_pickle=False) as saved:
            documents = np.split(saved["tokens"], saved["starts"][1:])
            return Mix(documents, [str(saved["names"][n]) for n in saved["kinds"]])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path}: not a tokenised mix, or damaged ({error}). Remove it: it is made again.") from error
