"""The command ``prefixyarn``: a base model on one's own text, and looking into what a prior changes."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.callback()
def main() -> None:
    """Get a base model to answer in the right language, without training it."""


def run() -> None:
    """Run the command; an input error ends it with one line and exit status 1."""
    app()
