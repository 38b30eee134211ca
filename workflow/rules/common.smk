# Configuration and helpers of all rules. This runs at each start and in each cluster job: light imports only.
import atexit
import os
import re
import sys
from pathlib import Path

from snakemake.utils import validate

from prefixyarn.code_inputs import code_inputs
from prefixyarn.config.files import (
    DEFAULT,
    FOUNDATION,
    SCHEMA,
    expanded,
    origins,
    read_config,
    read_yaml,
)
from prefixyarn.config.sources import (
    DOWNLOADS,
    LOCK,
    catalogues,
    corpus_inputs,
    corpus_sources,
    crosssum_inputs,
    described,
    dictionary_inputs,
    fetched,
    flores_files,
    lacks_apt,
    local_stamps,
    official,
    pretrained,
    pretrained_foundations,
    pretrained_name,
    silver_sides,
    treebank_inputs,
)
from prefixyarn.config.subsets import (
    SUBSET_KEYS,
    all_subsets,
    analyses,
    cross_task_subsets,
    left_out,
    main_subsets,
)
from prefixyarn.config.targets import (
    SECTIONS,
    analysis_tables,
    answered,
    compares_sizes,
    cross_task_outputs,
    decoded,
    final_figures,
    final_results,
    final_tables,
    fits_languages,
    has,
    prepared,
    tables,
    trained,
)
from prefixyarn.config.validate import in_order, problems
from prefixyarn.data.official import FLORES_FILES, TREEBANK_FILES
from prefixyarn.errors import InputError
from prefixyarn.examples import candidates
from prefixyarn.job import failures
from prefixyarn.running import elsewhere, hold
from prefixyarn.systems import (
    all_cuts,
    analysis_grid,
    further_seeds,
    mechanism_grid,
    refined_settings,
    seed_variant,
)
from prefixyarn.watch import CONFIG

if {*"{}"} & {*os.getcwd()}:
    sys.exit(
        f"error: {os.getcwd()}: Snakemake takes braces in a path for wildcards. Rename the folder."
    )
config.update(expanded(config))
try:
    hold(begins=workflow.is_main_process)
    # Snakemake has read them, and merged them; what YAML hides from it is seen here.
    written = origins(FOUNDATION, DEFAULT, *map(Path, workflow.overwrite_configfiles))
    found = problems(config, read_yaml(SCHEMA), read_config(), written)
except InputError as error:
    sys.exit(f"error: {error}")
if found:
    sys.exit("Invalid configuration:\n" + "\n".join(f"  {line}" for line in found))
validate(config, str(SCHEMA))
if lacks_apt(config) and len(config["tasks"]) > 1:
    print(
        "summarization: left out: its texts, Debian's package descriptions, come through apt, which is not here",
        file=sys.stderr,
    )
    config["tasks"] = [task for task in config["tasks"] if task != "summarization"]
# The order of keys, in a file or by the order of files, is no reason to run again.
ordered = in_order(config)
config.clear()
config.update(ordered)

FOUNDATIONS = {foundation["name"]: foundation for foundation in config["foundations"]}
OWN_MODELS = pretrained_foundations(config)  # by this run itself
LABELS = {name: foundation["label"] for name, foundation in FOUNDATIONS.items()}
TASKS, TRANSLATION, ANALYSIS = (
    config["tasks"],
    config["translation"],
    config["analysis"],
)
CATALOGUES, PRETRAINED, OFFICIAL = (
    catalogues(config),
    pretrained(config),
    official(config),
)
# For --use-conda; relative to the rules' files.
ENVIRONMENT = f"../envs/{config['environment']}.yaml"
# By task: the columns of its main table, and all its subsets; by table of systems: its task and columns.
LEFT_OUT = left_out(config)
MAIN, SUBSETS, TABLES = main_subsets(config), all_subsets(config), tables(config)
for task in TASKS:
    for reason in LEFT_OUT[task].values():
        print(f"{task}: left out: {reason}", file=sys.stderr)
