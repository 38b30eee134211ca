"""The configuration: what the schema cannot say, and what follows from it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from prefixyarn.errors import InputError
from prefixyarn.languages import Direction, language
from prefixyarn.prompts import Prompt
from prefixyarn.records import System

RANDOM_KINDS = ("random-function", "random-content")


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
    codes = {"languages": config["languages"]}
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
    for prompt in translation["prompts"]:
        try:
            Prompt(**prompt)
        except InputError as error:
            found.append(f"translation.prompts: {error}")
    for unit in translation["directions"]:
        try:
            direction = Direction.parse(unit)
        except InputError as error:
            found.append(f"translation.directions: {error}")
            continue
        for code in (direction.source, direction.target):
            if code not in config["languages"]:
                found.append(f"translation.directions: {unit} needs {code!r}, which is not in languages")
    packages = [catalogue["package"] for catalogue in translation["catalogues"]]
    if translation["held_out"] not in packages:
        found.append(
            f"translation.held_out: {translation['held_out']!r} is none of the catalogues ({', '.join(packages)})"
        )
    elif len(packages) < 2:
        found.append("translation.catalogues: at least two are needed, one of which is held out of training")
    if translation["lexicon"]["source"] == "folder" and not translation["lexicon"].get("folder"):
        found.append("translation.lexicon.folder: give the folder of the dictionaries, or set source to 'induced'")
    for key, names in {
        "foundations": [foundation["name"] for foundation in config["foundations"]],
        "translation.prompts": [prompt["name"] for prompt in translation["prompts"]],
        "translation.catalogues": packages,
    }.items():
        found += [f"{key}: {name!r} is there twice" for name in sorted({n for n in names if names.count(n) > 1})]
    if "none" not in translation["priors"]["kinds"]:
        found.append("translation.priors.kinds: 'none' is missing; every other kind is compared with it")
    limit = translation["max_answer_tokens"]
    if "token" in translation["priors"]["k_units"] and max(translation["priors"]["k"]) > limit:
        found.append(
            f"translation.priors.k: a prior of {max(translation['priors']['k'])} tokens is longer than the answer "
            f"limit of {limit}: raise translation.max_answer_tokens or lower k"
        )
    return found


def translation_systems(priors: Mapping[str, Any]) -> list[System]:
    """Return the systems that ``translation.priors`` asks for, in the order of tables.

    ``none`` is one system; each other kind is one per draw (random kinds), unit and k.
    """
    systems = []
    for kind in priors["kinds"]:
        if kind == "none":
            systems.append(System("none"))
            continue
        draws = range(1, priors["random_draws"] + 1)
        variants = [f"draw-{n}" for n in draws] if kind in RANDOM_KINDS else [""]
        systems += [
            System(kind, variant, k, unit) for variant in variants for unit in priors["k_units"] for k in priors["k"]
        ]
    return systems
