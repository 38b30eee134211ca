"""Methods that threads take turns in."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Concatenate, ParamSpec, Protocol, TypeVar


class Locked(Protocol):
    """What has a lock, which its thread may take again."""

    @property
    def lock(self) -> AbstractContextManager[bool]:
        """The lock."""


_Own = TypeVar("_Own", bound=Locked)
_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")


def in_turn(method: Callable[Concatenate[_Own, _Given], _Found]) -> Callable[Concatenate[_Own, _Given], _Found]:
    """Return a method that only one thread at a time is in."""

    @functools.wraps(method)
    def alone(self: _Own, /, *args: _Given.args, **given: _Given.kwargs) -> _Found:
        with self.lock:
            return method(self, *args, **given)

    return alone
