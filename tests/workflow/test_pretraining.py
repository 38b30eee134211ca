"""Foundations that a run trains itself, from made-up packages to tables, without a network."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tiny
from checkout import Copy

PACKAGES = ("cataclysm-dda-data", "freeciv-data")
FOUNDATIONS = {"mixed-0": "0", "mixed-50-p": "50-P", "mixed-50-u": "50-U"}


def repository(folder: Path) -> None:
    """Write packages with catalogues, and programs that stand in for apt's, which give them."""
    sentences = tiny.parallel(7, 1500)
    for n, package in enumerate(PACKAGES):
        root = folder / package
        catalogue = root / "usr/share/locale/de/LC_MESSAGES/game.mo"
        catalogue.parent.mkdir(parents=True)
        catalogue.write_bytes(tiny.catalogue({english: german for english, german, _ in sentences[n::2]}))
        (root / "DEBIAN").mkdir()
        (root / "DEBIAN/control").write_text(
            f"Package: {package}\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b.c>\nDescription: test\n"
        )
        subprocess.run(["dpkg-deb", "--build", str(root), str(folder)], check=True, capture_output=True)
    programs = {
        "apt-get": f'[ "$1" = update ] || for p in $(shift; echo "$@"); do cp "{folder}/${{p}}_1_all.deb" . ; done',
        "apt-cache": f"echo {' '.join(PACKAGES)}",
    }
    (folder / "bin").mkdir()
    for name, text in programs.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\nset -e\n{text}\n")
        (folder / "bin" / name).chmod(stat.S_IRWXU)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """Give a copy of the repository in which foundations were trained and answered."""
    if not shutil.which("dpkg-deb"):
        pytest.skip("no dpkg-deb here")
    folder = tmp_path_factory.mktemp("mixed")
    packages = tmp_path_factory.mktemp("packages")
    repository(packages)
    made = Copy(folder)

    made.environment["PATH"] = f"{packages}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}"
    made.over = ["config/mixes_smoke.yaml"]
    catalogues = made.config["translation"]["catalogues"]  # type: ignore[index]
    size = {"hidden": 16, "layers": 2, "heads": 2, "feed_forward": 32, "context": 32, "batch": 4}
    made.config = {
        "run": "mixed",
        "languages": ["en", "de"],
        "foundations": [
            {
                **{"name": name, "label": name, "parameters": 1e6},
                "source": {"kind": "pretrained", "cell": cell, "size": "xs", "seed": 1},
            }
            for name, cell in FOUNDATIONS.items()
        ],
        "pretraining": {
            "sources": ["catalogues"],
            "held_out": 0.05,
            "held_out_tokens": 500,
            "vocabulary": 600,
            "sample": 20000,
            "unique_tokens": 8000,
            "parallel": 0.05,
            "beside": [],
            "sizes": {"xs": {**size, "tokens": 12800, "rate": 1e-2}},
        },
        "translation": {
            "directions": ["en-de"],
            "catalogues": catalogues,
            "held_out": "held",
            "items": {"dev": 4, "trial": 2, "test": 3},
            "max_answer_tokens": 12,
            "sft": {"method": "full", "steps": 4, "batch": 2, "dev_points": 1},
            "refined": {"kind": "none"},
            "priors": {"kinds": ["none", "pseudo", "oracle"], "sft_kinds": []},
        },
        "analysis": {"items": 3, "kinds": ["mechanism"]},
    }
    made.run()
    yield made


def test_trained_foundations_are_answered_and_tabulated_as_any_other(mixed: Copy) -> None:
    results = mixed.folder / "results/mixed"
    table = (results / "tables/translation.md").read_text()
    assert all(name in table for name in FOUNDATIONS)
    for name in FOUNDATIONS:
        training = json.loads((mixed.folder / f"resources/foundations/{name}/training.json").read_text())
        assert training["passes"] == pytest.approx(12800 / 8000) and {*training["held_out"]} == {"en", "de"}
    bits = {
        name: json.loads((mixed.folder / f"resources/foundations/{name}/training.json").read_text())["held_out"]["de"]
        for name in FOUNDATIONS
    }
    assert bits["mixed-50-p"] < bits["mixed-0"], "German text was in half of its own"
    mixes = (results / "tables/mixes.md").read_text()
    assert "bits, de" in mixes and all(name in mixes for name in FOUNDATIONS)
    assert "Source use, en-de" in mixes and "into (unseen), SFT model" in mixes
    verdicts = (results / "tables/mixes_verdicts.csv").read_text()
    assert "\nxs,0.5000,0.0500,oracle,apart U," in verdicts and "\nxs,0.5000,0.0500,oracle,whole," in verdicts
    assert "does a prior open what translations put there?" in (results / "tables/findings.md").read_text()
    assert all((results / f"figures/{name}.svg").stat().st_size > 2000 for name in ("mixes", "mixes_budget"))
    audit = (results / "tables/corpus_audit.csv").read_text()
    assert "\n50-P,de labels," in audit and "\ncorpus,de catalogues," in audit and "\n0,de" not in audit


def test_a_mix_is_an_input_of_all_that_its_models_answer(mixed: Copy) -> None:
    assert mixed.planned() == set()
    mixed.config["pretraining"]["sizes"]["xs"]["rate"] = 2e-2  # type: ignore[index]
    try:
        planned = mixed.planned()
        assert {"pretrain_foundation", "convert_foundation", "choose_prompt", "decode"} <= planned
        assert not planned & {"fetch_packages", "extract_corpus", "train_tokenizer", "make_mixes", "audit_corpus"}
    finally:
        mixed.config["pretraining"]["sizes"]["xs"]["rate"] = 1e-2  # type: ignore[index]
    mixed.config["pretraining"]["parallel"] = 0.04  # type: ignore[index]
    try:
        planned = mixed.planned()
        assert {"make_mixes", "audit_corpus", "pretrain_foundation", "decode"} <= planned
        assert not planned & {"assemble_corpus", "train_tokenizer"}
    finally:
        mixed.config["pretraining"]["parallel"] = 0.05  # type: ignore[index]


def test_the_corpus_holds_no_item_of_the_run(mixed: Copy) -> None:
    results = mixed.folder / "results/mixed"
    items = [
        json.loads(line)
        for split in ("dev", "test")
        for line in (results / f"data/translation/en-de/{split}.jsonl").read_text().splitlines()
    ]
    train = (results / "corpus/train.jsonl").read_text()
    assert items and not any(item["source"] in train or item["target"] in train for item in items)
    dropped = json.loads((results / "corpus/dropped.json").read_text())
    assert any("of dev or test items" in reasons for reasons in dropped.values()), "the made-up text has some"
