"""Write what documents say of the committed default run: docs/findings.md, and the README's numbers.

python scripts/update_documents.py

To be called after results/default was committed anew; tests compare both with its tables.
"""

from pathlib import Path

from prefixyarn.errors import run
from prefixyarn.findings.readme import updated
from prefixyarn.records import write_text

TABLES = Path("results/default/tables")


def main() -> None:
    write_text(Path("docs/findings.md"), (TABLES / "findings.md").read_text(encoding="utf-8"))
    write_text(Path("README.md"), updated(Path("README.md").read_text(encoding="utf-8"), TABLES))


if __name__ == "__main__":
    run(main)
