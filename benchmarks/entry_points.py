"""Give each bad input of `bad_inputs.py` to the program or function that users' input of its kind comes to.

Scripts of rules run in this process, with a stand-in for the object that Snakemake gives them: importing torch anew for
each would take minutes. Where a process of its own matters (the command line, the environment), there is one.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from disturb import fill, small_disk

import tiny
from checkout import Copy
from prefixyarn import errors
from prefixyarn.analysis.agreement.table import AgreementRow
from prefixyarn.config.files import expanded
from prefixyarn.data import lexicon
from prefixyarn.metrics.subsets import read_scores
from prefixyarn.records import Item, read_json, read_records, read_subsets
from prefixyarn.tables.rows import read_rows
from prefixyarn.tasks.summarization import descriptions
from prefixyarn.tasks.translation.catalogues import read_catalogue
from prefixyarn.tasks.translation.prepare import from_flores


@dataclass
class Place:
    """Where one input is tried.

    Attributes:
        folder: Its own folder.
        copy: The copy of the repository.
        server: Address of the badly behaved server.
        target: Where what is made goes; nothing may be left in it where the input is refused.
    """

    folder: Path
    copy: Copy
    server: str
    target: Path = field(init=False)

    def __post_init__(self) -> None:
        """Name the target."""
        self.target = self.folder / "made"

    def script(self, name: str, environment: Mapping[str, str] | None = None, **job: dict[str, Any]) -> dict[str, str]:
        """Run a script of ``scripts/`` and return what it made, by path; it exits where it refuses."""
        log = self.folder / "log"
        given = SimpleNamespace(**{key: SimpleNamespace(**own) for key, own in job.items()}, log=[str(log)])
        kept = dict(os.environ)
        os.environ.update({"PREFIXYARN_LOGS_ONLY": "1", **(environment or {})})
        try:
            runpy.run_path(str(self.copy.folder / "scripts" / f"{name}.py"), {"snakemake": given}, "__main__")
        except SystemExit:
            raise SystemExit(log.read_text(encoding="utf-8", errors="replace")) from None
        finally:
            os.environ.clear()
            os.environ.update(kept)
        return {
            str(path.relative_to(self.target)): path.read_text(encoding="utf-8", errors="replace")
            for path in sorted(self.target.rglob("*"))
            if path.is_file()
        }


def reader(read: Callable[[Path], Any], name: str) -> Callable[[Place], Any]:
    """Return an entry point: a function that scripts call to read a file, with a script's way of ending."""

    def entry(place: Place) -> Any:
        found: list[Any] = []
        errors.run(lambda: found.append(read(place.folder / name)))
        return found[0]

    return entry


def plan(place: Place) -> str:
    """`make plan` of one configuration."""
    sys.argv = ["show_plan.py", str(place.folder / "mine.yaml")]
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        runpy.run_path(str(place.copy.folder / "scripts/show_plan.py"), run_name="__main__")
    return said.getvalue()


def program(place: Place, *command: str, **environment: str) -> str:
    """A program in a process of its own, in the copy."""
    told = {**place.copy.command()["env"], **environment}
    told = {key: value for key, value in told.items() if value}
    done = subprocess.run(command, cwd=place.copy.folder, env=told, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return done.stdout


def snakemake(place: Place) -> str:
    """A dry run of one configuration."""
    return program(place, sys.executable, "-m", "snakemake", "-n", "--configfile", str(place.folder / "mine.yaml"))


def make_dictionary(place: Place) -> Any:
    """Rule induce_lexicon_translation, of files."""
    place.target.mkdir(exist_ok=True)
    return place.script(
        "induce_lexicon",
        params={"files": {"en-de": [str(place.folder / "muse/en-de.txt")]}, "induced": False}
        | {"lock": str(place.folder / "lock.json")},
        output={"lexicons": [str(place.target / "en-de.tsv")]},
    )


def read_only(place: Place) -> Any:
    """The same rule, where nothing can be written."""
    with small_disk(place.target, 1):
        subprocess.run(["mount", "-o", "remount,ro", place.target], check=True)
        return make_dictionary(place)


def full(place: Place) -> Any:
    """The same rule on a full disk."""
    with small_disk(place.target, 1):
        filler = fill(place.target, 0)
        try:
            return make_dictionary(place)
        finally:
            filler.unlink()


def flores(place: Place) -> Any:
    """What rule prepare_translation calls for FLORES."""
    found: list[Any] = []
    sizes = {"dev": 5, "test": 5}
    errors.run(
        lambda: found.append(from_flores(place.folder, place.folder / "lock.json", ["en", "de"], ["en-de"], sizes))
    )
    return found[0]


def tagging(place: Place) -> Any:
    """Rule prepare_tagging, of treebanks."""
    return place.script(
        "prepare_tagging",
        params={"treebanks": str(place.folder / "treebanks"), "lock": str(place.folder / "lock.json")}
        | {"languages": ["de"], "silver_sides": [], "tag_names": "words"}
        | {"sizes": {"train": 60, "dev": 4, "trial": 2, "test": 3, "max_words": 30}},
        output={"note": str(place.target / "note.json")},
    )


def summarization(place: Place, folder: str = "") -> Any:
    """Rule prepare_summarization, of CrossSum."""
    return place.script(
        "prepare_summarization",
        params={"crosssum": folder or str(place.folder / "crosssum"), "subsets": ["en-zh"], "seed": 1, "described": []}
        | {"sizes": {"train": 60, "dev": 4, "trial": 2, "test": 3}},
        output={"note": str(place.target / "note.json")},
    )


def at_home(place: Place) -> Any:
    """The same, of a folder that a configuration names with ~: as it is read, and so as the rule has it."""
    with mock.patch.dict(os.environ, HOME=str(place.folder)):
        config = expanded({"summarization": {"source": {"folder": "~/crosssum"}}})
    return summarization(place, config["summarization"]["source"]["folder"])


def catalogue_package(place: Place) -> Any:
    """Rule fetch_catalogue: a package through pip, from a folder instead of an index."""
    of = json.loads((place.folder / "wanted.json").read_text())
    options = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(place.folder / "index"), **of.pop("environment", {})}
    return place.script(
        "fetch_catalogue",
        options,
        wildcards={"package": "some-package"},
        params={"version": "1.0", "sha256": "0" * 64, **of},
        output={"wheel": str(place.target / "some-package.whl")},
    )


