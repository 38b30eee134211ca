# Configuration and helpers of all rules. This runs at each start and in each cluster job: light imports only.
import hashlib
import json
import re
import sys
from pathlib import Path

import yaml
from snakemake.utils import validate

from prefixyarn.code_inputs import code_inputs
from prefixyarn.configuration import (
    COLUMNS,
    all_units,
    crossed_units,
    left_out,
    main_units,
    problems,
    runs_analyses,
)
from prefixyarn.data.lexicon import dictionary_files
from prefixyarn.data.official import (
    FLORES_FILES,
    TREEBANK_FILES,
    flores_file,
    muse_files,
    treebank_files,
)
from prefixyarn.errors import InputError
from prefixyarn.languages import language
from prefixyarn.plan import (
    converting_mb,
    gpus,
    memory_mb,
    minutes,
    refined_mb,
    refined_minutes,
    trains_all,
)

with open(workflow.source_path("../schemas/config.schema.yaml")) as stream:
    schema = yaml.safe_load(stream)
with open("config/config.yaml") as stream:
    found = problems(config, schema, default=yaml.safe_load(stream))
if found:
    sys.exit("Invalid configuration:\n" + "\n".join(f"  {line}" for line in found))
validate(config, "../schemas/config.schema.yaml")

FOUNDATIONS = {foundation["name"]: foundation for foundation in config["foundations"]}
LABELS = {name: foundation["label"] for name, foundation in FOUNDATIONS.items()}
TASKS = config["tasks"]
TRANSLATION = config["translation"]
CATALOGUES = {
    catalogue["package"]: catalogue
    for catalogue in TRANSLATION["catalogues"]
    if TRANSLATION["source"] == "catalogues"
}
# Published data sets in their official layouts: in a folder of the user's, or downloaded.
DOWNLOADS = "resources/official"
MIRROR = config["data"]["mirror"]
OFFICIAL = str(Path(MIRROR).expanduser()) if MIRROR else DOWNLOADS
LOCK = "config/data.lock.json"
# For --use-conda; relative to the rules' files.
ENVIRONMENT = f"../envs/{config['environment']}.yaml"
# By task: the columns of its main table, and all its units.
LEFT_OUT = left_out(config)
MAIN, UNITS = main_units(config), all_units(config)
for task in TASKS:
    for reason in LEFT_OUT[task].values():
        print(f"{task}: left out: {reason}", file=sys.stderr)
# By name of a table: its task and columns. First those of the tasks, side by side in the overview.
MAIN_TABLES = ["main" if task == "translation" else task for task in TASKS]
TABLES = {table: (task, MAIN[task]) for table, task in zip(MAIN_TABLES, TASKS)}
if "translation" in TASKS and TRANSLATION["other_directions"]:
    TABLES["other_directions"] = ("translation", TRANSLATION["other_directions"])
# Categories of Snakemake's own report (--report), by the paper's sections.
SECTIONS = {
    "all": "4 Results of all tasks",
    "translation": "4.2 Translation",
    "summarization": "4.3 Cross-lingual summarisation",
    "tagging": "4.4 Part-of-speech tagging",
    "agreement": "2.2 Agreement with the SFT model",
    "quality": "5.1 Quality and length of priors",
    "limits": "Limits: forgetting, resources",
    "cost": "Cost",
    "sft": "3 The SFT models",
}
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
        f"No rows of the SFT models of {', '.join(unmade)}: they are not made yet",
        file=sys.stderr,
    )
# What refined models start from, by a name made of it.
PRETRAINED = {
    hashlib.sha256(json.dumps(source, sort_keys=True).encode()).hexdigest()[:12]: source
    for task in TASKS
    for settings in [config[task]["refined"]]
    if (source := settings.get(settings["kind"], {}).get("source"))
    and source["kind"] != "new"
}


wildcard_constraints:
    run=re.escape(config["run"]),
    model="|".join(map(re.escape, FOUNDATIONS)),
    package="|".join(map(re.escape, CATALOGUES)),
    task="|".join(COLUMNS),
    unit="[a-z]+(-[a-z]+)?",


def code(script):
    """Return the script and the package's modules that it runs: a change of one runs its rules again."""
    return code_inputs(script)


def task_code(script, *modules):
    """Return an input function: the same with modules of the wildcard's task, such as ``answers``."""
    return lambda w: code_inputs(script, [f"tasks.{w.task}.{name}" for name in modules])


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


def setting(*keys):
    """Return a params function that gives a key of the wildcard task's block as JSON; of several, a block of them."""

    def value(wildcards):
        own = config[wildcards.task]
        return as_json(
            own[keys[0]] if len(keys) == 1 else {key: own[key] for key in keys}
        )(wildcards)

    return value


