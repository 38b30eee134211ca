"""Where a run's data come from: the files that its rules read, and those that are fetched over the network."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefixyarn.config.subsets import all_subsets
from prefixyarn.data.lexicon import dictionary_files
from prefixyarn.data.official import RELEASE, flores_file, muse_files, treebank_files
from prefixyarn.errors import InputError
from prefixyarn.languages import language
from prefixyarn.models.manifest import stamps

Config = Mapping[str, Any]

DOWNLOADS = "resources/official"  # published data sets in their official layouts, where they are downloaded
LOCK = "config/data.lock.json"


def official(config: Config) -> str:
    """Return the folder of published data sets in their official layouts: the user's mirror, or that of downloads."""
    mirror = config["data"]["mirror"]
    return str(Path(mirror)) if mirror else DOWNLOADS


def catalogues(config: Config) -> dict[str, dict[str, Any]]:
    """Return the packages whose gettext catalogues a run reads, by name."""
    block = config["translation"]
    return {own["package"]: own for own in block["catalogues"] if block["source"] == "catalogues"}


def pretrained_foundations(config: Config) -> dict[str, dict[str, Any]]:
    """Return the foundations that a run pre-trains itself, by name."""
    return {own["name"]: own for own in config["foundations"] if own["source"]["kind"] == "pretrained"}


def corpus_sources(config: Config) -> list[str]:
    """Return the sources of the text that a run pre-trains foundations on; none where it pre-trains none."""
    return list(config.get("pretraining", {"sources": []})["sources"])


def corpus_inputs(config: Config, source: str) -> list[str]:
    """Return the files that a source of the corpus is read from: descriptions by language, or a list of packages."""
    if source == "descriptions":
        return [f"resources/descriptions/{code}.txt" for code in config["languages"]]
    return [f"resources/corpus/{source}/packages.json"]


def local_stamps(source: Config) -> dict[str, list[int]]:
    """Return size and time of the files of a model that is a local folder, so that another one is noticed.

    Under an older time, too, which Snakemake's own look at input files would miss. No more than that: a whole project
    that is copied elsewhere with its times is not to run again.
    """
    folder = Path(source.get("path", ""))
    there = source.get("kind") == "local" and folder.is_dir()
    return {name: own[:2] for name, own in stamps(folder).items()} if there else {}


def pretrained(config: Config) -> dict[str, dict[str, Any]]:
    """Return the models that refined models start from, by a name made of their source."""
    found = {}
    for task in config["tasks"]:
        name = pretrained_name(config, task)
        if name:
            found[name] = _start(config, task)
    return found


def pretrained_name(config: Config, task: str) -> str:
    """Return the name of the model that a task's refined model starts from; empty if it starts from none."""
    source = _start(config, task)
    if not source or source["kind"] == "new":
        return ""
    return hashlib.sha256(json.dumps(source, sort_keys=True).encode()).hexdigest()[:12]


def _start(config: Config, task: str) -> dict[str, Any]:
    settings = config[task]["refined"]
    source: dict[str, Any] = settings.get(settings["kind"], {}).get("source", {})
    return source


def flores_files(config: Config) -> list[str]:
    """Return FLORES's files of a run: dev, and devtest unless a mirror lacks it."""
    folder = official(config)
    names = [flores_file(code, "dev") for code in config["languages"]]
    devtest = [flores_file(code, "devtest") for code in config["languages"]]
    if not config["data"]["mirror"] or Path(folder, devtest[0]).exists():
        names += devtest
    return [f"{folder}/{name}" for name in names]


def treebank_inputs(config: Config) -> list[str]:
    """Return the files of a run's treebanks; of a folder or a mirror all, so that changing one is noticed."""
    source = config["tagging"]["source"]
    if source["kind"] != "treebanks":
        return []
    folder = source.get("folder")
    if not folder and not config["data"]["mirror"]:
        return [f"{DOWNLOADS}/{name}" for code in all_subsets(config)["tagging"] for name in treebank_files(code)]
    found = Path(folder or f"{official(config)}/{RELEASE}")
    return sorted(str(path) for path in found.glob("*/*.conllu"))


