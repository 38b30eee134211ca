"""What mixes say of the paper's mechanism: formats, ranks and the verdicts by margins fixed beforehand."""

from __future__ import annotations

from typing import Any

import pytest

import tiny
from prefixyarn.analysis.mechanism import TailScore
from prefixyarn.analysis.mechanism.measure import Read
from prefixyarn.analysis.mechanism.table import Tails
from prefixyarn.analysis.mixes import SOURCES
from prefixyarn.analysis.mixes.measure import format_reads
from prefixyarn.analysis.mixes.table import format_rows
from prefixyarn.analysis.mixes.verdict import WHOLE, VerdictRow, verdict_rows, verdicts_markdown
from prefixyarn.findings.verdict import BORDERLINE, HOLDS, NOT, UNKNOWN
from prefixyarn.languages import Direction
from prefixyarn.metrics.bootstrap import draw_counts
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, System
from prefixyarn.systems import NONE, SFT

ITEMS = [f"item-{n}" for n in range(20)]
COUNTS = draw_counts(len(ITEMS), 200, 1).astype(float)
ORACLE = System("oracle", "", 2, "token")
CELLS: dict[str, dict[str, Any]] = {
    "50-P": {"share": 0.5, "arrangement": "P"},
    "50-U": {"share": 0.5, "arrangement": "U"},
    "50-M": {"share": 0.5, "arrangement": "M"},
    "0": {"share": 0, "arrangement": "U"},
    "more": {"share": 0.5, "arrangement": "P", "parallel": 0.3},
    "more-u": {"share": 0.5, "arrangement": "U", "parallel": 0.3},
}
# Source use alone, with the right opening, and of the SFT model.
Uses = tuple[float, float, float]
OPENS: dict[str, Uses] = {"50-P": (0.1, 0.5, 0.55), "50-U": (0.0, 0.0, 0.0), "50-M": (0.0, 0.0, 0.0)}


def tails(uses: Uses, spread: float = 0.02) -> Tails:
    """Return what would be measured of a model with these source uses, which differ a little from item to item."""
    scores = []
    for k, (system, use) in enumerate(zip((NONE, ORACLE, SFT), uses, strict=True)):
        for n, item in enumerate(ITEMS):
            own = use + (k + 1) * spread * (n % 2 - 0.5)
            scores += [TailScore(item, system, "", -1.0, 10, 10 * own - 30, 5, -15.0)]
            scores += [TailScore(item, system, other, -1.0, 10, -30.0, 5, -15.0) for other in ("x", "y")]
    return Tails(scores, ITEMS, COUNTS)


def judged(uses: dict[str, Uses], seed: int = 1, spread: float = 0.02) -> list[VerdictRow]:
    sources = {f"xs-{cell}": {"cell": cell, "size": "xs", "seed": seed} for cell in uses}
    return verdict_rows(
        sources, CELLS, {f"xs-{cell}": {"en-de": tails(own, spread)} for cell, own in uses.items()}, 0.04
    )


def whole(uses: dict[str, Uses], spread: float = 0.02) -> str:
    (found,) = (row.verdict for row in judged(uses, spread=spread) if row.part == WHOLE)
    return found


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, HOLDS),
        ({"50-P": (0.1, 0.5, 0.9)}, BORDERLINE),  # a prior does not reach 80 % of SFT
        ({"50-P": (0.5, 0.5, 0.55)}, NOT),  # a prior adds nothing
        ({"50-M": (0.0, 0.0, 0.2)}, NOT),  # SFT teaches where priors cannot
        ({"50-U": (0.0, 0.2, 0.2)}, BORDERLINE),  # a prior opens something without translations
        ({"50-U": (0.1, 0.5, 0.55)}, NOT),  # U is as P
        ({"50-P": (0.0, 0.0, 0.0), "50-U": (0.0, 0.0, 0.2)}, UNKNOWN),  # nothing to be opened, at this size
        # Between 0 and 0.03 "adds some" and "adds none" both are so: what refutes has its way.
        ({"50-P": (0.5, 0.515, 0.55)}, NOT),
        ({"50-U": (0.0, 0.0, 0.015)}, NOT),
    ],
)
def test_the_verdict_of_all_parts(change: dict[str, Uses], verdict: str) -> None:
    assert whole({**OPENS, **change}) == verdict


def test_an_interval_that_holds_a_margin_decides_nothing() -> None:
    assert whole(OPENS, spread=1.0) == UNKNOWN, "not even whether the SFT model uses the source"
    assert whole(OPENS, spread=0.3) == BORDERLINE
    parts = {row.part: row.verdict for row in judged({**OPENS, "50-U": (0.0, 0.03, 0.0)})}
    assert parts["prior adds U"] == BORDERLINE and parts["SFT adds U"] == HOLDS and parts["rises"] == HOLDS


def test_cells_are_judged_against_those_of_as_many_pairs() -> None:
    assert judged({"50-P": OPENS["50-P"], "0": OPENS["50-U"]}) == []
    assert judged({"more": OPENS["50-P"], "50-U": OPENS["50-U"]}) == []
    alone = judged({**OPENS, "more": (0.0, 0.0, 0.0)})
    assert alone == judged(OPENS) and {row.parallel for row in alone} == {0.04}
    beside = judged({**OPENS, "more": (0.0, 0.0, 0.0), "more-u": (0.0, 0.0, 0.0)})
    assert {(r.parallel, r.verdict) for r in beside if r.part == WHOLE} == {(0.04, HOLDS), (0.3, UNKNOWN)}