def max_source_tokens(wildcards):
    """Return the option that cuts long sources, where the wildcard task has it."""
    limit = config[wildcards.task].get("max_source_tokens")
    return f"--max-source-tokens {limit}" if limit else ""


def memory(name):
    """Return a resources function: what a job of a rule with a model asks for in MB; twice after a failure."""
    return lambda w, attempt: attempt * memory_mb(
        FOUNDATIONS[w.model], name, trains_all(config, w.get("task", ""))
    )


def runtime(name, task=""):
    """Return a resources function: the minutes that such a job asks for, of the wildcard task if there is one."""
    return lambda w, attempt: attempt * minutes(
        config, name, w.model, w.get("task", task)
    )


def cards(name):
    """Return a resources function: how many GPUs such a job asks for."""
    return lambda w: gpus(
        FOUNDATIONS[w.model],
        config["cluster"]["gpu_gb"],
        name,
        trains_all(config, w.get("task", "")),
    )


def refined_memory(wildcards, attempt):
    """Return what a job with the wildcard task's refined model asks for in MB."""
    return attempt * refined_mb(config[wildcards.task]["refined"]["kind"])


def refined_runtime(wildcards, attempt):
    """Return the minutes that training the wildcard task's refined model asks for."""
    return attempt * refined_minutes(config[wildcards.task]["refined"]["kind"])


def refined_cards(wildcards):
    """Return how many GPUs the wildcard task's refined model asks for: one, where it is large and the run has GPUs."""
    large = config[wildcards.task]["refined"]["kind"] in ("seq2seq", "token-classifier")
    return int(large and any(own["dtype"] != "float32" for own in FOUNDATIONS.values()))


def files_of(source):
    """Return the files of a model that is a local folder, so that changing one is noticed."""
    folder = Path(source.get("path", "")).expanduser()
    if source.get("kind") != "local" or not folder.is_dir():
        return []
    return sorted(str(path) for path in folder.iterdir() if path.is_file())


def local_files(wildcards):
    """Return the files of the wildcard model's foundation, if it is a local folder."""
    return files_of(FOUNDATIONS[wildcards.model]["source"])


def has(model):
    """Return a test whether a task has a trained model (``sft``, ``refined``), few-shot systems or pseudo priors."""
    return {
        "sft": lambda task: config[task]["sft"]["method"] != "none",
        "refined": lambda task: config[task]["refined"]["kind"] != "none",
        "examples": lambda task: bool(config[task]["few_shot"]["examples"]),
        "lexicon": lambda task: "lexicon" in config[task],
    }[model]


def where(model, pattern):
    """Return an input function: a pattern filled with the wildcards, if the wildcard task has a model."""
    return lambda w: pattern.format(**dict(w.items())) if has(model)(w.task) else []


def over_units(pattern, model=None, units=UNITS):
    """Return an input function: a pattern filled with all units of the wildcard task and all foundations.

    Args:
        pattern: With {task} and {run}, and {unit}, {model} if it is one per unit or foundation.
        model: Only where the task has this model; see `has`.
        units: By task, the units.
    """

    def files(wildcards):
        own = dict(wildcards.items())
        if model and not has(model)(own["task"]):
            return []
        found = [
            pattern.format(**{"model": name, **own, "unit": unit})
            for name in FOUNDATIONS
            for unit in units[own["task"]]
        ]
        return list(dict.fromkeys(found))

    return files


def table_files(pattern, model=None):
    """Return an input function: a pattern filled with the wildcard table's task and columns, and all foundations."""

    def files(wildcards):
        task, units = TABLES[wildcards.table]
        if model and not has(model)(task):
            return []
        found = [
            pattern.format(run=wildcards.run, task=task, model=name, unit=unit)
            for name in FOUNDATIONS
            for unit in units
        ]
        return list(dict.fromkeys(found))

    return files


def splits(*names, units=UNITS):
    """Return an input function: splits of all units of the wildcard task, or of those given, units outermost."""
    return lambda w: [
        f"results/{w.run}/data/{w.task}/{unit}/{split}.jsonl"
        for unit in units[w.task]
        for split in names
    ]


def splits_of(task, *names):
    """Return the patterns of splits of all units of a task, for the rule that makes them."""
    return [
        f"results/{{run}}/data/{task}/{unit}/{name}"
        for unit in UNITS[task]
        for name in names
    ]


