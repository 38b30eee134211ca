"""The configuration: what the schema cannot say, and what follows from it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from prefixyarn.errors import InputError
from prefixyarn.languages import LANGUAGES, Direction, language
from prefixyarn.prompts import Prompt
from prefixyarn.records import System
from prefixyarn.tasks.tagging.silver import TAGGERS
from prefixyarn.tasks.tagging.treebanks import TREEBANKS

RANDOM_KINDS = ("random-function", "random-content", "random")
COLUMNS = {
    "translation": "directions",
    "summarization": "directions",
    "tagging": "languages",
}  # key of each task's units
MUSE = ("en", "de", "fr", "zh", "pt", "uk", "ru", "ar")  # languages that MUSE pairs with English, of ours
K_UNITS = ("token", "word", "tag")
# Prior kinds, units that priors are cut in, and refined models: of tasks that write text, and of others by name.
TEXT = (
    (
        *("none", "pseudo", "refined", "sft", "oracle", "random-function", "random-content", "shuffled"),
        *("language-tag", "fixed"),
    ),
    ("token", "word"),
    ("none", "linear", "seq2seq"),
)
NOT_TEXT = {
    "tagging": (
        ("none", "refined", "sft", "oracle", "random", "shuffled"),
        ("tag",),
        ("none", "linear-tagger", "token-classifier"),
    )
}


def problems(config: Mapping[str, Any], schema: Mapping[str, Any], default: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a configuration, a line each; empty if nothing is.

    Args:
        config: The configuration, overlays merged.
        schema: The JSON Schema (2020-12) of ``workflow/schemas/config.schema.yaml``.
        default: The default configuration, whose run no other may overwrite.
    """
    errors = sorted(
        Draft202012Validator(schema).iter_errors(config),
        key=lambda e: [str(part) for part in e.absolute_path],
    )
    if errors:
        return [line for error in errors for line in _explain(error)]
    found = list(_inconsistencies(config))
    if config["run"] == default["run"] and config != default:
        found.append(
            f"run: still {default['run']!r}, but other keys differ from config/config.yaml; give the run a name of its "
            f"own, so that results/{default['run']}/ stays what it is"
        )
    return found


def _explain(error: ValidationError) -> list[str]:
    key = ".".join(str(part) for part in error.absolute_path)
    if (
        error.validator == "additionalProperties"
        and isinstance(error.instance, Mapping)
        and isinstance(error.schema, Mapping)
    ):
        known = list(error.schema["properties"])
        lines = []
        for name in sorted(set(map(str, error.instance)) - set(known)):
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(known)}"
            lines.append(f"{key + '.' if key else ''}{name}: unknown key; {hint}")
        return lines
    if error.validator == "oneOf" and error.context:
        # Of several alternatives, explain the one whose `kind` was given.
        other = {e.schema_path[0] for e in error.context if list(e.path) == ["kind"]}
        meant = [e for e in error.context if e.schema_path[0] not in other]
        if meant:
            return [line for e in meant for line in _explain(e)]
        return [f"{key}.kind: unknown kind, see config/README.md: {error.instance}"]
    return [f"{key or 'top level'}: {error.message}"]


