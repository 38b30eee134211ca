"""Parts of documents that are made from committed files.

A document names the file behind each such part::

    <!-- from benchmarks/measured/rounding.csv -->
    (a table of its rows)
    <!-- end -->

A csv file becomes a table, and a Markdown file is put there as it is. A folder of a run's tables becomes the numbers
that the README shows, and one of runs their findings side by side (`findings.readme`).
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

from prefixyarn.errors import InputError
from prefixyarn.findings.readme import numbers, side_by_side
from prefixyarn.tables.render import markdown

DOCUMENTS = ("README.md", "CHANGELOG.md", "docs/*.md", "benchmarks/README.md")
_PART = re.compile(r"<!-- from (\S+) -->\n(.*?)<!-- end -->", re.DOTALL)


def sources(text: str) -> list[str]:
    """Return the files and folders that a document's parts are made from, as it names them."""
    return [match[1] for match in _PART.finditer(text)]


def updated(text: str, root: Path) -> str:
    """Return a document with its parts made anew.

    Args:
        text: The document.
        root: The folder that the names of files begin at.

    Raises:
        InputError: A file that it names is not there.
    """
    return _PART.sub(lambda match: f"<!-- from {match[1]} -->\n\n{_part(root / match[1])}\n\n<!-- end -->", text)


def _part(path: Path) -> str:
    if not path.exists():
        raise InputError(f"{path}: no such file or folder, but a part of a document is made from it.")
    if path.is_dir():
        return (numbers(path) if (path / "findings.csv").exists() else side_by_side(path)).strip()
    text = path.read_text(encoding="utf-8")
    return markdown(list(csv.DictReader(text.splitlines()))) if path.suffix == ".csv" else text.strip()
