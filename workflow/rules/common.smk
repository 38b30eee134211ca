# Configuration and helpers of all rules. This runs at each start and in each cluster job: light imports only.
import hashlib
import json
import re
import sys
from pathlib import Path

import yaml
from snakemake.utils import validate

from prefixyarn.code_inputs import code_inputs
from prefixyarn.configuration import problems
from prefixyarn.data.lexicon import dictionary_files
from prefixyarn.errors import InputError

with open(workflow.source_path("../schemas/config.schema.yaml")) as stream:
    schema = yaml.safe_load(stream)
with open("config/config.yaml") as stream:
    found = problems(config, schema, default=yaml.safe_load(stream))
if found:
    sys.exit("Invalid configuration:\n" + "\n".join(f"  {line}" for line in found))
validate(config, "../schemas/config.schema.yaml")

FOUNDATIONS = {foundation["name"]: foundation for foundation in config["foundations"]}
TRANSLATION = config["translation"]
CATALOGUES = {
    catalogue["package"]: catalogue for catalogue in TRANSLATION["catalogues"]
}
DIRECTIONS = TRANSLATION["directions"]
LABELS = {name: foundation["label"] for name, foundation in FOUNDATIONS.items()}
UNITS = DIRECTIONS + TRANSLATION["other_directions"]
EXAMPLES = TRANSLATION["few_shot"]["examples"]
SFT = TRANSLATION["sft"]["method"] != "none"
REFINED = TRANSLATION["refined"]["kind"] != "none"
REFINED_SOURCE = TRANSLATION["refined"].get("seq2seq", {}).get("source", {})
REFINED_FOLDER = f"resources/refined/{hashlib.sha256(json.dumps(REFINED_SOURCE, sort_keys=True).encode()).hexdigest()[:12]}"


wildcard_constraints:
    run=re.escape(config["run"]),
    model="|".join(map(re.escape, FOUNDATIONS)),
    package="|".join(map(re.escape, CATALOGUES)),
    unit="|".join(map(re.escape, UNITS)),


def code(script):
    """Return the script and the package's modules that it runs: a change of one runs its rules again."""
    return code_inputs(script)


def as_json(value):
    """Return a params function that gives a config value as JSON with sorted keys.

    Sorted, so that the order in the file is no reason to run again; a function, because Snakemake would take
    the braces of a plain string for wildcards.
    """
    return lambda wildcards: json.dumps(value, sort_keys=True, ensure_ascii=False)


def foundation(key):
    """Return a params function that gives a key of the wildcard model's foundation, nested ones as JSON."""

    def value(wildcards):
        found = FOUNDATIONS[wildcards.model][key]
        return as_json(found)(wildcards) if isinstance(found, dict) else found

    return value


def files_of(source):
    """Return the files of a model that is a local folder, so that changing one is noticed."""
    folder = Path(source.get("path", "")).expanduser()
    if source.get("kind") != "local" or not folder.is_dir():
        return []
    return sorted(str(path) for path in folder.iterdir() if path.is_file())


def local_files(wildcards):
    """Return the files of the wildcard model's foundation, if it is a local folder."""
    return files_of(FOUNDATIONS[wildcards.model]["source"])


def dictionary_inputs(wildcards):
    """Return what a direction's dictionary is made from: the training split, or dictionary files."""
    lexicon = TRANSLATION["lexicon"]
    if lexicon["source"] == "induced":
        return [
            f"results/{wildcards.run}/data/translation/{wildcards.unit}/train.jsonl"
        ]
    try:
        return [
            str(path)
            for path in dictionary_files(lexicon["folder"], *wildcards.unit.split("-"))
        ]
    except InputError as error:
        sys.exit(f"error: {error}")


def splits(*names):
    """Return the patterns of splits of all units, units outermost; a unit's own with a wildcard is in the rules."""
    return [
        f"results/{{run}}/data/translation/{unit}/{split}.jsonl"
        for unit in UNITS
        for split in names
    ]


def per_unit(pattern, units=UNITS):
    """Return a pattern filled with all units and foundations, as far as it has those wildcards; {run} stays."""
    filled = expand(pattern, unit=units, model=FOUNDATIONS, run="{run}")
    return list(dict.fromkeys(filled))


def sft_manifests():
    """Return the patterns of the SFT models' manifests, one per foundation."""
    pattern = "results/{{run}}/models/sft/translation/{model}/manifest.json"
    return expand(pattern, model=FOUNDATIONS) if SFT else []


def refined_settings():
    """Return what the refined model's kind is told: its own block of the config, and what follows from others."""
    kind = TRANSLATION["refined"]["kind"]
    settings = {"seed": config["seed"]}
    if kind == "linear":
        return {
            **settings,
            "units": max(k for ks in TRANSLATION["priors"]["k"].values() for k in ks),
        }
    return {**settings, **TRANSLATION["refined"].get(kind, {})}


def final_results():
    """Return the targets of a whole run."""
    tables = ["main.csv", "main.md", "main.tex", "translation.csv", "translation.md"]
    tables += ["prompts.csv", "prompts.md", "cost.csv"]
    figures = []
    if TRANSLATION["other_directions"]:
        tables += ["other_directions.csv", "other_directions.md"]
    if SFT:
        kinds = ("csv", "svg", "png")
        figures += [f"sft_loss_{name}.{kind}" for name in FOUNDATIONS for kind in kinds]
    folder = f"results/{config['run']}"
    return [
        *(f"{folder}/tables/{name}" for name in tables),
        *(f"{folder}/figures/{name}" for name in figures),
    ]
