"""The paper's own configuration, with models and data of the published formats that are tiny."""

from __future__ import annotations

import csv
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import load

import tiny
from checkout import Copy
from prefixyarn.data.official import FLORES_FILES, TREEBANK_FILES


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


def test_the_papers_configuration_runs_on_the_published_formats(tmp_path: Path) -> None:
    """All is fetched on a node with a network; the rest of the run asks nobody for anything."""
    copy = Copy(tmp_path)
    tiny.published(tmp_path / "published")
    tiny.mirror(tmp_path / "mirror")
    lock = tmp_path / "config/data.lock.json"
    lock.unlink()  # it pins the real files
    paper = yaml.safe_load((tmp_path / "config/paper.yaml").read_text())
    few: dict[str, Any] = {"dev": 4, "trial": 2, "test": 4}
    small = {
        "sft": {"method": "lora", "steps": 4, "batch": 2, "rate": 2e-4, "rank": 2},
        "few_shot": {"examples": [1], "draws": 1},
    }
    paper |= {"run": "tiny", "languages": ["en", "de", "zh"]}
    for foundation in paper["foundations"]:
        foundation |= {"parameters": 1e6, "dtype": foundation["dtype"] if torch.cuda.is_available() else "float32"}
    for task in ("translation", "summarization", "tagging"):
        kind = paper[task]["refined"]["kind"]
        paper[task]["refined"][kind] |= {"steps": 2, "batch": 2, "rate": 1e-3, "max_tokens": 60}
    paper["translation"] |= {
        **small,
        "directions": ["en-zh", "de-en"],
        "items": {**few, "out_of_domain": 0, "other": 2},
        "max_answer_tokens": 12,
    }
    paper["summarization"] |= {
        **small,
        "directions": ["en-zh"],
        "items": {**few, "train": 60},
        "max_source_tokens": 20,
        "max_answer_tokens": 10,
    }
    paper["tagging"] |= {
        **small,
        "languages": ["de"],
        "items": {**few, "train": 60, "max_words": 40},
        "max_answer_tokens": 200,
    }
    analysed = {"items": 2, "k": [1, 2], "free_k": [1], "corrupt_words": [2]}
    paper["analysis"] |= analysed
    copy.config = paper
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
        assert {name.split("@")[0] for name in recorded["revisions"]} == {*models, *data}
        assert {"flores101_dataset/devtest/deu.devtest", "muse/en-zh.txt"} <= recorded["files"].keys()
        hub.served.clear()
        copy.run()
        assert hub.served == [], "nothing is asked for that was fetched"
    results = tmp_path / "results/tiny"
    with open(results / "tables/translation.csv") as stream:
        rows = list(csv.DictReader(stream))
    names = {foundation["name"] for foundation in paper["foundations"]}
    assert {row["foundation"] for row in rows} == names
    assert {"refined", "pseudo", "sft", "oracle"} <= {row["kind"] for row in rows}
    assert any(row["model"] == "refined" for row in rows), "NLLB's whole answers have a row of their own"
    with open(results / "tables/scale.csv") as stream:
        assert {row["foundation"] for row in csv.DictReader(stream)} == names
    predictions = [json.loads(line) for line in (results / "refined/tagging.jsonl").read_text().splitlines()]
    assert len(predictions) == 4 and all(own["text"] for own in predictions)
    assert (results / "report.html").exists() and copy.planned() == set()
