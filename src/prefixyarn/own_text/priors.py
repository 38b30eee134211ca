"""What can begin an answer to one's own text: a source of priors each, to choose from or to make oneself."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

from prefixyarn.data import lexicon
from prefixyarn.data.lexicon import Lexicon
from prefixyarn.data.text_lines import visible
from prefixyarn.data.words import looked_up_words
from prefixyarn.decode.session import Session
from prefixyarn.errors import InputError
from prefixyarn.languages import Direction
from prefixyarn.metrics.language_id import LanguageDetector
from prefixyarn.models.refined import load_kind
from prefixyarn.models.tokenizer import prompt_ids
from prefixyarn.own_text.arguments import name_of, text_of
from prefixyarn.priors.build import Encode
from prefixyarn.priors.dictionary import LIKELIEST
from prefixyarn.priors.dictionary_likeliest import likeliest
from prefixyarn.priors.material import Ids, Material
from prefixyarn.priors.own_openings import openings
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, System, read_json

SIDE_BY_SIDE = 8  # texts that a refined model reads at a time


@dataclass(frozen=True)
class Asked:
    """What priors are asked for.

    Attributes:
        session: The opened model.
        items: The texts, as items without reference.
        subset: Their direction, as in ``en-de``; in tagging their language.
        prompt: The prompt.
        encode: Encodes the start of an answer.
        detector: Language identification.
    """

    session: Session
    items: Sequence[Item]
    subset: str
    prompt: Prompt
    encode: Encode
    detector: LanguageDetector

    @property
    def direction(self) -> Direction:
        """Their direction."""
        return Direction.parse(self.subset)

    def prompts(self) -> dict[str, Ids]:
        """Return, by item id, the filled prompt as token ids."""
        tokenizer = self.session.tokenizer
        return {i.id: tuple(prompt_ids(tokenizer, self.prompt.fill(i.source, self.direction))) for i in self.items}


class PriorSource(Protocol):
    """What gives answers their start. A source of one's own has these; `Text` takes any function."""

    @property
    def name(self) -> str:
        """What it is called."""

    def system(self, k: int, unit: str) -> System:
        """Return the kind of its priors, cut to k units."""

    def add(self, material: Material, asked: Asked) -> Material:
        """Return what priors are made of, with what this source finds for the texts."""


def check_source(given: Any) -> PriorSource:
    """Return a source of priors.

    Raises:
        InputError: It is none, or the class of one.
    """
    if isinstance(given, type):
        raise InputError(f"prior: expected a source of priors, got a class. Make one: {given.__name__}(…)")
    if not all(callable(getattr(given, own, None)) for own in ("system", "add")):
        raise InputError(
            f"prior: expected a name or a source of priors, got {type(given).__name__}. For none, ask for the prior "
            "'none'; for texts of your own, Text([…])"
        )
    found: PriorSource = given
    return found


@dataclass(frozen=True)
class Nothing:
    """No prior: the model alone."""

    name: ClassVar[str] = "none"

    def system(self, k: int, unit: str) -> System:
        """Return the system without prior."""
        return System("none")

    def add(self, material: Material, asked: Asked) -> Material:
        """Return the material as it is."""
        return material


@dataclass(frozen=True)
class Own:
    """The model's own likeliest opening in the target language: needs nothing but the model."""

    name: ClassVar[str] = "own"

    def system(self, k: int, unit: str) -> System:
        """Return the system of k tokens."""
        return System("own", "", k, unit)

    def add(self, material: Material, asked: Asked) -> Material:
        """Look for the openings; see `prefixyarn.priors.own_openings`."""
        target = asked.direction.target
        return replace(material, own=openings(asked.session, asked.prompts(), target, asked.detector, lambda n: None))


@dataclass(frozen=True)
class Dictionary:
    """A dictionary's translation of a source word.

    Attributes:
        entries: The folder of its files (named ``en-de.txt``, as MUSE's), one file (two columns, or three as a run's),
            or the entries themselves.
        variant: ``likeliest``, of all translations of all words the one that the model finds likeliest; or ``first``,
            that of the first content word.
    """

    entries: str | os.PathLike[str] | Lexicon
    variant: str = LIKELIEST

    def __post_init__(self) -> None:
        """Check what was given.

        Raises:
            InputError: It is no path, or entries of another form.
        """
        if self.variant not in (LIKELIEST, "first"):
            raise InputError(f"Dictionary: the variant {self.variant!r} is none; expected {LIKELIEST} or first")
        if not isinstance(self.entries, Mapping):
            name_of("" if self.entries is None else self.entries, "Dictionary")
            return
        for word, found in self.entries.items():
            if not isinstance(word, str) or not isinstance(found, list) or not all(map(_is_entry, found)):
                raise InputError(
                    f"Dictionary: expected a list of translations with their probabilities for each word, as "
                    f"{{'town': [('Stadt', 1.0)]}}; got {found!r} for {word!r}"
                )

    @property
    def name(self) -> str:
        """The variant."""
        return self.variant

    def known(self, items: Sequence[Item], subset: str) -> list[Item]:
        """Return the texts of which there is an entry for a word at least."""
        own, code = self.read(subset), Direction.parse(subset).source
        return [item for item in items if any(found_words(own, item.source, code))]

    def coverage(self, texts: Sequence[str], subset: str) -> tuple[int, int]:
        """Return how many words of texts there is an entry for, and how many words they have."""
        own, code = self.read(subset), Direction.parse(subset).source
        found = [known for text in texts for known in found_words(own, text, code)]
        return sum(found), len(found)

    def read(self, subset: str) -> Lexicon:
        """Return the entries of a direction.

        Raises:
            InputError: There is no dictionary for it, or a line is malformed.
        """
        return self.entries if isinstance(self.entries, Mapping) else read_dictionary(Path(self.entries), subset)

    def has(self, subset: str) -> bool:
        """Tell whether there are entries for a direction: a folder may lack it, and a file may be named for another."""
        if isinstance(self.entries, Mapping):
            return True
        path = Path(self.entries)
        if path.is_dir():
            with suppress(InputError):
                return bool(_files(path, subset))
            return False
        return _may_be_of(path, subset)

    def system(self, k: int, unit: str) -> System:
        """Return the system of k tokens."""
        return System("pseudo", self.variant, k, unit)

    def add(self, material: Material, asked: Asked) -> Material:
        """Look the words up.

        Raises:
            InputError: There is no dictionary for the direction, or a line of it is malformed.
        """
        own = self.read(asked.subset)
        if self.variant != LIKELIEST:
            return replace(material, lexicon=own)
        session, direction = asked.session, asked.direction
        chosen = likeliest(
            asked.items,
            own,
            direction,
            asked.prompt,
            session.tokenizer,
            asked.encode,
            session.likeliest,
            lambda candidates: lambda n: None,
        )
        return replace(material, lexicon=own, likeliest=chosen)


