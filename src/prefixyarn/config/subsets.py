"""What each task is run on: its subsets, that is directions, or in tagging languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefixyarn.languages import LANGUAGES

# By task the key of its subsets in the config.
SUBSET_KEYS = {"translation": "directions", "summarization": "directions", "tagging": "languages"}


def listed(config: Mapping[str, Any], task: str, key: str) -> list[str]:
    """Return the subsets that a key of a task lists.

    Of a task that does not run they are only those whose languages the run has: its block may be that of the default
    run. Translation's sentences are prepared even so: foundations are verified on them, and silver tags given to some.
    """
    found: list[str] = config[task][key]
    known = {*config["languages"]}
    return found if task in config["tasks"] else [own for own in found if {*own.split("-")} <= known]


def left_out(config: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return, by task, the subsets that it cannot be run on as there are no data in a language, and why."""
    found: dict[str, dict[str, str]] = {task: {} for task in SUBSET_KEYS}
    source = config["summarization"]["source"]["kind"]
    has = [own.code for own in LANGUAGES.values() if (own.described if source == "debian" else own.crosssum)]
    for subset in listed(config, "summarization", "directions"):
        for code in subset.split("-"):
            if code not in has:
                reason = f"{subset} needs {code!r}, which {source} does not have ({', '.join(has)})"
                found["summarization"][subset] = reason
    directions = [own for key in ("directions", "other_directions") for own in listed(config, "translation", key)]
    translated = {code for subset in directions for code in subset.split("-")}
    silver = config["tagging"]["source"]["kind"] == "silver"
    known = [own.code for own in LANGUAGES.values() if (own.silver if silver else own.treebanks)]
    for code in listed(config, "tagging", "languages"):
        if code not in known:
            what = "packaged tagger" if silver else "treebank"
            found["tagging"][code] = f"no {what} for {code!r}, only for {', '.join(known)}"
        elif silver and code not in translated:
            found["tagging"][code] = f"{code!r} is in no direction of translation, whose sentences are tagged"
    return found


def main_subsets(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return, by task, the columns of its main table: its subsets but those that have no data."""
    lacking = left_out(config)
    return {
        task: [subset for subset in listed(config, task, key) if subset not in lacking[task]]
        for task, key in SUBSET_KEYS.items()
    }


def all_subsets(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return, by task, all its subsets: translation has other directions beside those of its main table."""
    main = main_subsets(config)
    return {**main, "translation": main["translation"] + listed(config, "translation", "other_directions")}


def cross_task_subsets(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return, for each task with an SFT model, its subsets on which the SFT models of the others are tried."""
    main = main_subsets(config)
    return {task: main[task][:1] for task in config["tasks"] if config[task]["sft"]["method"] != "none"}


def analyses(config: Mapping[str, Any]) -> list[str]:
    """Return the analyses that a run has: they are of the translation task, and against its SFT model."""
    able = "translation" in cross_task_subsets(config) and config["analysis"]["items"]
    return list(config["analysis"]["kinds"]) if able else []
