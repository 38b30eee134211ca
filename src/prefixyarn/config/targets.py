"""What a run makes: the files that its rules and named targets ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from prefixyarn.config.sources import pretrained_foundations
from prefixyarn.config.subsets import all_subsets, analyses, cross_task_subsets, main_subsets
from prefixyarn.systems import further_seeds

Config = Mapping[str, Any]

# Categories of Snakemake's own report (--report), by the paper's sections.
SECTIONS = {
    "all": "4 Results of all tasks",
    "translation": "4.2 Translation",
    "summarization": "4.3 Cross-lingual summarisation",
    "tagging": "4.4 Part-of-speech tagging",
    "agreement": "2.2 Agreement with the SFT model",
    "mechanism": "What a prior does",
    "quality": "5.1 Quality and length of priors",
    "limits": "Limits: forgetting, resources",
    "cost": "Cost",
    "sft": "3 The SFT models",
}

# By analysis its tables, and its figures. The first table has a text, in which the others stand.
ANALYSIS_TABLES = {
    "agreement": ("agreement",),
    "mechanism": ("mechanism", "mechanism_split"),
    "prior_quality": ("prior_quality", "prior_length", "sft_priors", "propagation"),
    "forgetting": ("forgetting", "cross_task"),
}
ANALYSIS_FIGURES: dict[str, tuple[str, ...]] = {
    "agreement": ("agreement", "silent_majority"),
    "mechanism": ("mechanism",),
    "prior_quality": ("prior_quality", "prior_length"),
    "forgetting": (),
}
FITTED_LANGUAGES = 8  # fewer target languages say little of a line through them


def names(config: Config) -> list[str]:
    """Return the names of a run's foundations."""
    return [own["name"] for own in config["foundations"]]


def has(config: Config, task: str, what: str) -> bool:
    """Return whether a task has a trained model (``sft``, ``refined``, ``matched``), few-shot systems, a dictionary."""
    block = config[task]
    return {
        "sft": block["sft"]["method"] != "none",
        "refined": block["refined"]["kind"] != "none",
        "matched": "refined-matched" in block["priors"]["kinds"],
        "examples": bool(block["few_shot"]["examples"]),
        "lexicon": "lexicon" in block,
    }[what]


def tables(config: Config) -> dict[str, tuple[str, list[str]]]:
    """Return the tables of systems, by name: their task and columns. First the main tables of the tasks."""
    main = main_subsets(config)
    found = {task: (task, main[task]) for task in config["tasks"]}
    if "translation" in found and config["translation"]["other_directions"]:
        found["other_directions"] = ("translation", config["translation"]["other_directions"])
    return found


def cross_task_outputs(config: Config) -> list[str]:
    """Return the answers of SFT models to the other tasks, {run} for the run's name."""
    tuned = [*cross_task_subsets(config)] if "forgetting" in analyses(config) else []
    return [
        f"results/{{run}}/analysis/cross_task/{trained}/{task}/{model}.jsonl"
        for model in names(config)
        for task in tuned
        for trained in tuned
        if trained != task
    ]


def fill(config: Config, patterns: Iterable[str]) -> list[str]:
    """Return patterns with the run's name in the place of {run}."""
    return [pattern.replace("{run}", config["run"]) for pattern in patterns]


def decoded(config: Config, tasks: Iterable[str]) -> list[str]:
    """Return the answers of tasks, so that tables that come with a checkout are not taken for those of a run here."""
    subsets = all_subsets(config)
    return [
        f"results/{config['run']}/decode/{task}/{subset}/{model}.jsonl"
        for task in tasks
        for subset in subsets[task]
        for model in names(config)
    ]


def prepared(config: Config) -> list[str]:
    """Return the data of all tasks: splits, what was left out of them, and dictionaries."""
    folder, files = f"results/{config['run']}", []
    for task in config["tasks"]:
        files.append(f"{folder}/data/{task}/note.json")
        if has(config, task, "lexicon"):
            files += [f"{folder}/lexicon/{task}/{subset}.tsv" for subset in all_subsets(config)[task]]
    return files


def trained(config: Config) -> list[str]:
    """Return the foundations, verified, and all that is trained."""
    folder, models = f"results/{config['run']}", names(config)
    files = [f"{folder}/checks/{model}.json" for model in models]
    for task in config["tasks"]:
        files += [f"{folder}/prompts/{task}/{model}.json" for model in models]
        if has(config, task, "sft"):
            files += [f"{folder}/models/sft/{task}/{model}/manifest.json" for model in models]
        again = [(model, seed) for model in models for seed in further_seeds(config, task)]
        files += [f"{folder}/models/sft_seeds/{task}/{model}/{seed}/manifest.json" for model, seed in again]
        if has(config, task, "refined"):
            files.append(f"{folder}/models/refined/{task}/manifest.json")
        if has(config, task, "matched"):
            files.append(f"{folder}/models/refined_matched/{task}/manifest.json")
    return files


