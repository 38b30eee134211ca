from pathlib import Path

import pytest

from prefixyarn.tables.by_direction import by_direction_markdown, by_direction_notes, by_direction_rows
from prefixyarn.tables.rows import ScoreRow, read_rows, row_of, write_rows
from prefixyarn.tables.task import task_rows
from scored import DIRECTIONS, RESAMPLES, SYSTEMS, TRANSLATION, scored


@pytest.fixture(scope="module")
def rows() -> list[ScoreRow]:
    return by_direction_rows(task_rows(TRANSLATION, {"m": scored()}, RESAMPLES, 1))


def test_rows_are_of_whole_answers(rows: list[ScoreRow], tmp_path: Path) -> None:
    assert len(rows) == 2 * 5 * (1 + 2 + 1) and not any(row.without_k for row in rows)
    write_rows(tmp_path / "x.csv", rows, ScoreRow)
    read = read_rows(tmp_path / "x.csv", ScoreRow)
    assert [r.score.score for r in read] == pytest.approx([r.score.score for r in rows], abs=1e-4)


def test_rendering(rows: list[ScoreRow]) -> None:
    text = by_direction_markdown(rows, list(DIRECTIONS), {"m": "model (label)"})
    assert "### chrF++, model (label)" in text and "### BLEU, model (label)" in text
    line = next(line for line in text.splitlines() if "| oracle" in line)
    own = [row for row in rows if row.metric == "chrF++"]
    assert f"{row_of(own, SYSTEMS['oracle'], 'en-de').score.score:.1f}" in line and "*" in line and "2 tokens" in line
    assert f"{row_of(own, SYSTEMS['oracle'], domain='out_of_domain').score.score:.1f}" in line


def test_notes() -> None:
    choices = {"m": {"chosen": "labels", "n": 3, "scores": {}}}
    notes = by_direction_notes({"m": scored()}, choices, RESAMPLES, "gramps", induced=True)
    assert "seen parallel data" in notes and "10,000 resamples" in notes and "tok:zh" in notes
    assert "seen parallel data" not in by_direction_notes({"m": scored()}, choices, RESAMPLES, "gramps", induced=False)
