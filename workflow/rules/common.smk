# Configuration and helpers of all rules. This runs at each start and in each cluster job: light imports only.
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
CATALOGUES = {
    catalogue["package"]: catalogue for catalogue in config["translation"]["catalogues"]
}
DIRECTIONS = config["translation"]["directions"]


wildcard_constraints:
    run=re.escape(config["run"]),
    model="|".join(map(re.escape, FOUNDATIONS)),
    package="|".join(map(re.escape, CATALOGUES)),
    unit="|".join(map(re.escape, DIRECTIONS)),


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


def local_files(wildcards):
    """Return the files of a foundation from a local folder, so that changing one is noticed."""
    source = FOUNDATIONS[wildcards.model]["source"]
    folder = Path(source.get("path", "")).expanduser()
    if source["kind"] != "local" or not folder.is_dir():
        return []
    return sorted(str(path) for path in folder.iterdir() if path.is_file())


def dictionary_inputs(wildcards):
    """Return what a direction's dictionary is made from: the training split, or dictionary files."""
    lexicon = config["translation"]["lexicon"]
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


def final_results():
    """Return the targets of a whole run."""
    names = ["translation.csv", "translation.md", "prompts.csv", "prompts.md"]
    return [f"results/{config['run']}/tables/{name}" for name in names]
