"""Systems: which rows there are. All that validate, build, decode, score, tabulate, draw or plan ask this module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from prefixyarn.config.subsets import analyses
from prefixyarn.examples import UNRELATED
from prefixyarn.priors.registry import CORRUPT_LEVELS, CORRUPTIONS, KINDS, corrupt_levels, corrupt_name
from prefixyarn.records import System
from prefixyarn.tasks.task import FREE

NONE, SFT = System("none"), System("none", model="sft")
DRAWS = "mean of draws"  # the variant, in tables, that stands for all draws of a random kind
UNITS = ("token", "word", "tag")  # of priors
HEADLINE_K = 2  # most units of a prior in the headline: the paper gives one or two prior tokens
# Prior kinds where all tasks are side by side: no controls.
HEADLINE_KINDS = ("none", "own", "pseudo", "refined", "sft", "oracle")


def cuts(priors: Mapping[str, Any], kind: str = "") -> list[tuple[int, str]]:
    """Return how many units, and of which sort, priors are cut to: the config's ``priors.k``, tokens first.

    Args:
        priors: A task's block ``priors``.
        kind: A prior kind; those of ``single_kinds`` are also cut to one unit.
    """
    single = [1] if kind in priors.get("single_kinds", []) else []
    return [(k, unit) for unit in UNITS if priors["k"].get(unit) for k in dict.fromkeys([*single, *priors["k"][unit]])]


def all_cuts(priors: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Return all that some kind's priors are cut to, units together and in their order; see `cuts`."""
    found = {cut for kind in ("", *priors["kinds"]) for cut in cuts(priors, kind)}
    return sorted(found, key=lambda cut: (UNITS.index(cut[1]), cut[0]))


def task_grid(block: Mapping[str, Any], examples: int) -> list[System]:
    """Return the systems of a task that decode with a prior, or with none on the foundation, in the order of tables.

    ``none`` is one system; each other kind is one per variant, unit and k; kinds of ``single_kinds`` are also cut to
    one unit. The SFT model gets the kinds of ``sft_kinds``, and the few-shot prompt those of ``few_shot_kinds``, each
    in the first variant alone. Kinds of ``free_kinds`` also answer in free text, where the task constrains answers;
    ``none`` of the SFT model, too. With ``few_shot.unrelated`` the foundation also answers behind one fixed example.

    Args:
        block: A task's block of the config.
        examples: Number of examples in the few-shot prompt; 0 for no few-shot systems.
    """
    priors = block["priors"]

    def of(kind: str, variants: Sequence[str], model: str = "foundation", prompt: str = "zero-shot") -> list[System]:
        own = [(0, "")] if KINDS[kind].whole else cuts(priors, kind)
        return [System(kind, variant, k, unit, model, prompt) for variant in variants for k, unit in own]

    variants = {kind: KINDS[kind].variants_of(priors["random_draws"]) for kind in priors["kinds"]}
    systems = [system for kind in priors["kinds"] for system in of(kind, variants[kind])]
    if block["few_shot"].get("unrelated"):
        systems.append(System("none", prompt=UNRELATED))
    if examples:
        prompt = f"few-shot-{examples}"
        for kind in priors["few_shot_kinds"]:
            systems += of(kind, variants[kind][:1], prompt=prompt)
        for kind in priors.get("free_kinds", []):
            systems += of(kind, [FREE], prompt=prompt)
    for kind in priors.get("free_kinds", []):
        systems += of(kind, [FREE])
    if block["sft"]["method"] != "none":
        for kind in priors["sft_kinds"]:
            systems += of(kind, variants[kind][:1], model="sft")
        if "none" in priors.get("free_kinds", []):
            systems += of("none", [FREE], model="sft")
    return systems


