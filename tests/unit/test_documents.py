"""Parts of documents are made from files, and are those of the committed ones."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import yaml

from committed import ROOT, committed
from prefixyarn.documents import DOCUMENTS, sources, updated
from prefixyarn.errors import InputError
from prefixyarn.tables.headline import overview_lines
from prefixyarn.tables.overview import OverviewRow
from prefixyarn.tables.rows import read_rows

FOUND = [path for pattern in DOCUMENTS for path in sorted(ROOT.glob(pattern))]


@pytest.mark.parametrize("path", [path for path in FOUND if sources(path.read_text(encoding="utf-8"))], ids=str)
def test_documents_are_made_from_what_is_committed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if not committed(*(ROOT / name for name in sources(text))):
        pytest.skip("what it is made from is not as it is committed")
    assert text == updated(text, ROOT), "python scripts/update_documents.py"


def test_the_documents_with_numbers_have_such_parts() -> None:
    made = {path.relative_to(ROOT).as_posix() for path in FOUND if sources(path.read_text(encoding="utf-8"))}
    assert made >= {"README.md", "docs/findings.md", "docs/method.md", "docs/data.md", "benchmarks/README.md"}


def test_every_measured_table_is_shown() -> None:
    named = {name for path in FOUND for name in sources(path.read_text(encoding="utf-8"))}
    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "benchmarks/measured").iterdir()} <= named


def test_parts_are_tables_and_texts_and_the_rest_stays(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text('name,"a, b"\nx,1.5\ny,2 | 3\n')
    (tmp_path / "two.md").write_text("# Text\n\n")
    before = "Start\n<!-- from one.csv -->\n<!-- end -->\nMiddle\n\n<!-- from two.md -->\nold\n<!-- end -->\n"
    after = updated(before, tmp_path)
    assert after == (
        "Start\n<!-- from one.csv -->\n\n| name   | a, b   |\n|:-------|:-------|\n| x      | 1.5    |\n"
        "| y      | 2 \\| 3 |\n\n<!-- end -->\nMiddle\n\n<!-- from two.md -->\n\n# Text\n\n<!-- end -->\n"
    )
    assert updated(after, tmp_path) == after and sources(after) == ["one.csv", "two.md"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv: no such file or folder"):
        updated("<!-- from none.csv -->\n<!-- end -->\n", tmp_path)


def rows(path: str) -> list[dict[str, Any]]:
    return list(csv.DictReader((ROOT / path).read_text(encoding="utf-8").splitlines()))


def test_what_the_method_says_of_the_mixes_is_in_their_tables() -> None:
    """The only numbers of a run that stand within a sentence."""
    audit, training = (rows(f"results/mixes/tables/{name}.csv") for name in ("corpus_audit", "mixes_training"))
    pairs = {mix: sum(int(row["aligned"]) for row in audit if row["mix"] == mix) for mix in ("50-P", "50-P-pairs")}
    read = {row["cell"]: float(row["passes"]) for row in training}
    sft = yaml.safe_load((ROOT / "config/mixes.yaml").read_text(encoding="utf-8"))["translation"]["sft"]
    text = " ".join((ROOT / "docs/method.md").read_text(encoding="utf-8").split())
    for said in (
        f"{pairs['50-P']:,} in both directions, of which a model that reads {read['50-P']:.0%} of its mix".replace(
            "%", " %"
        ),
        f"sees some {round(pairs['50-P'] * read['50-P'], -1):,.0f}, fewer than SFT's {sft['steps'] * sft['batch']:,}.",
        f"all of the mix they are {round(pairs['50-P-pairs'], -3):,}.",
        f"the small models read {100 * read['50-P']:.0f} % of their mix once, the others all of it {read['50-P-pairs']:.2f} times",
    ):
        assert said in text, said


def test_shares_of_the_version_are_those_of_its_committed_runs() -> None:
    found = rows("benchmarks/measured/versions.csv")
    runs = [column for column in found[0] if column.startswith("0.2, ")]
    assert runs
    for column in runs:
        folder = ROOT / f"results/{column.removeprefix('0.2, ')}/tables"
        if not committed(folder):
            pytest.skip(f"{folder} is not as it is committed")
        lines = overview_lines(read_rows(folder / "overview.csv", OverviewRow))
        assert {(row["task"], row["prior"]): row[column] for row in found if row[column] != "–"} == {
            (task, prior): cell for prior, own in lines.items() for task, cell in own.items()
        }
