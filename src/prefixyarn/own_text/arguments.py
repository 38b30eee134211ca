"""What a caller may give: each argument is looked at once, where it comes in."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Mapping, Set
from typing import Any

from prefixyarn.data.text_lines import visible
from prefixyarn.errors import InputError


def text_of(given: Any, name: str) -> str:
    """Return a text.

    Raises:
        InputError: It is something else, or half of a surrogate pair stands in it, which no model can read.
    """
    if not isinstance(given, str):
        raise InputError(f"{name}: expected a text (str), got {_shown(given)}")
    if not given.isascii() and any("\ud800" <= c <= "\udfff" for c in given):
        raise InputError(f"{name}: not UTF-8, for half of a surrogate pair stands in it. Convert it to UTF-8")
    return str(given)


def texts_of(given: Any, name: str) -> list[str]:
    """Return texts, or one, as a list.

    Args:
        given: What the caller gave.
        name: What one of them is called.

    Raises:
        InputError: They have no order, or one of them is no text; it is named by its number, from 1.
    """
    if isinstance(given, str):
        return [text_of(given, f"{name} 1")]
    if not isinstance(given, Iterable) or isinstance(given, bytes | bytearray | Mapping | Set):
        raise InputError(f"{name}s: expected a text or a list of texts, got {_shown(given)}")
    return [text_of(own, f"{name} {n}") for n, own in enumerate(given, 1)]


def count_of(given: Any, name: str) -> int:
    """Return a whole number of at least 1.

    Raises:
        InputError: It is something else.
    """
    try:
        found = 0 if isinstance(given, bool) else operator.index(given)
    except TypeError:
        found = 0
    if found < 1:
        raise InputError(f"{name}: expected a whole number of at least 1, got {_shown(given)}")
    return found


def name_of(given: Any, name: str, path: bool = True) -> None:
    """Check the name of something, if it is given.

    Args:
        given: What the caller gave.
        name: What it is called.
        path: Whether it may be a path.

    Raises:
        InputError: It is no text (nor a path), or nothing can be seen in it.
    """
    if given is None:
        return
    if not isinstance(given, (str, os.PathLike) if path else str):
        raise InputError(f"{name}: expected a text{' or a path' * path}, got {_shown(given)}")
    if not visible(os.fspath(given)):
        raise InputError(f"{name}: empty. Give one, or leave it out")


def _shown(given: Any) -> str:
    """Return a value for an error: what it is, and how it begins."""
    shown = " ".join(repr(given).split())
    return f"{shown[:60]}{'…' * (len(shown) > 60)} ({type(given).__name__})"
