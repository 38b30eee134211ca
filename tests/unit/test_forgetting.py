from dataclasses import asdict

import pytest

from prefixyarn.analysis.forgetting import BASE, BitsRow
from prefixyarn.analysis.forgetting.table import cross_task_rows, forgetting_markdown
from prefixyarn.metrics.ngrams import CHRF
from prefixyarn.records import Item, Output, System
from prefixyarn.systems import NONE, SFT

ITEMS = {"en-de": [Item("1", "Two files", "Zwei Dateien")]}


def output(system: System, text: str) -> Output:
    return Output("1", **asdict(system), prior_ids=[], new_ids=[], raw="", text=text, continuation=text, stop="eos",
                  new_tokens=0)  # fmt: skip


@pytest.mark.parametrize("ks", [(1,), (1, 2), (1, 2, 4)])
def test_beside_the_sft_models_stand_the_headlines_priors(ks: tuple[int, ...]) -> None:
    refined = [System("refined", "", k, "token") for k in ks]
    likeliest = System("pseudo", "likeliest", 1, "token")
    systems = [NONE, System("pseudo", "first", 1, "token"), likeliest, *refined, System("oracle", "", 1, "token"), SFT]
    own = {"en-de": [output(system, "Zwei Dateien" if system == SFT else "Two") for system in systems]}
    tried = {"tagging": {"en-de": [output(SFT, "NOUN")]}}
    rows = cross_task_rows("m", "translation", CHRF, ITEMS, own, tried, 100, 1)
    k = max(k for k in ks if k <= 2)
    assert [(row.system.kind, row.system.k, row.trained_on) for row in rows] == [
        ("none", 0, ""),
        ("pseudo", 1, ""),
        ("refined", k, ""),
        ("none", 0, "translation"),
        ("none", 0, "tagging"),
    ]
    assert rows[1].system.variant == "first" and [row.score for row in rows[3:]] == [pytest.approx(100), 0]
    bits = [BitsRow("m", "de", 9, model, value) for model, value in ((BASE, 1.25), ("tagging", 1.5))]
    text = forgetting_markdown(bits, rows)
    assert "|   sft tagging |" in text and "1.250" in text and "1.500" in text
    assert "| pseudo first, 1 token " in text and f"| refined, {k} token{'s' if k > 1 else ''} " in text


def test_a_prior_that_not_every_subset_has_stands_not_beside() -> None:
    items = {**ITEMS, "en-fr": [Item("1", "Two files", "Deux fichiers")]}
    pseudo = System("pseudo", "first", 1, "token")
    own = {subset: [output(system, "Two") for system in (NONE, SFT)] for subset in items}
    own["en-de"].append(output(pseudo, "Zwei"))
    rows = cross_task_rows("m", "translation", CHRF, items, own, {}, 100, 1)
    assert [(row.system, row.subsets) for row in rows] == [(NONE, "en-de en-fr"), (SFT, "en-de en-fr")]
