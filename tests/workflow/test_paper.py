"""The paper's own configuration, with models and data of the published formats that are tiny."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import yaml

import tiny
from checkout import Copy


def local(name: str) -> dict[str, str]:
    return {"kind": "local", "path": name}


def test_the_papers_configuration_runs_on_the_published_formats(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    tiny.published(copy.folder)
    tiny.mirror(copy.folder / "mirror")
    (copy.folder / "config/data.lock.json").unlink()  # it pins the real files
    paper = yaml.safe_load((copy.folder / "config/paper.yaml").read_text())
    few: dict[str, Any] = {"dev": 4, "trial": 2, "test": 4}
    small = {
        "sft": {"method": "lora", "steps": 4, "batch": 2, "rate": 2e-4, "rank": 2},
        "few_shot": {"examples": [1], "draws": 1},
    }

    def refined(kind: str, name: str) -> dict[str, Any]:
        return {"kind": kind, kind: {"steps": 2, "batch": 2, "rate": 1e-3, "max_tokens": 60, "source": local(name)}}

    paper |= {"run": "tiny", "languages": ["en", "de", "zh"], "data": {"mirror": "mirror"}}
    paper["foundations"] = [
        {**own, "name": name, "parameters": 1e6, "dtype": "float32", "source": local(name)}
        for own, name in zip(paper["foundations"], ("llama", "mistral"), strict=True)
    ]
    paper["translation"] |= {
        **small,
        "directions": ["en-zh", "de-en"],
        "items": {**few, "out_of_domain": 0, "other": 2},
        "refined": refined("seq2seq", "nllb"),
        "max_answer_tokens": 12,
    }
    paper["summarization"] |= {
        **small,
        "source": {"kind": "crosssum", "folder": "crosssum"},
        "directions": ["en-zh"],
        "items": {**few, "train": 60},
        "refined": refined("seq2seq", "mt5"),
        "max_source_tokens": 20,
        "max_answer_tokens": 10,
    }
    paper["tagging"] |= {
        **small,
        "languages": ["de"],
        "items": {**few, "train": 60, "max_words": 40},
        "refined": refined("token-classifier", "xlmr"),
        "max_answer_tokens": 200,
    }
    copy.config = {**paper, "analysis": {"items": 2, "k": [1, 2], "free_k": [1], "corrupt_words": [2]}}
    copy.run()
    results = copy.folder / "results/tiny"
    with open(results / "tables/main.csv") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["foundation"] for row in rows} == {"llama", "mistral"}
    assert {"refined", "pseudo", "sft", "oracle"} <= {row["kind"] for row in rows}
    assert any(row["model"] == "refined" for row in rows), "NLLB's whole answers have a row of their own"
    with open(results / "tables/scale.csv") as stream:
        assert {row["foundation"] for row in csv.DictReader(stream)} == {"llama", "mistral"}
    predictions = [json.loads(line) for line in (results / "refined/tagging/de.jsonl").read_text().splitlines()]
    assert len(predictions) == 4 and all(own["text"] for own in predictions)
    assert (results / "report.html").exists() and copy.planned() == set()