def _inconsistencies(config: Mapping[str, Any]) -> list[str]:
    found = []
    translation = config["translation"]
    codes = {"languages": config["languages"], "tagging.languages": config["tagging"]["languages"]}
    for foundation in config["foundations"]:
        codes[f"foundations.{foundation['name']}.max_bits_per_character"] = list(
            foundation.get("max_bits_per_character", {})
        )
    for key, listed in codes.items():
        for code in listed:
            try:
                language(code)
            except InputError as error:
                found.append(f"{key}: {error}")
    for task, key in (
        ("translation", "directions"),
        ("translation", "other_directions"),
        ("summarization", "directions"),
    ):
        for unit in config[task][key]:
            try:
                direction = Direction.parse(unit)
            except InputError as error:
                found.append(f"{task}.{key}: {error}")
                continue
            if "-" not in unit:
                found.append(f"{task}.{key}: {unit!r} is one language, expected two, as in 'en-{unit}'")
                continue
            for code in (direction.source, direction.target):
                if code not in config["languages"]:
                    found.append(f"{task}.{key}: {unit} needs {code!r}, which is not in languages")
    both = sorted({*translation["directions"]} & {*translation["other_directions"]})
    if both:
        found.append(f"translation.other_directions: {', '.join(both)} is in directions already")
    packages = [catalogue["package"] for catalogue in translation["catalogues"]]
    if translation["source"] == "catalogues":
        if translation["held_out"] not in packages:
            found.append(
                f"translation.held_out: {translation['held_out']!r} is none of the catalogues ({', '.join(packages)})"
            )
        elif len(packages) < 2:
            found.append("translation.catalogues: at least two are needed, one of which is held out of training")
    elif translation["items"]["out_of_domain"]:
        found.append("translation.items.out_of_domain: FLORES has one kind of text; set it to 0")
    if config["data"]["mirror"] and not Path(config["data"]["mirror"]).expanduser().is_dir():
        found.append(f"data.mirror: {config['data']['mirror']!r} is no folder; empty to download")
    names = {"foundations": [foundation["name"] for foundation in config["foundations"]]}
    names["translation.catalogues"] = packages
    for task in COLUMNS:
        names[f"{task}.prompts"] = [prompt["name"] for prompt in config[task]["prompts"]]
    for key, own in names.items():
        found += [f"{key}: {name!r} is there twice" for name in sorted({n for n in own if own.count(n) > 1})]
    if translation["items"]["other"] > translation["items"]["test"]:
        found.append("translation.items.other: these are taken from test, which has fewer items")
    extra = sorted({*config["analysis"]["free_k"]} - {*config["analysis"]["k"]})
    if extra:
        found.append(f"analysis.free_k: {', '.join(map(str, extra))} not in analysis.k")
    summarization = config["summarization"]
    if summarization["source"]["kind"] != "debian" and summarization["lexicon"]["source"] == "induced":
        found.append("summarization.lexicon.source: CrossSum has no short parallel texts; set it to 'muse' or 'folder'")
    for task, reasons in left_out(config).items():
        if task in config["tasks"] and len(reasons) == len(config[task][COLUMNS[task]]):
            found += [f"{task}.{COLUMNS[task]}: {reason}" for reason in reasons.values()]
    for task in config["tasks"]:
        found += _task(task, config[task])
    return found