# Tasks with an SFT model, and the subset of each on which those of the others are tried.
CROSS_TASK = cross_task_subsets(config)
TUNED, CROSS_TASK_OUTPUTS = [*CROSS_TASK], cross_task_outputs(config)
ANALYSES = analyses(config)
# SFT models of other runs that are there, tried on this run's test items: out of their domain, and asked with the
# prompt that they were trained with.
OTHER_FILES = {
    "sft": "results/{other}/models/sft/translation/{model}/manifest.json",
    "choice": "results/{other}/prompts/translation/{model}.json",
}
OTHER_SFT = [
    run
    for run in TRANSLATION["other_sft"]
    if all(
        Path(file.format(other=run, model=name)).exists()
        for name in FOUNDATIONS
        for file in OTHER_FILES.values()
    )
]
if unmade := sorted({*TRANSLATION["other_sft"]} - {*OTHER_SFT}):
    print(
        f"No rows of the SFT models of {', '.join(unmade)}: they have not been made yet",
        file=sys.stderr,
    )


wildcard_constraints:
    run=re.escape(config["run"]),
    model="|".join(map(re.escape, FOUNDATIONS)),
    package="|".join(map(re.escape, CATALOGUES)),
    task="|".join(SUBSET_KEYS),
    trained="|".join(SUBSET_KEYS),
    sft_seed="[0-9]+",
    subset="[a-z]+(-[a-z]+)?",
    other="|".join(map(re.escape, OTHER_SFT)) or "none",


def code(script):
    """Return the script and the package's modules that it runs: a change of one runs its rules again."""
    return code_inputs(script)


def task_code(script, *modules):
    """Return an input function: the same with modules of the wildcard's task, such as ``task``."""
    return lambda w: code_inputs(script, [f"tasks.{w.task}.{name}" for name in modules])


def foundation(key):
    """Return a params function that gives a key of the wildcard model's foundation."""
    return lambda w: FOUNDATIONS[w.model][key]


def decoder_environment(wildcards):
    """Return the environment of jobs that decode: one with vLLM for the foundations that it decodes with."""
    with_vllm = FOUNDATIONS[wildcards.model]["engine"] == "vllm"
    return f"../envs/vllm-{config['environment']}.yaml" if with_vllm else ENVIRONMENT


def setting(*keys):
    """Return a params function that gives a key of the wildcard task's block, or one within it; None without it."""

    def value(wildcards):
        found = config[wildcards.task]
        for key in keys:
            found = (found or {}).get(key)
        return found

    return value


def where(what, pattern):
    """Return an input function: a pattern filled with the wildcards, if the wildcard task has this; see `has`."""
    return lambda w: (
        pattern.format(**dict(w.items())) if has(config, w.task, what) else []
    )


def over_subsets(pattern, what=None, subsets=SUBSETS):
    """Return an input function: a pattern filled with all subsets of the wildcard task and all foundations.

    Args:
        pattern: With {task} and {run}, and {subset}, {model} if it is one per subset or foundation.
        what: Only where the task has this; see `has`.
        subsets: By task, the subsets.
    """

    def files(wildcards):
        own = dict(wildcards.items())
        if what and not has(config, own["task"], what):
            return []
        found = [
            pattern.format(**{"model": name, **own, "subset": subset})
            for name in FOUNDATIONS
            for subset in subsets[own["task"]]
        ]
        return list(dict.fromkeys(found))

    return files


def splits(*names, subsets=SUBSETS):
    """Return an input function: splits of all subsets of the wildcard task, or of those given, subsets outermost."""
    return lambda w: [
        f"results/{w.run}/data/{w.task}/{subset}/{split}.jsonl"
        for subset in subsets[w.task]
        for split in names
    ]


def splits_of(task, *names, subsets=SUBSETS):
    """Return the patterns of files of all subsets of a task, or of those given."""
    return [
        f"results/{{run}}/data/{task}/{subset}/{name}"
        for subset in subsets[task]
        for name in names
    ]


def analysed(pattern, models=FOUNDATIONS):
    """Return a pattern filled with foundations and the main directions of translation; {run} stays."""
    filled = expand(pattern, model=models, subset=MAIN["translation"], run="{run}")
    return list(dict.fromkeys(filled))
