"""The records that flow through the pipeline, and how they are read and written.

Every file is JSON lines (one record a line) or JSON, UTF-8, keys in a fixed order, written to a temporary
name in the same folder and then renamed: a killed job or a full disk leaves no half-written file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from prefixyarn.errors import InputError
from prefixyarn.git_lfs import check_brought
from prefixyarn.record_line import once, typed, types_of
from prefixyarn.writing import atomic

AGAIN = "Remove the file, so that the pipeline makes it again."
RESTORE = "Get the file again: remove it where the pipeline makes it, else restore it."


@dataclass(frozen=True)
class Item:
    """One test, dev or training example: a source text and its reference translation."""

    id: str
    source: str
    target: str
    meta: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> Hashable:
        """What a file has once."""
        return self.id


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

    def __str__(self) -> str:
        """Return its fields in a line, for errors."""
        return " ".join(
            str(value) for value in (self.model, self.prompt, self.kind, self.variant, self.k, self.unit) if value
        )


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

    @property
    def key(self) -> Hashable:
        """What a file has once."""
        return self.item, self.system


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

    @property
    def key(self) -> Hashable:
        """What a file has once."""
        return self.item


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


def read_records(
    path: str | os.PathLike[str], kind: type[Record], subset: str = "", may_be_empty: bool = False
) -> list[Record]:
    """Read the records of one kind from a JSON lines file.

    Args:
        path: The file.
        kind: Their class.
        subset: Of a file with records of several subsets, the one to read.
        may_be_empty: Whether the file may have no records: a run need not have items out of its domain.

    Raises:
        InputError: A line is not JSON, lacks or adds a key, has a value of another type, or is of an item that an
            earlier line is of; the message names file, line and item. Or: there are no records, or none of the subset.
    """
    if subset:
        return read_subsets(path, kind, [subset])[subset]
    found = [record for _, record in _read(path, kind, keyed=False)]
    if not found and not may_be_empty:
        raise InputError(f"{path}: empty, expected a {kind.__name__} record a line. {AGAIN}")
    return found


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


def check_answered(
    path: str | os.PathLike[str],
    records: Iterable[Prior | Prediction | Output],
    items: Iterable[Item],
    systems: Iterable[System] = (),
    others: bool = False,
) -> None:
    """Check that what was read from a file fits the items: each has a record, and that of each system there is.

    Args:
        path: The file, for errors.
        records: Its records, of one subset.
        items: The items.
        systems: Systems that it must have, beside those that it has.
        others: Whether it may have records of other items.

    Raises:
        InputError: A record lacks, or is of an unknown item; file, item and system are named.
    """
    found: dict[System | None, set[str]] = {system: set() for system in systems}
    for record in records:
        found.setdefault(None if isinstance(record, Prediction) else record.system, set()).add(record.item)
    wanted = dict.fromkeys(item.id for item in items)
    for system, known in (found or {None: set[str]()}).items():
        of = f" of {system}" if system else ""
        if lacking := [item for item in wanted if item not in known]:
            more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
            raise InputError(f"{os.fspath(path)}: no record{of} for the item {lacking[0]!r}{more}. {AGAIN}")
        if not others and (unknown := known - wanted.keys()):
            raise InputError(
                f"{os.fspath(path)}: a record{of} for the item {min(unknown)!r}, which is not among the items. Remove "
                "the file, or that of the items where lines are lost, so that the pipeline makes it again."
            )


def _read(path: str | os.PathLike[str], kind: type[Record], keyed: bool) -> Iterator[tuple[str, Record]]:
    """Yield the records of a file, with their subset where lines are ``keyed`` by one."""
    lines: dict[Hashable, int] = {}
    with open(path, "rb") as stream:  # not splitlines(): U+2028 may stand inside a text
        for number, raw in enumerate(stream, 1):
            line, values = decoded(raw, path, number, AGAIN), None
            try:
                values = parsed(line, once)
                typed(kind, values, {"subset": str} if keyed else {})
                if not values.get("id", values.get("item")).strip():
                    raise ValueError("its id is empty")
                subset = values.pop("subset") if keyed else ""
                record = kind(**values)
                first = lines.setdefault((subset, record.key), number)
                if first != number:
                    raise ValueError(f"a second one, after that of line {first}")
            except ValueError as error:
                named = values.get("id", values.get("item")) if isinstance(values, dict) else None
                item = f"item {named!r}: " if isinstance(named, str) else ""
                raise InputError(
                    f"{os.fspath(path)}, line {number}: not a {kind.__name__} record with the keys "
                    f"{', '.join(types_of(kind))} ({item}{error}). {AGAIN}"
                ) from error
            yield subset, record


def decoded(raw: bytes, name: str | os.PathLike[str], line: int = 1, remedy: str = "Convert the file to UTF-8.") -> str:
    """Return UTF-8 as text.

    Args:
        raw: A line, or several.
        name: The file's name, for errors.
        line: The number of the first line.
        remedy: What to do where it is something else.

    Raises:
        InputError: It is something else, or git's pointer to the file; file and line are named.
    """
    if line == 1:
        check_brought(raw, name)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        wide = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
        what = "it looks like UTF-16" if wide else f"{error.reason}: 0x{raw[error.start]:02x}"
        number = line + raw.count(b"\n", 0, error.start)
        raise InputError(f"{os.fspath(name)}, line {number}: not UTF-8 ({what}). {remedy}") from error


def parsed(text: str, decode: Callable[[str], Any] = json.loads) -> Any:
    """Return what JSON holds.

    Args:
        text: The JSON.
        decode: How it is read.

    Raises:
        ValueError: It is not JSON, or half of a surrogate pair stands in it (U+D800 to U+DFFF), which no file can hold.
    """
    try:
        value = decode(text)
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


def read_json(path: str | os.PathLike[str], *keys: str) -> Any:
    """Read one JSON document.

    Args:
        path: The file.
        keys: Keys that it must have; without any, it may be of any form.

    Raises:
        InputError: Not JSON, or a key lacks; the message names the file and, where it is known, the line.
    """
    text = decoded(Path(path).read_bytes(), path, remedy=RESTORE)
    try:
        value = parsed(text)
    except json.JSONDecodeError as error:
        where = f"{path}, line {error.lineno}, column {error.colno}"
        raise InputError(f"{where}: not JSON ({error.msg}). {RESTORE}") from error
    except ValueError as error:
        raise InputError(f"{path}: not JSON that can be used ({error}). {RESTORE}") from error
    if lacking := [key for key in keys if not isinstance(value, dict) or value.get(key) is None]:
        raise InputError(f"{path}: expected an object with the key {lacking[0]!r}. {RESTORE}")
    return value
