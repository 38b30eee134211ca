"""Make those parts of documents anew that are made from committed files: tables, findings, the README's numbers.

python scripts/update_documents.py

To be called after such a file changed (results/ of a committed run, benchmarks/measured/); a test compares them.
"""

from pathlib import Path

from prefixyarn.documents import DOCUMENTS, updated
from prefixyarn.errors import run
from prefixyarn.records import write_text


def main() -> None:
    for pattern in DOCUMENTS:
        for path in sorted(Path().glob(pattern)):
            write_text(path, updated(path.read_text(encoding="utf-8"), Path()))


if __name__ == "__main__":
    run(main)
