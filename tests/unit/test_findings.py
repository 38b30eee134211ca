"""docs/findings.md says what the committed tables of the default run say."""

from __future__ import annotations

import csv
import re

from committed import RESULTS, ROOT, as_committed
from prefixyarn.tables.findings import findings, findings_markdown
from prefixyarn.tables.rows import read_csv

TABLES = RESULTS / "tables"
DOC = ROOT / "docs/findings.md"


pytestmark = as_committed
FROM = ("main", "summarization", "tagging", "agreement", "quality", "prior_units", "crossed", "resources")


def test_findings_follow_from_the_committed_tables() -> None:
    tables = {name: read_csv(TABLES / f"{name}.csv") for name in FROM}
    (foundation,) = {row["foundation"] for row in tables["main"]}
    rows = [{"foundation": foundation, **row} for row in findings(tables)]
    with open(TABLES / "findings.csv", encoding="utf-8", newline="") as stream:
        assert list(csv.DictReader(stream)) == rows
    text = (TABLES / "findings.md").read_text(encoding="utf-8")
    label = re.findall("claims, (.*)", text)[0]
    assert text == findings_markdown(rows, {foundation: label})


def test_the_document_has_the_tables_rows() -> None:
    table = [line for line in (TABLES / "findings.md").read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    text = DOC.read_text(encoding="utf-8")
    assert "\n".join(table) in text


def test_what_the_document_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", DOC.read_text(encoding="utf-8"))
    assert links and not [link for link in links if "://" not in link and not (DOC.parent / link).exists()]


def test_numbers_in_the_documents_prose_are_in_the_tables() -> None:
    """Every number with a decimal point stands in a table or, as a rounded value, in a csv."""
    prose = "\n".join(line for line in DOC.read_text(encoding="utf-8").splitlines() if not line.startswith("|"))
    known = "".join(path.read_text(encoding="utf-8") for path in TABLES.glob("*.md"))
    values = {f"{float(v):.1f}" for path in TABLES.glob("*.csv") for v in re.findall(r"-?\d+\.\d+", path.read_text())}
    found = re.findall(
        r"(?<![\w.])\d+\.\d(?![\w.]\d)", re.sub(r"arXiv \d+\.\d+|§ ?\d+\.\d|[Ss]ections? \d+\.\d", "", prose)
    )
    assert not [number for number in found if number not in known and number not in values]
