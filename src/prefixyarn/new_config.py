"""Writing a configuration for one's own model, languages and tasks: what `prefixyarn new` does."""

from __future__ import annotations

import difflib
import json
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from prefixyarn.config.files import DEFAULT, SCHEMA, merged, read_config, read_yaml
from prefixyarn.config.subsets import SUBSET_KEYS, left_out
from prefixyarn.config.validate import problems
from prefixyarn.data.hub import HUB_ID, HubModel, NotThereError, hub_model
from prefixyarn.data.wheels import members, open_wheel
from prefixyarn.errors import InputError
from prefixyarn.languages import LANGUAGES, language
from prefixyarn.models.weights import parameters as parameters_of
from prefixyarn.plan import asked, work
from prefixyarn.records import write_text

FLOAT32 = 1.5e9  # parameters that a laptop still runs in float32; larger models are written for GPUs


def new_config(
    name: str,
    model: str,
    languages: Sequence[str],
    tasks: Sequence[str],
    root: str | os.PathLike[str] = ".",
    parameters: float | None = None,
    force: bool = False,
) -> Path:
    """Write ``config/NAME.yaml``, an overlay over the default configuration, with comments; it is valid.

    Args:
        name: Of the file and of the run.
        model: A model's folder, ``owner/name`` of the Hugging Face hub, or ``default``.
        languages: Codes, two or more. Directions go from English, or from the first where English is not among them.
        tasks: Of ``translation``, ``summarization`` and ``tagging``.
        root: The checkout.
        parameters: How many the model has, where neither its files nor the hub can be asked.
        force: Write over a file that is there.

    Returns:
        The file.

    Raises:
        InputError: Not in a checkout, the file exists, or something is unknown, missing or does not go together.
    """
    root = Path(root)
    if not (root / "workflow/Snakefile").exists() or not (root / DEFAULT).exists():
        raise InputError(
            f"{root.resolve()} is no checkout of prefixyarn (workflow/Snakefile, {DEFAULT}): runs are made in one. "
            "Clone the repository, change into it and run this there."
        )
    path = _path(name, root, force)
    source, *targets = _in_order([language(code).code for code in languages])
    if not targets:
        raise InputError("--languages: expected two or more different codes, such as en,de,zh")
    _known_tasks(tasks)
    block = None if model == "default" else _foundation(name, model, root, parameters)
    text = _text(name, block, [source, *targets], [f"{source}-{code}" for code in targets], tasks, root)
    config = merged(read_config(root=root), yaml.safe_load(text))
    if found := problems(config, read_yaml(SCHEMA), read_config(root=root)):
        raise InputError(f"config/{name}.yaml was not written: " + "; ".join(found))
    write_text(path, text)
    return path


def expected(path: str | os.PathLike[str], root: str | os.PathLike[str] = ".") -> str:
    """Return what is said of a configuration that was written: what its jobs need, what lacks data, what to run next.

    Args:
        path: The file.
        root: The checkout.
    """
    root, path = Path(root), Path(path)
    config, shown = read_config(path, root=root), os.path.relpath(path, root)
    foundations = {own["name"]: own for own in config["foundations"]}
    jobs, minutes, most, cards = 0, 0.0, 0, 0
    for own in work(config):
        foundation = foundations[own.foundation]
        jobs, minutes = jobs + own.jobs, minutes + own.jobs * own.seconds(foundation) / 60
        need = asked(config, foundation, own.rule, own.task)
        most, cards = max(most, need.memory_mb), max(cards, need.gpus)
    needs = f"{most / 1024:.1f} GB of memory" + f", GPUs of {config['cluster']['gpu_gb']} GB: {cards}" * bool(cards)
    took = f"{minutes:.0f} minutes" if minutes < 90 else f"{minutes / 60:.1f} hours"
    lines = [f"{shown}: {jobs} jobs with a model, {took} one after the other; the largest needs {needs}"]
    lines += _lacking(config, path, root)
    for own in config["foundations"]:
        given = own["source"].get("id") or own["source"].get("path") or "default"
        lines.append(
            f"is the model fit: prefixyarn check {shlex.quote(given)} --languages {','.join(config['languages'])}"
        )
    return "\n".join([*lines, f"in detail: make plan CONFIG={shown}", f"run it: make results CONFIG={shown}"])