def left_out(config: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return, by task, the units that it cannot be run on as there are no data in a language, and why."""
    found: dict[str, dict[str, str]] = {task: {} for task in COLUMNS}
    source = config["summarization"]["source"]["kind"]
    has = [own.code for own in LANGUAGES.values() if (own.described if source == "debian" else own.crosssum)]
    for unit in config["summarization"]["directions"]:
        for code in unit.split("-"):
            if code not in has:
                found["summarization"][unit] = f"{unit} needs {code!r}, which {source} does not have ({', '.join(has)})"
    translation = config["translation"]
    directions = translation["directions"] + translation["other_directions"]
    translated = {code for unit in directions for code in unit.split("-")}
    silver = config["tagging"]["source"]["kind"] == "silver"
    known = TAGGERS if silver else TREEBANKS
    for code in config["tagging"]["languages"]:
        if code not in known:
            what = "packaged tagger" if silver else "treebank"
            found["tagging"][code] = f"no {what} for {code!r}, only for {', '.join(known)}"
        elif silver and code not in translated:
            found["tagging"][code] = f"{code!r} is in no direction of translation, whose sentences are tagged"
    return found


def main_units(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return, by task, the columns of its main table: its units but those that have no data."""
    lacking = left_out(config)
    return {task: [unit for unit in config[task][key] if unit not in lacking[task]] for task, key in COLUMNS.items()}


def all_units(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return, by task, all its units: translation has other directions beside those of its main table."""
    main = main_units(config)
    return {**main, "translation": main["translation"] + config["translation"]["other_directions"]}


def crossed_units(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return, for each task of the run with an SFT model, its units on which the SFT models of the others are tried."""
    main = main_units(config)
    return {task: main[task][:1] for task in config["tasks"] if config[task]["sft"]["method"] != "none"}


def runs_analyses(config: Mapping[str, Any]) -> bool:
    """Return whether a run has the analyses: of the translation task, and against its SFT model."""
    return "translation" in crossed_units(config) and bool(config["analysis"]["items"])


def _task(task: str, block: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with what all tasks have."""
    found = []
    for prompt in block["prompts"]:
        try:
            Prompt(**prompt)
        except InputError as error:
            found.append(f"{task}.prompts: {error}")
    if block["items"]["trial"] > block["items"]["dev"]:
        found.append(f"{task}.items.trial: these are taken from dev, which has fewer items")
    lexicon = block.get("lexicon", {"source": "induced"})
    units = [unit for key in ("directions", "other_directions") for unit in block.get(key, [])]
    for unit in sorted({*lexicon.get("without", [])} - {*units}):
        found.append(f"{task}.lexicon.without: {unit!r} is none of the directions")
    for key in ("directions", "other_directions"):
        lacking = {*block.get(key, [])} & {*lexicon.get("without", [])}
        if lacking and lacking != {*block[key]}:
            found.append(
                f"{task}.lexicon.without: {', '.join(sorted(lacking))} would lack rows that other {task}.{key} have, "
                "and a table has the same rows for all its columns: put them all into directions or other_directions"
            )
    if lexicon["source"] == "muse":
        listed = {code for unit in {*units} - {*lexicon.get("without", [])} for code in unit.split("-")}
        for code in sorted(listed - {*MUSE}):
            found.append(f"{task}.lexicon.source: MUSE has no {code!r}; name its directions in {task}.lexicon.without")
    if lexicon["source"] == "folder" and not lexicon.get("folder"):
        found.append(f"{task}.lexicon.folder: give the folder of the dictionaries, or set source to 'induced'")
    priors = block["priors"]
    kinds, cuts, refined = NOT_TEXT.get(task, TEXT)
    given: dict[str, tuple[list[str], tuple[str, ...]]] = {
        "priors.kinds": (priors["kinds"], kinds),
        "priors.k": ([*priors["k"]], cuts),
        "refined.kind": ([block["refined"]["kind"]], refined),
    }
    for key, (values, known) in given.items():
        unknown = ", ".join(repr(value) for value in values if value not in known)
        if unknown:
            found.append(f"{task}.{key}: {unknown} is not for this task; there are {', '.join(known)}")
    if "none" not in priors["kinds"]:
        found.append(f"{task}.priors.kinds: 'none' is missing; every other kind is compared with it")
    for model, key in (("sft", "method"), ("refined", "kind")):
        if block[model][key] == "none" and model in priors["kinds"]:
            found.append(f"{task}.priors.kinds: {model!r} needs a model; {task}.{model}.{key} is 'none'")
    kind = block["refined"]["kind"]
    if kind in ("seq2seq", "token-classifier") and kind not in block["refined"]:
        found.append(f"{task}.refined.{kind}: missing; say which model to fine-tune")
    for key in ("sft_kinds", "few_shot_kinds", "free_kinds"):
        for kind in sorted({*priors.get(key, [])} - {*priors["kinds"]}):
            found.append(f"{task}.priors.{key}: {kind!r} is not in kinds")
    if not prior_cuts(priors):
        found.append(f"{task}.priors.k: empty; how many units of a prior are given?")
    limit, longest = block["max_answer_tokens"], max(priors["k"].get("token", [0]), default=0)
    if longest > limit:
        found.append(
            f"{task}.priors.k: a prior of {longest} tokens is longer than the answer "
            f"limit of {limit}: raise {task}.max_answer_tokens or lower k"
        )
    return found


def task_systems(block: Mapping[str, Any], examples: int) -> list[System]:
    """Return the systems that decode with a prior, or with none on the foundation, in the order of tables.

    ``none`` is one system; each other kind is one per variant, unit and k. The SFT model gets the kinds of
    ``sft_kinds``, and the few-shot prompt those of ``few_shot_kinds``, each in the first variant alone. Kinds of
    ``free_kinds`` also answer in free text, where the task has a form for answers; ``none`` of the SFT model, too.

    Args:
        block: A task's block of the config.
        examples: Number of examples in the few-shot prompt; 0 for no few-shot systems.
    """
    priors = block["priors"]
    cuts = prior_cuts(priors)

    def of(kind: str, variants: Sequence[str], model: str = "foundation", prompt: str = "zero-shot") -> list[System]:
        if kind == "none":
            return [System("none", variant, model=model, prompt=prompt) for variant in variants]
        if kind == "language-tag":
            return [System(kind, variant, 0, "", model, prompt) for variant in variants]
        return [System(kind, variant, k, unit, model, prompt) for variant in variants for k, unit in cuts]

    variants = {
        **{kind: [f"draw-{n}" for n in range(1, priors["random_draws"] + 1)] for kind in RANDOM_KINDS},
        "pseudo": ["first", "likeliest"],
        "language-tag": ["native-name", "code"],
    }
    systems = [system for kind in priors["kinds"] for system in of(kind, variants.get(kind, [""]))]
    if examples:
        prompt = f"few-shot-{examples}"
        for kind in priors["few_shot_kinds"]:
            systems += of(kind, variants.get(kind, [""])[:1], prompt=prompt)
        for kind in priors.get("free_kinds", []):
            systems += of(kind, ["free"], prompt=prompt)
    for kind in priors.get("free_kinds", []):
        systems += of(kind, ["free"])
    if block["sft"]["method"] != "none":
        for kind in priors["sft_kinds"]:
            systems += of(kind, variants.get(kind, [""])[:1], model="sft")
        if "none" in priors.get("free_kinds", []):
            systems += of("none", ["free"], model="sft")
    return systems


def prior_cuts(priors: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Return how many units, and of which kind, priors are cut to: the config's ``k``, tokens first."""
    return [(k, unit) for unit in K_UNITS for k in priors["k"].get(unit, [])]
