"""The paper's own configuration, with models and data of the published formats that are tiny."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load

import tiny
from checkout import Copy
from prefixyarn.data.official import FLORES_FILES, TREEBANK_FILES
from prefixyarn.decode.vllm import PYTHON


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def pickled(own: dict[str, bytes]) -> dict[str, bytes]:
    """Return a model's files with its weights in PyTorch's old format alone."""
    stream = io.BytesIO()
    torch.save(load(own["model.safetensors"]), stream)
    return {name: data for name, data in own.items() if name != "model.safetensors"} | {
        "pytorch_model.bin": stream.getvalue()
    }


@contextmanager
def official(folder: Path) -> Iterator[dict[str, str]]:
    """Serve a folder in the official layouts as its makers do, in two archives and a file a dictionary."""
    served = folder.with_name("served")
    served.mkdir()
    for name in (*FLORES_FILES, *TREEBANK_FILES):  # the archives have all languages
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if not (folder / name).exists():
            word = "1\tx\t_\tNOUN" + 6 * "\t_"
            (folder / name).write_text(f"{word}\n\n" if name.endswith(".conllu") else "x\n")
    for archive, name in (("flores", "flores101_dataset"), ("treebanks", "ud-treebanks-v2.5")):
        with tarfile.open(served / f"{archive}.tar.gz", "w:gz") as packed:
            packed.add(folder / name, name)
    (folder / "muse").rename(served / "muse")
    handler = partial(SimpleHTTPRequestHandler, directory=str(served))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    yield {
        "flores": f"{address}/flores.tar.gz",
        "muse": f"{address}/muse/{{pair}}.txt",
        "treebanks": f"{address}/treebanks.tar.gz",
    }
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """Run the paper's configuration. All is fetched with a network; the rest of the run asks nobody for anything."""
    tmp_path = tmp_path_factory.mktemp("paper")
    copy = Copy(tmp_path)
    tiny.published(tmp_path / "published", head_dim=32)  # the smallest that vLLM's kernels for CPUs have
    tiny.mirror(tmp_path / "mirror")
    lock = tmp_path / "config/data.lock.json"
    lock.unlink()  # it pins the real files
    config = yaml.safe_load((tmp_path / "config/paper.yaml").read_text())
    few: dict[str, Any] = {"dev": 4, "trial": 2, "test": 4}
    small = {
        "sft": {"method": "lora", "steps": 4, "batch": 2, "rate": 2e-4, "rank": 2},
        "few_shot": {"examples": [1], "draws": 1},
    }
    config |= {"run": "tiny", "languages": ["en", "de", "zh"]}
    for foundation in config["foundations"]:
        foundation |= {"parameters": 1e6, "dtype": foundation["dtype"] if torch.cuda.is_available() else "float32"}
    for task in ("translation", "summarization", "tagging"):
        kind = config[task]["refined"]["kind"]
        config[task]["refined"][kind] |= {"steps": 2, "batch": 2, "rate": 1e-3, "max_tokens": 60}
    config["translation"] |= {
        **small,
        "directions": ["en-zh", "de-en"],
        "items": {**few, "out_of_domain": 0, "other": 2},
        "max_answer_tokens": 12,
    }
    config["summarization"] |= {
        **small,
        "directions": ["en-zh"],
        "items": {**few, "train": 60},
        "max_source_tokens": 20,
        "max_answer_tokens": 10,
    }
    config["tagging"] |= {
        **small,
        "languages": ["de"],
        "items": {**few, "train": 60, "max_words": 40},
        "max_answer_tokens": 200,
    }
    analysed = {"items": 2, "k": [1, 2], "free_k": [1], "corrupt_words": [2]}
    config["analysis"] |= analysed
    copy.config = config
    copy.over = []
    models = {
        "meta-llama/Llama-2-7b-hf": "llama",
        "mistralai/Mistral-7B-v0.1": "mistral",
        "facebook/nllb-200-distilled-600M": "nllb",
        "google/mt5-base": "mt5",
        "FacebookAI/xlm-roberta-base": "xlmr",
    }
    repositories = {name: files(tmp_path / "published" / folder) for name, folder in models.items()}
    # As these two are published: with pickled weights, which the hub's bot has converted.
    converted = {
        name: {"model.safetensors": repositories[name]["model.safetensors"]}
        for name in ("facebook/nllb-200-distilled-600M", "google/mt5-base")
    }
    repositories |= {name: pickled(repositories[name]) for name in converted}
    pair = "english-chinese_simplified"
    with tarfile.open(tmp_path / "packed", "w:bz2") as packed:
        for split in ("train", "val", "test"):
            packed.add(tmp_path / f"crosssum/{pair}_{split}.jsonl", f"{pair}_{split}.jsonl")
    packed_files = {f"data/{pair}_CrossSum.tar.bz2": (tmp_path / "packed").read_bytes()}
    data = {"datasets/csebuetnlp/CrossSum": packed_files}
    with tiny.hub("c" * 40, repositories | data, converted) as hub:
        cache = str(tmp_path / "cache")
        copy.environment = {"HF_ENDPOINT": hub.address, "HF_HOME": cache, "HF_HUB_DISABLE_XET": "1"}
        with official(tmp_path / "mirror") as addresses:
            copy.config["data"] = {"addresses": addresses}
            copy.run("fetch_all")
        recorded = json.loads(lock.read_text())
        hub.served.clear()
        copy.run()
        assert hub.served == [], "nothing is asked for that was fetched"
    assert {name.split("@")[0] for name in recorded["revisions"]} == {*models, *data}
    assert {"flores101_dataset/devtest/deu.devtest", "muse/en-zh.txt"} <= recorded["files"].keys()
    return copy


