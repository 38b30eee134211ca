"""Findings follow from tables by claims.yaml; those of the committed runs do."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from committed import committed_run
from prefixyarn.analysis.agreement.table import AgreementRow
from prefixyarn.analysis.mechanism.table import MechanismRow, SplitRow
from prefixyarn.analysis.prior_quality.table import QualityRow
from prefixyarn.findings.claims import load
from prefixyarn.findings.measures import MEASURES, score
from prefixyarn.findings.primary import PrimaryRow, primary_markdown
from prefixyarn.findings.readme import fixed_tests, side_by_side
from prefixyarn.findings.table import ROWS, FindingRow, findings
from prefixyarn.findings.text import document
from prefixyarn.findings.verdict import BORDERLINE, HOLDS, MEASURED, NOT, NOT_WHOLE, PARTLY, UNKNOWN
from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.records import System
from prefixyarn.systems import DRAWS, NONE
from prefixyarn.tables.groups import GroupRow
from prefixyarn.tables.rows import ScoreRow, read_rows, write_rows

CLAIMS = load()


def around(value: float, spread: float = 5) -> Interval:
    return Interval(value, value - spread, value + spread)


def chrf_row(kind: str, share: float, variant: str = "", **fields: Any) -> ScoreRow:
    system = NONE if kind == "none" else System(kind, variant, 2, "token")
    values = {"share": around(share), "recovery": around(2 * share - 100), "gain": around((share - 50) / 2, 2)}
    system = fields.pop("system", system)
    return ScoreRow("m", "chrF++", system, "test", "", 0, "", 32, **{"score": around(share / 2, 2), **values, **fields})


def found(tables: dict[str, list[Any]]) -> dict[str, FindingRow]:
    rows = findings(CLAIMS, "m", tables)
    return {row.claim.split("(")[0].strip(): row for row in rows}


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (chrf_row("pseudo", 81), HOLDS),  # its lower end, 76, is within ten points of 85.4
        (chrf_row("pseudo", 80), BORDERLINE),  # 75 to 85 holds the margin
        (chrf_row("pseudo", 70, recovery=Interval(60, 52, 68)), PARTLY),  # below, but half of the gap is closed
        (chrf_row("pseudo", 70, recovery=Interval(55, 45, 65)), NOT_WHOLE),
        (chrf_row("pseudo", 70, recovery=Interval(40, 30, 49)), NOT),
        (chrf_row("refined", 94), HOLDS),
        (chrf_row("refined", 80, recovery=Interval(60, 52, 68)), PARTLY),
        (chrf_row("random-content", 60, gain=Interval(-4, -8, -1)), HOLDS),  # no help: harm is none
        (chrf_row("random-content", 60, gain=Interval(0, -3, 3)), BORDERLINE),  # no difference found shows nothing
        (chrf_row("random-content", 60, gain=Interval(4, 2, 6)), NOT),
        (chrf_row("oracle", 96, same_prior=Interval(98, 96, 101)), HOLDS),
        (chrf_row("oracle", 96, same_prior=Interval(98, 91, 105)), BORDERLINE),
        (chrf_row("oracle", 90, same_prior=Interval(88, 82, 94)), PARTLY),
        (chrf_row("oracle", 70, same_prior=Interval(70, 66, 75)), NOT),
    ],
)
def test_verdicts_follow_the_margins(row: ScoreRow, verdict: str) -> None:
    rest = replace(row, without_k=2, without_unit="token")  # what follows the prior
    rows = findings(CLAIMS, "m", {"translation": [chrf_row("none", 50), row, rest]})
    assert [r.verdict for r in rows if f"`{row.system.kind}`" in r.claim and row.system.kind in r.claim] == [verdict]


def test_a_finding_names_the_margins_that_it_is_judged_by() -> None:
    rows = found({"translation": [chrf_row("none", 50), chrf_row("refined", 94), chrf_row("random-content", 60)]})
    assert rows["Refined priors reach it"].margin == (
        "at least 88.8; in part at least 50 % of the way from the foundation alone to SFT"
    )
    assert len(rows) == 3 and all(row.says.endswith(f"Margin: {row.margin}.") for row in rows.values())


def test_at_the_floor_nothing_is_told() -> None:
    row, constant = chrf_row("refined", 94), chrf_row("none", 60, system=System("none", model="commonest-tag"))
    cut = [replace(own, without_k=2, without_unit="token", score=around(20)) for own in (row, constant)]
    (found_,) = [
        r
        for r in findings(CLAIMS, "m", {"tagging": [chrf_row("none", 90), row, constant, *cut]})
        if "`refined`" in r.claim
    ]
    assert found_.verdict == UNKNOWN and "constant" in found_.says


def test_random_kinds_are_judged_by_the_mean_of_their_draws() -> None:
    draws = [chrf_row("random-function", share, f"draw-{n}") for n, share in ((1, 90), (2, 30))]
    rows = [chrf_row("none", 50), *draws, chrf_row("random-function", 60, DRAWS)]
    measured = score(rows, "random-function", "share")
    assert measured and measured.value == around(60)


def test_statements_of_no_difference_say_at_which_n_they_could_be_shown() -> None:
    (row,) = [
        row
        for row in findings(
            CLAIMS, "m", {"translation": [chrf_row("none", 50), chrf_row("random-function", 50, gain=around(0, 2))]}
        )
        if "Random function" in row.claim
    ]
    assert row.verdict == BORDERLINE and row.needed == 128 and "128 items a direction" in row.says
    outside = chrf_row("random-function", 50, gain=Interval(1.5, -1, 4))
    (row,) = [
        r for r in findings(CLAIMS, "m", {"translation": [chrf_row("none", 50), outside]}) if "Random f" in r.claim
    ]
    assert row.needed is None and "No number of items would show it" in row.says


def test_claims_about_what_a_run_lacks_are_left_out() -> None:
    rows = found({"translation": [chrf_row("none", 50)]})
    assert list(rows) == ["The foundation alone stays far below its SFT model"]
    assert rows["The foundation alone stays far below its SFT model"].paper == "52.5 %"


def test_the_papers_figures_are_of_translation_alone() -> None:
    tables = {name: [chrf_row("none", 50)] for name in ("translation", "other_directions", "tagging")}
    assert [row.paper for row in findings(CLAIMS, "m", tables)] == ["52.5 %", "–", "–"]


def test_two_mechanisms_are_told_apart() -> None:
    def group(kind: str, name: str, gain: Interval) -> GroupRow:
        return GroupRow(
            "m", "directions", name, "en-de", 80, 16, System(kind, "", 2, "token"), around(30), gain, None, 0.1, 0.1
        )

    rows = found(
        {
            "translation_groups": [
                group("refined", "mostly on target", around(6, 3)),
                group("random-function", "mostly on target", around(-10, 3)),
                group("random-function", "mostly off target", around(7, 2)),
            ],
            "mechanism": [
                MechanismRow("m", "", System("refined", "", 2, "token"), 56, 0, 500, around(-3), *_nats(0.2, 0.1)),
                MechanismRow(
                    "m", "", System("random-content", "draw-1", 2, "token"), 56, 0, 500, around(-3), *_nats(0, 0.02)
                ),
            ],
            "mechanism_split": [SplitRow("m", "", 2, "language", 56, around(0.4, 0.1), None, around(1, 0.5))],
        }
    )
    assert (
        rows["Where at least half of the foundation's own answers are in the target language, refined priors"].verdict
        == HOLDS
    )
    switch = next(
        row for claim, row in rows.items() if claim.startswith("Where the foundation alone answers mostly in an")
    )
    assert switch.verdict == NOT and "the language itself" in switch.says
    assert rows["Where it answers in the target language, random words do no harm"].verdict == NOT
    assert rows["Random content words"].verdict == HOLDS
    assert (
        "1.00 (0.50–1.50) nats with 2 tokens"
        in rows["An opening in the right language makes the next token of the reference likelier"].says
    )
    assert "per token" in rows["And the tokens after that one"].says


def _nats(value: float, spread: float) -> tuple[Any, ...]:
    own = around(value, spread)
    return own, own, own, own, own, around(90)


def test_every_claim_can_be_measured_and_told() -> None:
    ids = [claim.id for claim in CLAIMS.claims]
    assert len(ids) == len({*ids})
    for claim in CLAIMS.claims:
        assert claim.measure["of"] in MEASURES and {*claim.tables} <= {*ROWS}, claim.id
        assert claim.section in CLAIMS.sections and (claim.part or {*claim.tables} <= {*CLAIMS.tasks}), claim.id
        assert "{here}" in claim.says and not (claim.partly and not claim.holds), claim.id
        assert {*claim.then} <= {HOLDS, PARTLY, NOT, NOT_WHOLE, BORDERLINE, MEASURED}, claim.id
    for test in CLAIMS.tests:
        assert test.better != test.than
    assert 3 <= len(CLAIMS.tests) <= 4 and all(re.fullmatch("[0-9a-f]{12}", own) for own in CLAIMS.decoded_before)


def test_the_document_is_made_of_the_findings() -> None:
    rows = findings(CLAIMS, "m", {"translation": [chrf_row("none", 50), chrf_row("refined", 94)]})
    text = document(CLAIMS, rows, "a-run", {"m": "The model"})
    assert "`a-run`" in text and "The model" in text and all(row.says in text for row in rows)
    assert "## How far priors bring the foundation" in text and "## Controls" not in text


@pytest.mark.parametrize("folder", [committed_run(run) for run in ("default", "full", "flores", "low_resource")])
def test_findings_follow_from_the_committed_tables(folder: Path) -> None:
    own = folder / "tables"
    there = {name: kind for name, kind in ROWS.items() if (own / f"{name}.csv").exists()}
    tables = {name: read_rows(own / f"{name}.csv", kind) for name, kind in there.items()}
    (foundation,) = {row.foundation for row in tables["translation"]}
    rows = findings(CLAIMS, foundation, tables)
    # The csv has four decimals, from which a limit's number of items may differ.
    kept = [(row.claim, row.verdict, row.here) for row in read_rows(own / "findings.csv", FindingRow)]
    assert kept == [(row.claim, row.verdict, row.here) for row in rows]
    tests = primary_markdown(read_rows(own / "primary.csv", PrimaryRow), CLAIMS.version)
    label = re.findall("paper's claims, (.*)", (own / "findings.md").read_text(encoding="utf-8"))[0]
    read = read_rows(own / "findings.csv", FindingRow)
    made = document(CLAIMS, read, folder.name, {foundation: label}, tests)
    assert (own / "findings.md").read_text(encoding="utf-8") == made


def test_rows_of_agreement_are_looked_up_by_what_is_read() -> None:
    assert AgreementRow in ROWS.values() and MEASURES["agreement"]([], "sft", "top_10") is None


def quality_row(k: int, found: float, covered: float = 0.1, level: float | None = 60) -> QualityRow:
    one = around(20)
    below = (level, level and level - 10, level and level + 10, found)
    return QualityRow("m", 8, k, "other-item", 0, one, one, 50, 20, 20, covered, one, 0.5, 20, *below, *below)


def test_a_threshold_is_named_only_where_resamples_have_one() -> None:
    rows = [quality_row(1, 0.65), quality_row(2, 0, level=None), quality_row(4, 1), quality_row(8, 1, covered=0.54)]
    rows.append(quality_row(6, 0.99, level=0))
    measured = MEASURES["threshold"](rows)
    assert measured and measured.here.split("; ") == [
        "of 1 word worse than no prior nowhere for certain (from 60 % wrong on, but in 65 % of resamples alone)",
        "of 2 words worse than no prior nowhere (somewhere in 0 % of resamples)",
        "of 4 words worse than no prior from 60 % wrong on (50–70)",
        "of 6 words worse than no prior from 0 % wrong on (0–0)",
    ]


def test_findings_say_of_how_many_items_they_are() -> None:
    rows = findings(CLAIMS, "m", {"translation": [chrf_row("none", 50), chrf_row("refined", 94)]})
    assert {row.n for row in rows} == {32}


def test_the_readme_has_the_claims_of_all_committed_runs_side_by_side(tmp_path: Path) -> None:
    def group(name: str, gain: Interval) -> GroupRow:
        prior = System("refined", "", 2, "token")
        return GroupRow("m", "directions", name, "en-de", 9, 9, prior, around(30), gain, None, 0.1, 0.1)

    for run, gain in (("full", 5.0), ("flores", -4.0), ("mine", 9.0)):
        own: dict[str, list[Any]] = {
            "translation": [chrf_row("none", 50)],
            "translation_groups": [group("mostly on target", around(gain, 2))],
        }
        tables = tmp_path / run / "tables"
        tables.mkdir(parents=True)
        write_rows(tables / "translation.csv", own["translation"], ScoreRow)
        write_rows(tables / "findings.csv", findings(CLAIMS, "m", own), FindingRow)
    head, _, *rows = side_by_side(tmp_path).splitlines()
    assert [cell.strip() for cell in head.split("|")][2:4] == [
        "full (n = 32)",
        "flores (n = 32)",
    ] and "mine" not in head
    (row,) = [[cell.strip() for cell in row.split("|")] for row in rows if "mostly on target" in row]
    assert row[2:4] == ["5.0 (3.0–7.0), n = 9: holds", "−4.0 (−6.0 to −2.0), n = 9: does not hold"]
    assert len([row for row in rows if "–" in row.split("|")[2].strip()[:1]]) == len(rows) - 1, "what a run lacks"


def test_the_readme_has_the_tests_that_were_fixed_and_made() -> None:
    def test(n: int, difference: Interval | None) -> PrimaryRow:
        p = 0.01 if difference else None
        return PrimaryRow("m", "own", "It helps", "own", "none", "en-de", n, difference, p, p)

    assert "- It helps: 3.0 (2.0–4.0) chrF++, n = 31, p 0.0100." in fixed_tests([test(31, Interval(3, 2, 4))])
    assert fixed_tests([test(3, None)]) == ""