def silver_sides(config: Config) -> list[tuple[str, str]]:
    """Return, for each language that is tagged, a direction of translation that has it, and on which side."""
    if "tagging" not in config["tasks"] or config["tagging"]["source"]["kind"] != "silver":
        return []
    subsets = all_subsets(config)
    sides = []
    for code in subsets["tagging"]:
        sided = [
            (subset, side)
            for side, place in (("target", 1), ("source", 0))
            for subset in subsets["translation"]
            if subset.split("-")[place] == code
        ]
        sides.append(sided[0])
    return sides


def crosssum_inputs(config: Config) -> list[str]:
    """Return CrossSum's files of a run's pairs: those to fetch from the hub, or those in a folder of the user's."""
    source = config["summarization"]["source"]
    if "summarization" not in config["tasks"] or source["kind"] == "debian":
        return []
    subsets = all_subsets(config)["summarization"]
    pairs = ["-".join(language(code).crosssum for code in subset.split("-")) for subset in subsets]
    if source["kind"] == "crosssum-hub":
        return [f"resources/crosssum/{pair}_CrossSum.tar.bz2" for pair in pairs]
    return sorted(str(path) for pair in pairs for path in Path(source["folder"]).glob(f"{pair}_*"))


def described(config: Config) -> list[str]:
    """Return the languages whose package descriptions a run reads."""
    if "summarization" not in config["tasks"] or config["summarization"]["source"]["kind"] != "debian":
        return []
    codes = {code for subset in all_subsets(config)["summarization"] for code in subset.split("-")}
    return sorted({"en", *codes})


def lacks_apt(config: Config) -> bool:
    """Return whether a run needs apt for package descriptions that are not there yet, and this machine has none."""
    files = [Path(f"resources/descriptions/{code}.txt") for code in described(config)]
    return not all(path.exists() for path in files) and shutil.which("apt-get") is None


def dictionary_inputs(config: Config, task: str) -> dict[str, list[str]]:
    """Return, by subset of a task, what its dictionary is made from: {run} stands for the run's name.

    Short parallel texts of training, or dictionary files; nothing for a direction without a dictionary.

    Raises:
        InputError: A folder of dictionaries lacks one.
    """
    lexicon = config[task]["lexicon"]
    found: dict[str, list[str]] = {}
    for subset in all_subsets(config)[task]:
        if subset in lexicon.get("without", []):
            found[subset] = []
        elif lexicon["source"] == "induced":
            split = "train" if task == "translation" else "parallel"
            found[subset] = [f"results/{{run}}/data/{task}/{subset}/{split}.jsonl"]
        elif lexicon["source"] == "muse":
            found[subset] = [f"{official(config)}/{name}" for name in muse_files(subset)]
        else:
            try:
                found[subset] = [str(path) for path in dictionary_files(lexicon["folder"], *subset.split("-"))]
            except InputError as error:
                raise InputError(
                    f"{task}.lexicon.folder: {error}. Give a folder that has it, or set lexicon.source to 'induced'"
                ) from error
    return found


def fetched(config: Config) -> list[str]:
    """Return the files that a run fetches over the network, once: foundations, models, data."""
    trained = pretrained_foundations(config)
    names = [own["name"] for own in config["foundations"] if own["name"] not in trained]
    files = {f"resources/foundations/{name}/source.json" for name in names}
    files |= {path for name in corpus_sources(config) for path in corpus_inputs(config, name)}
    files |= {f"resources/refined/{name}/source.json" for name in pretrained(config)}
    files |= {f"resources/catalogues/{package}.whl" for package in catalogues(config)}
    files |= {f"resources/descriptions/{code}.txt" for code in described(config)}
    if config["summarization"]["source"]["kind"] == "crosssum-hub":
        files |= {*crosssum_inputs(config)}
    if config["data"]["mirror"]:
        return sorted(files)
    if config["translation"]["source"] == "flores":
        files |= {*flores_files(config)}
    for task in config["tasks"]:
        if config[task].get("lexicon", {"source": ""})["source"] == "muse":
            files |= {path for own in dictionary_inputs(config, task).values() for path in own}
    if "tagging" in config["tasks"] and config["tagging"]["source"] == {"kind": "treebanks"}:
        files |= {*treebank_inputs(config)}
    return sorted(files)
