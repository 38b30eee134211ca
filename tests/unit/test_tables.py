import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF

import tiny
from prefixyarn.metrics.faults import LanguageDetector
from prefixyarn.metrics.prompts import choose
from prefixyarn.metrics.units import score_unit
from prefixyarn.records import Item, Output
from prefixyarn.tables import (
    prompt_rows,
    translation_markdown,
    translation_notes,
    translation_rows,
    write_csv,
)

UNITS = {"en-de": 1, "en-zh": 2}
RESAMPLES = 10_000


def output(item: Item, kind: str, text: str, prior: int, prompt: str = "labels") -> Output:
    ids = list(range(prior))
    return Output(
        item.id,
        "m",
        prompt,
        kind,
        "",
        prior,
        "token" if prior else "",
        ids,
        [7, 8],
        text,
        text,
        text,
        "newline",
        2,
    )


def unit(column: int) -> dict[str, Any]:
    corpus = tiny.parallel(5, 12)
    items = [Item(str(n), s[0], s[column]) for n, s in enumerate(corpus)]
    domains = {"test": items[:8], "out_of_domain": items[8:]}
    outputs = []
    for item in items:
        half = item.target[: len(item.target) // 2]
        outputs += [
            output(item, "none", item.source, 0),
            output(item, "oracle", half, 2),
            output(item, "pseudo", "", 1),
        ]
    scored = score_unit(
        domains, outputs, "de" if column == 1 else "zh", LanguageDetector(["en", "de", "zh"]), RESAMPLES, 1
    )
    return {"items": domains, "outputs": outputs, "scores": scored}


@pytest.fixture(scope="module")
def units() -> dict[str, Any]:
    return {name: unit(column) for name, column in UNITS.items()}


@pytest.fixture(scope="module")
def rows(units: dict[str, Any]) -> list[dict[str, Any]]:
    return translation_rows({"m": {name: u["scores"] for name, u in units.items()}}, RESAMPLES, 1)


def test_every_cell_equals_sacrebleu_on_the_outputs(units: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    assert len(rows) == 6
    for row in rows:
        means: dict[str, list[float]] = {"test": [], "out_of_domain": []}
        for name, made in units.items():
            bleu = BLEU(tokenize="zh" if name == "en-zh" else "13a")
            scorer = CHRF(word_order=2) if row["metric"] == "chrF++" else bleu
            for domain, items in made["items"].items():
                texts = {o.item: o.text for o in made["outputs"] if o.kind == row["kind"]}
                expected = scorer.corpus_score([texts[i.id] for i in items], [[i.target for i in items]]).score
                means[domain].append(expected)
                if domain == "test":
                    assert row[name] == pytest.approx(expected)
                    assert row[f"{name} low"] <= row[name] + 1e-9
        assert row["mean"] == pytest.approx(np.mean(means["test"]))
        assert row["out of domain"] == pytest.approx(np.mean(means["out_of_domain"]))
        assert row["n"] == 8 and row["n out of domain"] == 4
        assert row["prior tokens"] == {"none": 0, "oracle": 2, "pseudo": 1}[row["kind"]]


def test_order_tests_and_faults(rows: list[dict[str, Any]]) -> None:
    chrf = {r["kind"]: r for r in rows if r["metric"] == "chrF++"}
    assert list(chrf) == ["none", "oracle", "pseudo"]
    assert chrf["none"]["mean p"] is None
    assert chrf["oracle"]["mean p"] < 0.01 and chrf["oracle"]["mean low"] > chrf["none"]["mean high"]
    assert chrf["none"]["off_target"] == chrf["none"]["copied"] == 1
    assert chrf["oracle"]["off_target"] == chrf["oracle"]["copied"] == 0
    assert chrf["pseudo"]["empty"] == 1 and chrf["pseudo"]["off_target"] is None


def test_rendering(units: dict[str, Any], rows: list[dict[str, Any]], tmp_path: Path) -> None:
    text = translation_markdown(rows, list(UNITS), {"m": "model (label)"})
    assert "### chrF++, model (label)" in text and "### BLEU, model (label)" in text
    line = next(line for line in text.splitlines() if line.startswith("| oracle"))
    assert f"{rows[1]['en-de']:.1f}" in line and "*" in line and "2 tokens" in line
    write_csv(tmp_path / "x.csv", rows)
    with open(tmp_path / "x.csv") as stream:
        read = list(csv.DictReader(stream))
    assert [float(r["mean"]) for r in read] == pytest.approx([r["mean"] for r in rows], abs=1e-4)
    choices = {"m": {"chosen": "labels", "n": 3, "scores": {}}}
    scores = {"m": {name: u["scores"] for name, u in units.items()}}
    notes = translation_notes(scores, choices, RESAMPLES, "gramps", induced=True)
    assert "seen parallel data" in notes and "10,000 resamples" in notes and "tok:zh" in notes
    assert "seen parallel data" not in translation_notes(scores, choices, RESAMPLES, "gramps", induced=False)


def test_the_best_prompt_on_dev_is_chosen() -> None:
    items = [Item(str(n), e, g) for n, (e, g, _) in enumerate(tiny.parallel(6, 4))]
    prompts = [{"name": name, "text": "{source}"} for name in ("bad", "good", "good-too")]
    outputs = [
        output(i, "none", i.target if p["name"] != "bad" else i.source, 0, p["name"]) for p in prompts for i in items
    ]
    choice = choose(prompts, {"en-de": (items, outputs)})
    assert choice["chosen"] == "good" and choice["prompt"] == prompts[1] and choice["n"] == 4
    assert choice["scores"]["good"]["mean"] == 100 > choice["scores"]["bad"]["mean"]
    assert [r["chosen"] for r in prompt_rows({"m": choice})] == [False, True, False]
