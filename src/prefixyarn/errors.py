"""The one error class for input that a user can mend."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable


class InputError(Exception):
    """Bad input. The message names the file, line or key, what was expected and what to do."""


def first_line(error: Exception) -> str:
    """Return the first line of what a library's error says, or the error's name where it says nothing.

    Where that line ends with a colon, the next one belongs to it.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return " ".join(lines[: 1 + lines[0].endswith(":")])


def named(error: Exception) -> str:
    """Return the first line of what a library's error says, after the error's name where that tells more."""
    own = isinstance(error, (OSError, ValueError, RuntimeError))
    return first_line(error) if own else f"{type(error).__name__}: {first_line(error)}"


def told(error: InputError | OSError) -> str:
    """Return the line that a program ends with; of a file that is not there the name stands first, as in others."""
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"error: {error.filename}: no such file or folder. Put it there, or name another."
    return f"error: {error}"


def run(main: Callable[[], None]) -> None:
    """Run a script's ``main``; an input error or a full disk ends it with one line and exit status 1."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        main()
    except (InputError, OSError) as error:
        sys.exit(told(error))
