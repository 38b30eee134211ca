"""Data sets in their official layouts: FLORES-101, MUSE dictionaries, Universal Dependencies 2.5.

Read from a folder that has the layouts (the config's ``data.mirror``), or downloaded into one
(`prefixyarn.data.distributions`).
"""

from __future__ import annotations

from prefixyarn.languages import LANGUAGES, language

RELEASE = "ud-treebanks-v2.5"  # of Universal Dependencies: its folder in the official layout


def flores_file(code: str, split: str) -> str:
    """Return the name of a language's file of FLORES-101 (``dev`` or ``devtest``) in the official layout."""
    name = language(code).flores101 or language(code).flores.split("_")[0]
    return f"flores101_dataset/{split}/{name}.{split}"


def muse_files(subset: str) -> list[str]:
    """Return the names of MUSE's dictionaries for a direction: its own, or two that pivot through English."""
    source, target = subset.split("-")
    legs = [subset] if "en" in (source, target) else [f"{source}-en", f"en-{target}"]
    return [f"muse/{leg}.txt" for leg in legs]


def treebank_files(code: str) -> list[str]:
    """Return the names of a language's preferred treebank in the official layout, a file per split."""
    folder, stem = language(code).treebanks[0]
    return [f"{RELEASE}/{folder}/{stem}-ud-{split}.conllu" for split in ("train", "dev", "test")]


# What is taken out of the archives, whatever the languages of a run: another run does not fetch them again.
FLORES_FILES = [flores_file(code, split) for split in ("dev", "devtest") for code in LANGUAGES]
TREEBANK_FILES = [name for own in LANGUAGES.values() if own.treebanks for name in treebank_files(own.code)]