def analysis_grid(config: Mapping[str, Any]) -> list[System]:
    """Return the systems of the analyses of prior quality and length: translation, zero-shot, on the foundation.

    For agreement the first tokens of the SFT model's answer; for the quality of priors the first k tokens from every
    source, k words of the reference and of the SFT model's answer, and k words of the reference made worse.
    """
    analysis, block = config["analysis"], config["translation"]
    if "prior_quality" not in analysis["kinds"]:
        return [NONE, *(System("sft", "", k, "token") for k in analysis["free_k"])]
    sources = ["oracle", "pseudo"]
    sources += ["refined"] if block["refined"]["kind"] != "none" else []
    sources += ["sft"] if block["sft"]["method"] != "none" else []
    systems = [NONE]
    systems += [System(kind, KINDS[kind].variants[0], k, "token") for kind in sources for k in analysis["k"]]
    in_words = sorted({*analysis["k"], *analysis["corrupt_words"]})
    systems += [System(kind, "", k, "word") for kind in sources if kind in ("oracle", "sft") for k in in_words]
    for kind in CORRUPTIONS:
        for level in CORRUPT_LEVELS:
            systems += [corrupt_system(kind, level, k) for k in analysis["corrupt_words"] if level in corrupt_levels(k)]
    return systems


def mechanism_grid(config: Mapping[str, Any]) -> list[System]:
    """Return the foundation's systems in the analysis `mechanism`: translation, zero-shot, in tokens.

    ``none``, and the first tokens of every kind that the task has and that is cut; of a random kind one draw.
    ``oracle`` and ``shuffled`` are always there: they tell the content of an opening from its language.
    """
    systems = [NONE]
    for kind in dict.fromkeys([*config["translation"]["priors"]["kinds"], "oracle", "shuffled"]):
        if not KINDS[kind].whole:
            variants = KINDS[kind].variants_of(1)
            systems += [System(kind, own, k, "token") for own in variants for k in config["analysis"]["mechanism_k"]]
    return systems


def corrupt_system(kind: str, level: int, k: int) -> System:
    """Return the system of a corrupt prior of k words; at level 0 it is `oracle`."""
    return System(corrupt_name(kind, level) if level else "oracle", "", k, "word")


def further_seeds(config: Mapping[str, Any], task: str) -> list[int]:
    """Return the further seeds that a task's SFT model is trained with; none without such a model."""
    sft = config[task]["sft"]
    return list(sft["seeds"]) if sft["method"] != "none" else []


def seed_variant(seed: int | str) -> str:
    """Return the variant, in tables, of the SFT model that was trained with a further seed."""
    return f"seed {seed}"


def headline(
    systems: Iterable[System],
    kind: str,
    model: str = "foundation",
    variant: str | None = None,
    prompt: str = "zero-shot",
) -> System | None:
    """Return a kind's system at the largest k of at most `HEADLINE_K`, not in words; None if there is none.

    The paper gives one or two prior tokens; the rule is fixed before the run.

    Args:
        systems: Systems in the order of tables.
        kind: The prior kind.
        model: What decodes.
        variant: The variant; None for the first there is.
        prompt: The prompt.
    """
    own = [
        s
        for s in systems
        if (s.kind, s.model, s.prompt) == (kind, model, prompt)
        and s.variant == (s.variant if variant is None else variant)
        and (not s.k or (s.unit != "word" and s.k <= HEADLINE_K))
    ]
    return max(own, key=lambda s: s.k, default=None)


def shown_units(system: System) -> str:
    """Return how many units of a prior a system is given, for a reader: ``2 tokens``; empty for none."""
    return f"{system.k} {system.unit}{'s' if system.k != 1 else ''}" if system.k else ""


def refined_settings(config: Mapping[str, Any], task: str) -> dict[str, Any]:
    """Return what a task's refined model is told: its kind's own block of the config, and what follows from others."""
    refined, priors = config[task]["refined"], config[task]["priors"]
    settings = {"seed": config["seed"], **refined.get(refined["kind"], {})}
    if refined["kind"] == "linear":
        given = [k for k, _ in cuts(priors)]
        if task == "translation" and "prior_quality" in analyses(config):
            given += config["analysis"]["k"]
        if task == "translation" and "mechanism" in analyses(config):
            given += config["analysis"]["mechanism_k"]
        settings["units"] = max(given)
    return settings
