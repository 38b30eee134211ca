"""What documents say of the committed default run is made from its tables."""

from __future__ import annotations

from committed import RESULTS, ROOT, as_committed
from prefixyarn.findings.readme import BEGIN, END, updated


@as_committed
def test_the_numbers_of_the_readme_are_those_of_the_committed_run() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text == updated(text, RESULTS / "tables"), "python scripts/update_documents.py"


def test_the_readme_has_a_place_for_numbers() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.index(BEGIN) < text.index(END)