def foundations(copy: Copy) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = copy.config["foundations"]  # type: ignore[assignment]
    return found


def test_the_papers_configuration_runs_on_the_published_formats(paper: Copy) -> None:
    results = paper.folder / "results/tiny"
    with open(results / "tables/translation.csv") as stream:
        rows = list(csv.DictReader(stream))
    names = {foundation["name"] for foundation in foundations(paper)}
    assert {row["foundation"] for row in rows} == names
    assert {"refined", "pseudo", "sft", "oracle"} <= {row["kind"] for row in rows}
    assert any(row["model"] == "refined" for row in rows), "NLLB's whole answers have a row of their own"
    with open(results / "tables/scale.csv") as stream:
        assert {row["foundation"] for row in csv.DictReader(stream)} == names
    predictions = [json.loads(line) for line in (results / "refined/tagging.jsonl").read_text().splitlines()]
    assert len(predictions) == 4 and all(own["text"] for own in predictions)
    assert (results / "report.html").exists() and paper.planned() == set()


def tables(copy: Copy) -> dict[str, list[str]]:
    """Return the cells of a run's tables by name, but for its cost, and what says something of agreement."""
    found = {}
    for path in sorted((copy.folder / "results/tiny/tables").glob("*.csv")):
        if not re.search("cost|agreement|findings", path.name):
            with open(path, encoding="utf-8") as stream:
                found[path.name] = [cell for row in csv.reader(stream) for cell in row]
    return found


def equal(one: str, other: str) -> bool:
    """Tell whether two cells are equal; numbers, those of likelihoods, to 1e-3."""
    return one == other or abs(float(one) - float(other)) < 1e-3


@pytest.mark.skipif(not os.environ.get(PYTHON), reason=f"{PYTHON} names no interpreter of an environment with vLLM")
def test_with_vllm_the_tables_are_the_same(paper: Copy) -> None:
    before, answers = tables(paper), "results/tiny/decode/translation/en-zh/llama-2-7b.jsonl"
    assert {"translation.csv", "summarization.csv", "tagging.csv", "mechanism.csv"} <= before.keys()
    made = (paper.folder / answers).read_text()
    foundations(paper)[0]["engine"] = "vllm"
    paper.config["analysis"]["kinds"] = ["mechanism", "prior_quality", "forgetting"]  # type: ignore[index]
    decoding = {"choose_prompt", "choose_examples", "decode", "decode_sft", "build_priors", "measure_mechanism"}
    planned = paper.planned()
    assert decoding <= planned and not {"verify_foundation", "convert_foundation"} & planned
    paper.run()
    log = (paper.folder / "logs/tiny/decode/translation/en-zh/llama-2-7b.log").read_text()
    assert 'vLLM: {"engine": "vllm", "dtype": "float32", "vllm' in log, "its version stands in the log"
    assert (paper.folder / answers).read_text() == made
    after = tables(paper)
    assert {name for name in before if after[name] != before[name]} <= {"mechanism.csv", "mechanism_split.csv"}
    assert all(equal(*cells) for name in before for cells in zip(before[name], after[name], strict=True))
    assert paper.planned() == set()