def dictionary_inputs(wildcards):
    """Return what a dictionary is made from: short parallel texts of training, or dictionary files."""
    lexicon = config[wildcards.task]["lexicon"]
    if wildcards.unit in lexicon.get("without", []):
        return []
    if lexicon["source"] == "induced":
        split = "train" if wildcards.task == "translation" else "parallel"
        return [
            f"results/{wildcards.run}/data/{wildcards.task}/{wildcards.unit}/{split}.jsonl"
        ]
    if lexicon["source"] == "muse":
        return [f"{OFFICIAL}/{name}" for name in muse_files(wildcards.unit)]
    try:
        return [
            str(path)
            for path in dictionary_files(lexicon["folder"], *wildcards.unit.split("-"))
        ]
    except InputError as error:
        sys.exit(f"error: {error}")


def refined_settings(wildcards):
    """Return what the refined model's kind is told: its own block of the config, and what follows from others."""
    own = config[wildcards.task]
    settings = {
        "seed": config["seed"],
        **own["refined"].get(own["refined"]["kind"], {}),
    }
    if own["refined"]["kind"] == "linear":
        given = [k for ks in own["priors"]["k"].values() for k in ks]
        # Whether or not this run has the analyses: its tables should be the same.
        if wildcards.task == "translation":
            given += config["analysis"]["k"]
        settings["units"] = max(given)
    return as_json(settings)(wildcards)


def pretrained(pattern):
    """Return a function: a pattern filled with the name of what the wildcard task's refined model starts from."""

    def value(wildcards):
        settings = config[wildcards.task]["refined"]
        source = settings.get(settings["kind"], {}).get("source", {})
        names = [name for name, own in PRETRAINED.items() if own == source]
        return pattern.format(names[0]) if names else []

    return value


def silver_sides():
    """Return, for each language of the tagging task, the unit of translation that has it, and on which side."""
    sides = []
    for language in UNITS["tagging"]:
        sided = [
            (unit, side)
            for side, place in (("target", 1), ("source", 0))
            for unit in UNITS["translation"]
            if unit.split("-")[place] == language
        ]
        sides.append(sided[0])
    return sides


def crosssum_files():
    """Return CrossSum's files of the run's pairs: those to fetch from the hub, or those in a folder of the user's."""
    source = config["summarization"]["source"]
    if "summarization" not in TASKS or source["kind"] == "debian":
        return []
    pairs = [
        "-".join(language(code).crosssum for code in unit.split("-"))
        for unit in UNITS["summarization"]
    ]
    if source["kind"] == "crosssum-hub":
        return [f"resources/crosssum/{pair}_CrossSum.tar.bz2" for pair in pairs]
    found = [
        path
        for pair in pairs
        for path in Path(source["folder"]).expanduser().glob(f"{pair}_*")
    ]
    return sorted(map(str, found))


def flores_files():
    """Return FLORES's files of the run: dev, and devtest unless a mirror lacks it."""
    names = [flores_file(code, "dev") for code in config["languages"]]
    devtest = [flores_file(code, "devtest") for code in config["languages"]]
    if not MIRROR or Path(OFFICIAL, devtest[0]).exists():
        names += devtest
    return names


def treebanks():
    """Return the files of the treebanks, so that changing one is noticed."""
    folder = config["tagging"]["source"].get("folder")
    if not folder and not MIRROR:
        names = [name for code in UNITS["tagging"] for name in treebank_files(code)]
        return [f"{DOWNLOADS}/{name}" for name in names]
    found = Path(folder or f"{OFFICIAL}/ud-treebanks-v2.5").expanduser()
    return sorted(str(path) for path in found.glob("*/*.conllu"))


ANALYSED = runs_analyses(config)
# What the findings say something of, beside the main tables.
FOUND_TABLES = [
    *(("agreement", "quality", "prior_units", "crossed") if ANALYSED else ()),
    *(("resources",) if "translation" in TASKS else ()),
]


def analysed(pattern):
    """Return a pattern filled with all foundations and main directions of translation; {run} stays."""
    filled = expand(pattern, model=FOUNDATIONS, unit=MAIN["translation"], run="{run}")
    return list(dict.fromkeys(filled))


# Tasks with an SFT model, and the unit of each on which those of the others are tried.
CROSSED = crossed_units(config)
TUNED = list(CROSSED)
CROSSED_OUTPUTS = [
    f"results/{{run}}/analysis/crossed/{trained}/{task}/{model}.jsonl"
    for model in FOUNDATIONS
    for task in TUNED
    for trained in TUNED
    if trained != task
]