def test_seeds_are_the_units_where_there_are_several() -> None:
    uses = {
        1: {"50-P": (0.1, 0.4, 0.5), "50-U": (0.0, 0.0, 0.0)},
        2: {"50-P": (0.1, 0.6, 0.7), "50-U": (0.0, 0.0, 0.0)},
    }
    sources = {f"{cell} {n}": {"cell": cell, "size": "xs", "seed": n} for n in uses for cell in uses[n]}
    measured = {f"{cell} {n}": {"en-de": tails(own)} for n in uses for cell, own in uses[n].items()}
    rows = {row.part: row for row in verdict_rows(sources, CELLS, measured, 0.04)}
    rise = rows["rises"].value
    assert rise is not None and rows["rises"].seeds == 2
    assert rise.score == pytest.approx(0.4) and rise.high == pytest.approx(0.4 + 12.706 * 0.1, rel=1e-3)
    assert rows["rises"].verdict == BORDERLINE
    assert "over seeds of the training" in verdicts_markdown([*rows.values()])


def test_what_sft_adds_to_random_weights_is_its_floor() -> None:
    sources = {f"xs-{cell}": {"cell": cell, "size": "xs", "seed": 1} for cell in OPENS}
    uses = {**OPENS, "50-U": (0.0, 0.0, 0.2)}
    measured = {f"xs-{cell}": {"en-de": tails(own)} for cell, own in uses.items()}
    measured["random"] = {"en-de": tails((0.0, 0.0, 0.19))}
    rows = {r.part: r for r in verdict_rows(sources, CELLS, measured, 0.04, ["random"]) if r.kind == "oracle"}
    assert rows["SFT adds U"].verdict == NOT and rows["beyond U"].verdict == HOLDS
    beyond = rows["beyond U"].value
    assert beyond is not None and beyond.score == pytest.approx(0.01)
    assert rows[WHOLE].verdict == NOT, "it has no voice in the whole"


def test_the_verdicts_as_a_table() -> None:
    text = verdicts_markdown(judged(OPENS))
    heading, _, line = (row for row in text.split("\n") if row.startswith("|"))
    cells = dict(zip(map(str.strip, heading.split("|")), map(str.strip, line.split("|")), strict=True))
    assert cells["the paper's mechanism"] == HOLDS and cells["pairs"] == "4%" and cells["seeds"] == "1"
    assert cells["P: a prior adds some (at least 0)"].startswith("0.400 (") and "90.9" in line
    assert cells["U: SFT adds none (at most 0.03)"].endswith(": holds")
    assert "over items of one model each" in text and "post hoc" in text


def items(n: int) -> list[Item]:
    return [
        Item(f"{k}", f"the cat number {k} sleeps", f"die Katze Nummer {k} schläft heute sehr lange") for k in range(n)
    ]


def test_each_tail_is_read_after_sixteen_sources_in_every_format() -> None:
    tokenizer = tiny.tokenizer()
    prompts = [Prompt("labels", "{source_language}: {source}\n{target_language}:"), Prompt("into", "{source} =")]
    found = format_reads(tokenizer, prompts, Direction("en", "de"), items(20))
    assert len(found) == 2 * 20 * 3 * SOURCES
    by_tail: dict[tuple[str, System], list[Read]] = {}
    for read in found:
        by_tail.setdefault((read.item, read.system), []).append(read)
    for (item, system), reads in by_tail.items():
        others = [read.other for read in reads]
        assert others[0] == "" and len({*others}) == SOURCES and item not in others
        assert (
            len({read.request.prior for read in reads}) == 1 and len({read.request.prompt for read in reads}) == SOURCES
        )
        assert {read.request.unscored for read in reads} == {system.k}
    uses = [read.other for read in found if read.system == System("none", prompt="into")]
    assert {uses.count(f"{n}") for n in range(20)} == {SOURCES - 1}, "every source serves equally often"
    assert len(format_reads(tokenizer, prompts, Direction("en", "de"), items(5))) == 2 * 5 * 3 * 5


def test_how_often_the_own_source_ranks_first() -> None:
    system = System("none", prompt="into")
    scores = []
    for n, item in enumerate(ITEMS):
        scores += [TailScore(item, system, "", -1.0, 10, -20.0, 0, 0.0)]
        best = -25.0 if n < 15 else -20.0  # equally likely is not first
        scores += [TailScore(item, system, other, -1.0, 10, ll, 0, 0.0) for other, ll in (("x", -30.0), ("y", best))]
    sources = {"a": {"cell": "50-P", "size": "xs", "seed": 1}}
    (row,) = format_rows(sources, CELLS, {"a": {"en-de": Tails(scores, ITEMS, COUNTS)}}, "into")
    assert row.first is not None and row.first.score == 75 and row.first.low < 75 < row.first.high
    assert row.unseen and row.items == 20 and row.arrangement == "P"
    assert row.source_use is not None and row.source_use.score == pytest.approx((15 * 7.5 + 5 * 5) / 200)