def _is_entry(given: Any) -> bool:
    return isinstance(given, Sequence) and len(given) == 2 and isinstance(given[0], str) and not isinstance(given, str)


_DIRECTION = re.compile("[a-z]{2,3}-[a-z]{2,3}")  # what names a file for one direction
_OF_A_RUN = re.compile(rb"\A\Z|\t[01]\.[0-9]{4}$")  # the first line of a run's: a probability ends it, if there is one


def _may_be_of(path: Path, subset: str) -> bool:
    """Tell whether a file may be a direction's dictionary: it is, by its name, not another's."""
    return path.stem.lower() == subset or not _DIRECTION.fullmatch(path.stem.lower())


def found_words(entries: Lexicon, text: str, code: str) -> list[bool]:
    """Tell of each word of a text whether there is an entry for it."""
    return [bool(lexicon.lookup(entries, word)) for word in looked_up_words(text, code)]


def read_dictionary(path: Path, subset: str) -> Lexicon:
    """Return the dictionary of a direction from a file, or from a folder of files."""
    if not path.exists():
        raise InputError(f"{path}: no such dictionary. Give a file, or a folder with {subset}.txt")
    if path.is_file() and not _may_be_of(path, subset):
        raise InputError(f"{path}: named for {path.stem}, but {subset} is asked for. Give that one's, or rename it")
    files = _files(path, subset) if path.is_dir() else [path]
    with open(files[0], "rb") as stream:
        of_a_run = files[0].suffix == ".tsv" and _OF_A_RUN.search(stream.readline())
    return lexicon.read(files[0]) if of_a_run else lexicon.read_dictionaries(files, Direction.parse(subset))


def _files(folder: Path, subset: str) -> Sequence[Path]:
    """Return a folder's files for a direction."""
    if (folder / f"{subset}.tsv").exists():
        return [folder / f"{subset}.tsv"]
    direction = Direction.parse(subset)
    return lexicon.dictionary_files(folder, direction.source, direction.target)


@dataclass(frozen=True)
class Refined:
    """The first words that a trained small task model predicts.

    Attributes:
        folder: The model's folder, as ``results/default/models/refined/translation``.
    """

    folder: str | os.PathLike[str]

    name: ClassVar[str] = "refined"

    def system(self, k: int, unit: str) -> System:
        """Return the system of k units."""
        return System("refined", "", k, unit)

    def add(self, material: Material, asked: Asked) -> Material:
        """Predict.

        Raises:
            InputError: The folder has no model, or one that was not trained on the direction.
        """
        manifest = Path(self.folder) / "manifest.json"
        if not manifest.exists():
            raise InputError(f"{self.folder}: no refined model there. Give the folder that holds its manifest.json")
        kind = load_kind(read_json(manifest)["kind"])
        texts, _ = kind.predict(Path(self.folder), asked.subset, asked.items, SIDE_BY_SIDE)
        return replace(material, refined={item.id: text for item, text in zip(asked.items, texts, strict=True)})


@dataclass(frozen=True)
class Text:
    """A text of one's own, given whole: the same for all, one a text, or what a function returns for a text."""

    text: str | Sequence[str] | Callable[[str], str]

    name: ClassVar[str] = "given"

    def system(self, k: int, unit: str) -> System:
        """Return the system of a whole prior."""
        return System("given")

    def add(self, material: Material, asked: Asked) -> Material:
        """Take the texts.

        Raises:
            InputError: There are fewer or more of them than texts.
        """
        sources = [item.source for item in asked.items]
        if isinstance(self.text, str):
            texts = [self.text] * len(sources)
        else:
            texts = [self.text(source) for source in sources] if callable(self.text) else [*self.text]
        for n, text in enumerate(texts, 1):
            if not visible(text_of(text, f"prior of text {n}")):
                raise InputError(f"prior of text {n}: expected a text, got {text!r}. For none, ask for the prior none")
        if len(texts) != len(sources):
            raise InputError(
                f"prior: {len(texts)} texts were given for {len(sources)} texts; give one, or one for each"
            )
        return replace(material, given={item.id: text for item, text in zip(asked.items, texts, strict=True)})
