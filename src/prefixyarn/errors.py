"""The one error class for input that a user can mend."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable


class InputError(Exception):
    """Bad input. The message names the file, line or key, what was expected and what to do."""


def run(main: Callable[[], None]) -> None:
    """Run a script's ``main``; an input error or a full disk ends it with one line and exit status 1."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        main()
    except (InputError, OSError) as error:
        sys.exit(f"error: {error}")