def model(place: Place) -> Any:
    """Rules fetch_foundation, convert_foundation and verify_foundation, of a folder."""
    final, place.target = place.target, place.folder / "fetched"
    lock = str(place.folder / "lock.json")
    source = {"kind": "local", "path": str(place.folder / "model")}
    files = {"files": str(place.target / "source.json")}
    place.script(
        "fetch_foundation", params={"source": source, "key": "foundations.0.source", "lock": lock}, output=files
    )
    place.target = place.folder / "converted"
    manifest = {"manifest": str(place.target / "manifest.json")}
    place.script("convert_foundation", input=files, output=manifest)
    place.target = final
    text = {"en": " ".join(english for english, _, _ in tiny.parallel(3, 12))}
    (place.folder / "paragraphs.json").write_text(json.dumps({"text": text, "english": text}))
    made = place.script(
        "verify_foundation",
        wildcards={"model": "tiny"},
        input={**manifest, "paragraphs": str(place.folder / "paragraphs.json")},
        params={"parameters": 65_000, "dtype": "float32", "limits": {}},
        output={"checks": str(place.target / "checks.json")},
    )
    return {**made, "parameters": json.loads(Path(manifest["manifest"]).read_text())["parameters"]}


def download(place: Place, address: str) -> Any:
    """Rules fetch_muse and fetch_flores, from an address."""
    name = "flores101_dataset/dev/eng.dev" if address.endswith(".tar.gz") else "muse/en-de.txt"
    return place.script(
        "fetch_official",
        params={"address": address.format(server=place.server), "names": [name], "folder": str(place.target)}
        | {"lock": str(place.target / "lock.json")},
    )


def hub(place: Place, name: str) -> Any:
    """Rule fetch_foundation from a hub; in a process of its own, as its library reads the address when imported."""
    source = {"kind": "hub", "id": name, "revision": "main"}
    given = {
        "params": {"source": source, "key": "foundations.0.source", "lock": str(place.target / "lock.json")},
        "output": {"files": str(place.folder / "hub/source.json")},  # what came is kept, to be gone on with
        "log": [str(place.folder / "log")],
    }
    code = (
        "import json, runpy, sys, types; given = json.loads(sys.argv[2]);"
        "own = types.SimpleNamespace(**{k: types.SimpleNamespace(**v) if isinstance(v, dict) and k != 'source' else v"
        " for k, v in given.items()}); runpy.run_path(sys.argv[1], {'snakemake': own}, '__main__')"
    )
    script = str(place.copy.folder / "scripts/fetch_foundation.py")
    return program(place, sys.executable, "-c", code, script, json.dumps(given), HF_ENDPOINT=place.server)


def apt(place: Place, script: str) -> Any:
    """Rule fetch_descriptions, with an apt-get that a shell script stands for; without one where that is empty."""
    programs = place.folder / "bin"
    programs.mkdir()
    (programs / "tee").symlink_to(shutil.which("tee") or "tee")
    if script:
        (programs / "apt-get").write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        (programs / "apt-get").chmod(0o755)
    return place.script(
        "fetch_descriptions",
        {"PATH": str(programs)},
        wildcards={"language": "fr"},
        output={"descriptions": str(place.target / "fr.txt")},
    )


READERS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "records": (lambda path: read_records(path, Item), "test.jsonl"),
    "records of a subset": (lambda path: read_subsets(path, Item, ["en-de"]), "test.jsonl"),
    "JSON": (read_json, "choice.json"),
    "scores": (read_scores, "tiny.json"),
    "a table": (lambda path: read_rows(path, AgreementRow), "agreement.csv"),
    "a dictionary of ours": (lexicon.read, "en-de.tsv"),
    "descriptions": (descriptions.read, "en.txt"),
    "a catalogue": (lambda path: read_catalogue(path, "some-package", ["en", "de"]), "some.whl"),
}
SHOW_PLAN = (sys.executable, "scripts/show_plan.py", "config/smoke.yaml")
ENTRIES: dict[str, Callable[..., Any]] = {
    **{name: reader(*own) for name, own in READERS.items()},
    **{"make plan": plan, "snakemake -n": snakemake, "dictionary": make_dictionary, "flores": flores},
    **{"treebank": tagging, "crosssum": summarization, "package": catalogue_package, "model": model},
    **{"download": download, "hub": hub, "apt": apt, "read-only": read_only, "full disk": full},
    "crosssum in a home": at_home,
    "make plan here": lambda place: program(place, *SHOW_PLAN),
    "make plan elsewhere": lambda place: program(place, *SHOW_PLAN, HOME="", LANG="C", LC_ALL="C"),
    "show_results": lambda place: program(place, sys.executable, "scripts/show_results.py", "config/paper.yaml"),
}

# What tells how it should be, where this is not the same entry point with right files.
RIGHT = {"crosssum in a home": "crosssum", "make plan elsewhere": "make plan here"}