def fetched():
    """Return what comes over the network."""
    files = [f"resources/foundations/{name}/source.json" for name in FOUNDATIONS]
    files += [f"resources/refined/{name}/source.json" for name in PRETRAINED]
    files += [f"resources/catalogues/{package}.whl" for package in CATALOGUES]
    if (
        "summarization" in TASKS
        and config["summarization"]["source"]["kind"] == "debian"
    ):
        codes = {code for unit in UNITS["summarization"] for code in unit.split("-")}
        files += [f"resources/descriptions/{code}.txt" for code in {"en", *codes}]
    if (
        "summarization" in TASKS
        and config["summarization"]["source"]["kind"] == "crosssum-hub"
    ):
        files += crosssum_files()
    if MIRROR:
        return sorted(files)
    names = flores_files() if TRANSLATION["source"] == "flores" else []
    for task in TASKS:
        lexicon = config[task].get("lexicon", {"source": ""})
        if lexicon["source"] == "muse":
            units = {*UNITS[task]} - {*lexicon.get("without", [])}
            names += [name for unit in units for name in muse_files(unit)]
    if "tagging" in TASKS and config["tagging"]["source"] == {"kind": "treebanks"}:
        names += [name for code in UNITS["tagging"] for name in treebank_files(code)]
    return sorted({*files, *(f"{DOWNLOADS}/{name}" for name in names)})


def decoded(tasks):
    """Return the answers of tasks, so that tables that come with a checkout are not taken for those of a run here."""
    return [
        f"results/{config['run']}/decode/{task}/{unit}/{model}.jsonl"
        for task in tasks
        for unit in UNITS[task]
        for model in FOUNDATIONS
    ]


def prepared():
    """Return the data of all tasks: splits, what was left out of them, and dictionaries."""
    folder = f"results/{config['run']}"
    files = []
    for task in TASKS:
        files.append(f"{folder}/data/{task}/note.json")
        if has("lexicon")(task):
            files += [f"{folder}/lexicon/{task}/{unit}.tsv" for unit in UNITS[task]]
    return files


def trained():
    """Return the foundations, verified, and all that is trained."""
    folder = f"results/{config['run']}"
    files = [f"{folder}/checks/{model}.json" for model in FOUNDATIONS]
    for task in TASKS:
        files += [f"{folder}/prompts/{task}/{model}.json" for model in FOUNDATIONS]
        if has("sft")(task):
            files += [
                f"{folder}/models/sft/{task}/{model}/manifest.json"
                for model in FOUNDATIONS
            ]
        if has("refined")(task):
            files.append(f"{folder}/models/refined/{task}/manifest.json")
    return files


def answered():
    """Return all answers of the foundations: those of the tasks and those of the analyses."""
    if not ANALYSED:
        return decoded(TASKS)
    analyses = [
        *analysed("results/{run}/analysis/agreement/{unit}/{model}.csv"),
        *(f"results/{{run}}/analysis/forgetting/{model}.csv" for model in FOUNDATIONS),
        *CROSSED_OUTPUTS,
    ]
    return decoded(TASKS) + expand(analyses, run=config["run"])


def final_tables():
    """Return the names of a run's tables."""
    kinds = ("csv", "md", "tex")
    tables = [f"{name}.{kind}" for name in ("overview", *TABLES) for kind in kinds]
    tables += ["findings.csv", "findings.md"]
    for task in TASKS:
        tables += [
            f"{name}_{task}.{kind}"
            for name in ("prompts", "cost")
            for kind in ("csv", "md")
        ]
    if len(FOUNDATIONS) > 1:
        tables += ["scale.csv", "scale.md"]
    if "translation" in TASKS:
        tables += ["translation.csv", "translation.md", "resources.csv", "resources.md"]
    if ANALYSED:
        tables += ["agreement.csv", "agreement.md", "quality.csv", "quality.md"]
        tables += ["prior_units.csv", "propagation.csv"]
        tables += ["forgetting.csv", "forgetting.md", "crossed.csv"]
    return tables


def final_figures():
    """Return the names of a run's figures, without their suffixes."""
    names = ["headline", "cost"]
    names += [f"sft_loss_{task}" for task in TASKS if has("sft")(task)]
    if "translation" in TASKS:
        names += ["off_target"]
    if ANALYSED:
        names += ["agreement", "silent_majority", "quality", "prior_units"]
    drawn = [f"{name}_{foundation}" for name in names for foundation in FOUNDATIONS]
    return drawn + (["scale"] if len(FOUNDATIONS) > 1 else [])


def final_results():
    """Return the targets of a whole run."""
    folder = f"results/{config['run']}"
    return [
        *(f"{folder}/tables/{name}" for name in final_tables()),
        *(
            f"{folder}/figures/{name}.{kind}"
            for name in final_figures()
            for kind in ("svg", "png")
        ),
        f"{folder}/metrics.json",
        f"{folder}/report.html",
    ]
