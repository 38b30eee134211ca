"""What a line of a file of records may hold: the keys of its class, each once, with values of their types."""

from __future__ import annotations

import json
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any

# By the type of a field, what a reader is told to expect.
EXPECTED: dict[Any, str] = {
    str: "text",
    int: "a whole number",
    bool: "true or false",
    list[int]: "a list of whole numbers",
    dict[str, str]: "an object of texts",
}
_TYPES: dict[type[Any], dict[str, Any]] = {}


def typed(kind: type[Any], values: Any, further: Mapping[str, type[Any]]) -> None:
    """Check that a line has what a class takes, and no more.

    Args:
        kind: The dataclass. Its fields are of types of `EXPECTED`; those with a factory need not be there.
        values: What the line holds.
        further: Keys beside the class's, with their types.

    Raises:
        ValueError: It has other keys, or values of other types.
    """
    if not isinstance(values, dict):
        raise ValueError(f"{_shown(values)} is no object")
    types = {**types_of(kind), **further}
    needed = [own.name for own in fields(kind) if own.default_factory is MISSING]
    for name in (*further, *needed):
        if name not in values:
            raise ValueError(f"no key {name!r}")
    for name, value in values.items():
        if name not in types:
            raise ValueError(f"unknown key {name!r}")
        if not _fits(value, types[name]):
            raise ValueError(f"{name!r} is {_shown(value)}, expected {EXPECTED[types[name]]}")


def types_of(kind: type[Any]) -> dict[str, Any]:
    """Return the types of a dataclass's fields, by name."""
    if kind not in _TYPES:  # they take long to find
        hints = typing.get_type_hints(kind)
        _TYPES[kind] = {own.name: hints[own.name] for own in fields(kind)}
    return _TYPES[kind]


def _fits(value: Any, wanted: Any) -> bool:
    """Tell whether a value is of a type of `EXPECTED`; to Python true is a whole number, too, and is none here."""
    if wanted == list[int]:
        return isinstance(value, list) and all(type(own) is int for own in value)
    if wanted == dict[str, str]:
        return isinstance(value, dict) and all(isinstance(own, str) for own in value.values())
    return type(value) is wanted


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _pairs(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key twice")
    return found


once = json.JSONDecoder(object_pairs_hook=_pairs).decode  # JSON whose objects have each key once