def _path(name: str, root: Path, force: bool) -> Path:
    """Return the file to write."""
    pattern = read_yaml(SCHEMA)["$defs"]["name"]["pattern"]
    if not re.fullmatch(pattern, name):
        raise InputError(f"{name!r}: expected a name of letters, digits, '.', '_' and '-', such as my-model")
    path = root / "config" / f"{name}.yaml"
    if path == root / DEFAULT or name == read_config(root=root)["run"]:
        raise InputError(f"{name!r} is the default run's. Choose another name.")
    if path.exists() and not force:
        raise InputError(f"{path}: there is such a configuration. Choose another name, or write over it with --force.")
    taken = [own.name for own in path.parent.glob("*.yaml") if own != path and read_yaml(own).get("run") == name]
    if taken:
        raise InputError(f"{name!r} is the run of config/{taken[0]}, whose results it would mix with. Choose another.")
    return path


def _in_order(codes: Sequence[str]) -> list[str]:
    """Return languages once each, English first if it is among them."""
    return sorted(dict.fromkeys(codes), key=lambda code: code != "en")


def _known_tasks(tasks: Sequence[str]) -> None:
    for task in tasks:
        if task not in SUBSET_KEYS:
            close = difflib.get_close_matches(task, SUBSET_KEYS, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise InputError(f"unknown task {task!r}: expected one of {', '.join(SUBSET_KEYS)}.{hint}")
    if not tasks:
        raise InputError(f"--tasks: name one or more of {', '.join(SUBSET_KEYS)}")


def _foundation(run: str, model: str, root: Path, given: float | None) -> dict[str, Any]:
    """Return a model's block of ``foundations``."""
    folder = root / Path(model).expanduser()
    if folder.is_dir():
        source, found = {"kind": "local", "path": model}, HubModel(None, parameters_of(folder), None)
    elif HUB_ID.fullmatch(model):
        found = _from_hub(model, asked=given is None)
        source = {"kind": "hub", "id": model, "revision": found.commit or "main"}
    else:
        raise InputError(f"{model}: no such folder. Give a model's folder, owner/name of the hub, or default.")
    size = found.parameters or given
    if not size:
        raise InputError(f"{model}: how many parameters it has is not known here. Say so: --parameters 1.2e9")
    large = size > FLOAT32
    return {
        "name": _name(run, Path(model).name, source, root),
        "label": Path(model).name,
        "licence": found.licence or "not named",
        "dtype": "bfloat16" if large else "float32",
        "parameters": float(f"{size * 1.005:.2e}"),  # rounded, and an upper limit
        "source": source,
    }


def _from_hub(name: str, asked: bool) -> HubModel:
    """Return what the hub says of a model; where it need not be ``asked`` and does not answer, that is nothing."""
    try:
        return hub_model(name, "--model")
    except NotThereError:
        raise
    except InputError as error:
        if asked:
            raise InputError(f"{error} Or say how many parameters it has: --parameters 1.2e9") from error
        return HubModel(None, None, None)


def _name(run: str, model: str, source: Mapping[str, str], root: Path) -> str:
    """Return a short name that no other configuration has for another source: runs share the model of a name."""
    plain = re.sub(r"[^a-z0-9._-]+", "-", model.casefold()).strip("-._") or run
    files = [path for path in (root / "config").glob("*.yaml") if path.stem != run]
    blocks = [own for path in files for own in read_yaml(path).get("foundations", [])]
    blocks += read_config(root=root)["foundations"]
    used = {own["name"] for own in blocks if own["source"] != source}
    return plain if plain not in used else f"{run}-{plain}"


def _text(
    name: str,
    block: dict[str, Any] | None,
    languages: Sequence[str],
    directions: Sequence[str],
    tasks: Sequence[str],
    root: Path,
) -> str:
    """Return the file."""
    shown = ", ".join(LANGUAGES[code].name for code in languages)
    lines = [
        f"# {block['label'] if block else 'The default model'} in {shown}. An overlay over config/config.yaml: it has "
        "the keys that differ.",
        f"# config/README.md explains every key. make results CONFIG=config/{name}.yaml",
        f"run: {name}",
        f"languages: {_flow(languages)} # test sentences exist in all of them: fewer languages leave more sentences",
    ]
    if block and block["dtype"] != "float32":
        lines.append("environment: cuda # what --use-conda installs: torch for GPUs")
    lines += _foundation_lines(block) if block else ["# foundations: none here, so the default run's model is used"]
    lines.append(f"tasks: {_flow(tasks)}")
    default = read_config(root=root)
    lines += [
        "translation:" + ("" if "translation" in tasks else " # gives the sentences that are tagged")
        if {"translation", "tagging"} & {*tasks}
        else "translation: # not a task of this run, but the model is verified on its sentences",
        f"  directions: {_flow(directions)}",
        "  other_directions: [] # for a second table, such as [de-fr] or [de-en]",
    ]
    items = default["translation"]["items"]["test"]
    lines += ["  items:", f"    test: {items} # sentences per direction: more make intervals narrower, and take longer"]
    if "summarization" in tasks:
        lines += ["summarization:", f"  directions: {_flow(directions)}"]
    if "tagging" in tasks:
        lines += ["tagging:", f"  languages: {_flow([code for code in languages if code != 'en'])}"]
    return "\n".join(lines) + "\n"


def _foundation_lines(block: Mapping[str, Any]) -> list[str]:
    notes = {
        "name": "in paths and files; runs share the model of a name",
        "label": "in tables",
        "licence": "for the report",
        "dtype": "or bfloat16 on GPUs" if block["dtype"] == "float32" else "on GPUs; float32 is what a CPU does fast",
        "parameters": "at most; memory, GPUs and time of jobs follow from it",
    }
    lines = [f"{key}: {json.dumps(block[key], ensure_ascii=False)} # {note}" for key, note in notes.items()]
    lines[-1] = f"parameters: {block['parameters']:.2e} # {notes['parameters']}"
    lines.append("source: " + _flow(block["source"]))
    lines.append("# max_bits_per_character: {de: 2.0} # stops a run whose model is damaged; results/*/checks has yours")
    return ["foundations:", *(f"  {'-' if not n else ' '} {line}" for n, line in enumerate(lines))]


def _flow(value: Any) -> str:
    """Return a value as YAML in one line."""
    given = dict(value) if isinstance(value, Mapping) else list(value)
    return yaml.safe_dump(given, default_flow_style=True, width=10**6, sort_keys=False, allow_unicode=True).strip()


def _lacking(config: Mapping[str, Any], path: Path, root: Path) -> list[str]:
    """Return what has no data or no tagger, a line each."""
    found = [
        f"left out of {task}: {reason}"
        for task, own in left_out(config).items()
        if task in config["tasks"]
        for reason in own.values()
    ]
    tagged = config["tagging"]["languages"] if "tagging" in config["tasks"] else []
    needed = {package for code in tagged for package in LANGUAGES[code].silver_packages}
    if missing := sorted(needed - {own for own in needed if _installed(own)}):
        found.append(f"not installed: {', '.join(missing)}, which tag; pip install -e '.[silver]'")
    wheels = [root / f"resources/catalogues/{own['package']}.whl" for own in config["translation"]["catalogues"]]
    if not {"translation", "tagging"} & {*config["tasks"]} or config["translation"]["source"] != "catalogues":
        return found
    if all(wheel.exists() for wheel in wheels):
        having = {code for wheel in wheels for code in _codes(wheel, config["languages"])}
        said = "is in none of the catalogues: the run would stop. Take it out, or add one to translation.catalogues"
    else:
        others = [read_config(own, root=root) for own in (root / "config").glob("*.yaml") if own != path]
        having = {code for own in others if own["translation"]["source"] == "catalogues" for code in own["languages"]}
        said = "is in no other configuration: without sentences in the catalogues the run would stop and say so"
    return found + [f"{code!r} {said}" for code in config["languages"] if code not in {"en", *having}]


def _installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def _codes(wheel: Path, languages: Sequence[str]) -> set[str]:
    """Return the languages that a package has gettext catalogues in."""
    with open_wheel(wheel) as archive:
        return {
            code
            for code in languages
            if any(members(archive, rf"(.*/)?locale/{own}/LC_MESSAGES/[^/]+\.mo") for own in language(code).gettext)
        }
