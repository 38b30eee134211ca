"""The records that flow through the pipeline, and how they are read and written.

Every file is JSON lines (one record a line) or JSON, UTF-8, keys in a fixed order, written to a temporary
name in the same folder and then renamed: a killed job or a full disk leaves no half-written file.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, TypeVar

from prefixyarn.errors import InputError

AGAIN = "Remove the file, so that the pipeline makes it again."
RESTORE = "Get the file again: remove it where the pipeline makes it, else restore it."


@dataclass(frozen=True)
class Item:
    """One test, dev or training example: a source text and its reference translation."""

    id: str
    source: str
    target: str
    meta: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, order=True)
class System:
    """A row of a table, within one foundation.

    Attributes:
        kind: Prior kind, of `prefixyarn.priors.registry`.
        variant: Which of several of that kind (a rule for the dictionary entry, a random draw); may be empty.
        k: How many units of the prior are given; 0 for ``none``, and for ``language-tag``, which is given whole.
        unit: ``token`` or ``word``; empty where k is 0.
        model: What decodes: ``foundation``, ``sft``, or ``refined`` (the refined model's own answer).
        prompt: ``zero-shot``, or ``few-shot-N`` with N training examples before the item; in trials of
            templates the template's name.
    """

    kind: str
    variant: str = ""
    k: int = 0
    unit: str = ""
    model: str = "foundation"
    prompt: str = "zero-shot"


@dataclass(frozen=True)
class _OfSystem:
    """What records of one item under one system have in common; see `System`."""

    item: str
    kind: str
    variant: str
    k: int
    unit: str
    model: str
    prompt: str

    @property
    def system(self) -> System:
        """The system that this record belongs to."""
        return System(self.kind, self.variant, self.k, self.unit, self.model, self.prompt)


@dataclass(frozen=True)
class Prior(_OfSystem):
    """What one system gives a model for one item.

    Attributes:
        text: The prior as text; cut to k words where the unit is words.
        ids: Token ids of the foundation's tokenizer, cut to k tokens where the unit is tokens: what
            the model gets.
        origin: Where it came from, for a reader of the file.
        covers: Whether the prior is as long as the whole reference, or longer, in tokens.
    """

    text: str
    ids: list[int]
    origin: str
    covers: bool

    @classmethod
    def none(cls, item: str, model: str = "foundation", prompt: str = "zero-shot") -> Prior:
        """Return the empty prior of an item: the model alone."""
        return cls(item, "none", "", 0, "", model, prompt, "", [], "", False)


@dataclass(frozen=True)
class Prediction:
    """What a refined model says of one item.

    Attributes:
        item: Id of the item.
        text: The start of the translation: as many words as were asked for, or all of it.
        whole: Whether it is the whole translation.
    """

    item: str
    text: str
    whole: bool


@dataclass(frozen=True)
class Output(_OfSystem):
    """One decoded answer.

    Attributes:
        prior_ids: Token ids given as the start of the answer.
        new_ids: Token ids that the model added, the stop token included. Empty for ``refined`` models, which
            have token ids of their own.
        raw: Text of prior and new ids, nothing removed.
        text: The answer: what is scored. A language tag is removed from it.
        continuation: What the model added to the prior, as text: what language identification sees.
        stop: Why decoding ended: ``newline``, ``eos``, ``length`` or ``constraint``.
        new_tokens: Number of tokens that the model chose, the stop token included.
    """

    prior_ids: list[int]
    new_ids: list[int]
    raw: str
    text: str
    continuation: str
    stop: str
    new_tokens: int

    @property
    def prior(self) -> str:
        """The text of the prior in the answer; empty without one."""
        given = self.continuation and self.text.endswith(self.continuation)
        return self.text.removesuffix(self.continuation) if given else self.text if self.prior_ids else ""

    @classmethod
    def without_ids(cls, item: str, text: str, model: str) -> Output:
        """Return a whole answer of something that has no token ids of the foundation's: a refined model, a baseline."""
        own = System("none", model=model)
        return cls(
            item,
            **asdict(own),
            prior_ids=[],
            new_ids=[],
            raw=text,
            text=text,
            continuation=text,
            stop="eos",
            new_tokens=0,
        )


Record = TypeVar("Record", Item, Prior, Output, Prediction)
Value = TypeVar("Value")


class ByItem(dict[str, Value]):
    """What belongs to items, by their ids. What is missing is an `InputError`: a file has lost lines.

    Attributes:
        what: What it is, and of which file.
    """

    def __init__(self, what: str, values: Mapping[str, Value] = MappingProxyType({})) -> None:
        """Take values, and what they are."""
        super().__init__(values)
        self.what = what

    def __missing__(self, item: str) -> Value:
        """Refuse."""
        raise InputError(f"item {item!r} has no {self.what}: its file has lost lines. {AGAIN}")


@contextmanager
def atomic(path: str | os.PathLike[str], mode: str = "w") -> Iterator[IO[Any]]:
    """Open a temporary file beside ``path`` and rename it to ``path`` once all is written and on disk.

    Raises:
        InputError: The file could not be written (a full disk, say); nothing is left behind.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, mode, encoding=None if "b" in mode else "utf-8") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(
            f"{path}: could not be written ({error.strerror or error}). Nothing was left half-written: "
            "free some space or mend the permissions, then run again."
        ) from error
    finally:
        Path(temporary).unlink(missing_ok=True)


def write_records(path: str | os.PathLike[str], records: Iterable[Record]) -> None:
    """Write records as JSON lines, atomically."""
    with atomic(path) as stream:
        for record in records:
            stream.write(json.dumps(asdict(record), ensure_ascii=False) + "\n")


def write_by_subset(path: str | os.PathLike[str], records: Mapping[str, Iterable[Record]]) -> None:
    """Write the records of several subsets to one file of JSON lines, atomically: each names its ``subset`` first."""
    with atomic(path) as stream:
        for subset, own in records.items():
            for record in own:
                stream.write(json.dumps({"subset": subset, **asdict(record)}, ensure_ascii=False) + "\n")


def read_records(path: str | os.PathLike[str], kind: type[Record], subset: str = "") -> list[Record]:
    """Read the records of one kind from a JSON lines file.

    Args:
        path: The file.
        kind: Their class.
        subset: Of a file with records of several subsets, the one to read.

    Raises:
        InputError: A line is not JSON or lacks or adds a key; the message names file and line. Or: no record is of
            the subset.
    """
    if subset:
        return read_subsets(path, kind, [subset])[subset]
    return [record for _, record in _read(path, kind, keyed=False)]


def read_subsets(path: str | os.PathLike[str], kind: type[Record], subsets: Iterable[str]) -> dict[str, list[Record]]:
    """Read the records of several subsets from one file, in one go.

    Args:
        path: The file, of `write_by_subset`.
        kind: The records' class.
        subsets: Those to return.

    Raises:
        InputError: As `read_records`.
    """
    found: dict[str, list[Record]] = {subset: [] for subset in subsets}
    for subset, record in _read(path, kind, keyed=True):
        if subset in found:
            found[subset].append(record)
    for subset, records in found.items():
        if not records:
            raise InputError(f"{path}: no record is of {subset}. {AGAIN}")
    return found


def _read(path: str | os.PathLike[str], kind: type[Record], keyed: bool) -> Iterator[tuple[str, Record]]:
    """Yield the records of a file, with their subset where lines are ``keyed`` by one."""
    expected = [f.name for f in fields(kind)]
    with open(path, "rb") as stream:  # not splitlines(): U+2028 may stand inside a text
        for number, raw in enumerate(stream, 1):
            line = decoded(raw, path, number, AGAIN)
            try:
                values = parsed(line)
                found = (values.pop("subset") if keyed else ""), kind(**values)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise InputError(
                    f"{path}, line {number}: not a {kind.__name__} record with the keys {', '.join(expected)} "
                    f"({error}). {AGAIN}"
                ) from error
            yield found


def decoded(raw: bytes, name: str | os.PathLike[str], line: int = 1, remedy: str = "Convert the file to UTF-8.") -> str:
    """Return UTF-8 as text.

    Args:
        raw: A line, or several.
        name: The file's name, for errors.
        line: The number of the first line.
        remedy: What to do where it is something else.

    Raises:
        InputError: It is something else; file and line are named.
    """
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        wide = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
        what = "it looks like UTF-16" if wide else f"{error.reason}: 0x{raw[error.start]:02x}"
        number = line + raw.count(b"\n", 0, error.start)
        raise InputError(f"{os.fspath(name)}, line {number}: not UTF-8 ({what}). {remedy}") from error


def parsed(text: str) -> Any:
    """Return what JSON holds.

    Raises:
        ValueError: It is not JSON, or half of a surrogate pair stands in it (U+D800 to U+DFFF), which no file can hold.
    """
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if "\\u" in text:  # only an escape can be one: text that is read has none
        json.dumps(value, ensure_ascii=False).encode()
    return value


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file, atomically."""
    with atomic(path) as stream:
        stream.write(text)


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write one JSON document, atomically, with sorted keys."""
    with atomic(path) as stream:
        stream.write(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


def read_json(path: str | os.PathLike[str]) -> Any:
    """Read one JSON document.

    Raises:
        InputError: Not JSON; the message names the file and, where it is known, the line.
    """
    text = decoded(Path(path).read_bytes(), path, remedy=RESTORE)
    try:
        return parsed(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {error.lineno}: not JSON ({error.msg}). {RESTORE}") from error
    except ValueError as error:
        raise InputError(f"{path}: not JSON that can be used ({error}). {RESTORE}") from error