def answered(config: Config) -> list[str]:
    """Return all answers of the foundations: those of the tasks and those of the analyses."""
    files, found = decoded(config, config["tasks"]), []
    by_subset = [(subset, model) for subset in main_subsets(config)["translation"] for model in names(config)]
    if "agreement" in analyses(config):
        found += [f"agreement/{subset}/{model}.csv" for subset, model in by_subset]
    if "mechanism" in analyses(config):
        found += [f"mechanism/{subset}/{model}.csv" for subset, model in by_subset]
    if "pretraining" in config:
        own = pretrained_foundations(config)
        found += [f"formats/{subset}/{model}.csv" for subset, model in by_subset if model in own]
    if "prior_quality" in analyses(config):
        found += [f"outputs/{subset}/{model}.jsonl" for subset, model in by_subset]
    if "forgetting" in analyses(config):
        found += [f"forgetting/{model}.csv" for model in names(config)]
    files += fill(config, [f"results/{{run}}/analysis/{name}" for name in found])
    found = [
        f"results/{{run}}/sft_seeds/{task}/{model}/{seed}.jsonl"
        for task in config["tasks"]
        for model in names(config)
        for seed in further_seeds(config, task)
    ]
    return files + fill(config, [*found, *cross_task_outputs(config)])


def analysis_tables(config: Config) -> list[str]:
    """Return the names of the tables of the analyses."""
    return [name for kind in analyses(config) for name in ANALYSIS_TABLES[kind]]


def fits_languages(config: Config) -> bool:
    """Return whether a run has enough target languages for lines of gains against what a foundation knows of them."""
    block = config["translation"]
    targets = {subset.partition("-")[2] for subset in block["directions"]}
    gains = block["priors"]["kinds"] != ["none"] or block["few_shot"]["examples"]
    return "translation" in config["tasks"] and len(targets) >= FITTED_LANGUAGES and bool(gains)


def compares_sizes(config: Config) -> bool:
    """Return whether a run has a table of scale; of models that it trains itself, that of mixes says more."""
    return len(config["foundations"]) > 1 and "pretraining" not in config


def final_tables(config: Config) -> list[str]:
    """Return the names of the files of a run's tables."""
    found = [f"{name}.{kind}" for name in ("overview", *tables(config)) for kind in ("csv", "md", "tex")]
    listed = ["findings", *(f"{name}_{task}" for task in config["tasks"] for name in ("prompts", "cost"))]
    if "translation" in config["tasks"]:
        listed += ["by_direction", "language_resources"]
    if compares_sizes(config):
        listed.append("scale")
    if "pretraining" in config:
        listed += ["corpus_audit", "mixes"]
    found += [f"{name}.csv" for name in (*listed, *analysis_tables(config))]
    if fits_languages(config):
        found.append("language_resources_fit.csv")
    if "pretraining" in config:
        found += [f"mixes_{name}.csv" for name in ("training", "formats", "verdicts")]
    if "translation" in config["tasks"]:
        found += ["translation_groups.csv", "translation_contrasts.csv", "primary.csv"]
    return found + [f"{name}.md" for name in (*listed, *analyses(config))]


def final_figures(config: Config) -> list[str]:
    """Return the names of a run's figures, without their suffixes."""
    trained = [task for task in config["tasks"] if has(config, task, "sft")]
    found = ["headline", *(["cost"] if trained else []), *(f"sft_loss_{task}" for task in trained)]
    if "translation" in config["tasks"]:
        found.append("off_target")
    if fits_languages(config):
        found.append("language_resources")
    found += [name for kind in analyses(config) for name in ANALYSIS_FIGURES[kind]]
    drawn = [f"{name}_{model}" for name in found for model in names(config)]
    drawn += ["scale"] if compares_sizes(config) else []
    return drawn + (["mixes", "mixes_budget"] if "pretraining" in config else [])


def final_results(config: Config) -> list[str]:
    """Return the targets of a whole run."""
    folder = f"results/{config['run']}"
    return [
        *(f"{folder}/tables/{name}" for name in final_tables(config)),
        *(f"{folder}/figures/{name}.{kind}" for name in final_figures(config) for kind in ("svg", "png")),
        f"{folder}/metrics.json",
        f"{folder}/report.html",
        f"{folder}/explorer.html",
    ]
