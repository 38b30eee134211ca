"""What the report says of a run as a whole: its set-up, its limits, how to make it again, and its versions."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from prefixyarn.config.subsets import all_subsets

PAPER_PARAMETERS = 6.7e9  # of Llama 2 7B, the paper's smallest foundation
PACKAGES = (
    "prefixyarn",
    "torch",
    "transformers",
    "peft",
    "sacrebleu",
    "rouge-score",
    "seqeval",
    "scikit-learn",
    "snakemake",
)


def setup(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return names and values of what was run: models, data, sizes."""
    models = [f"{own['label']} ({own.get('licence') or 'licence not named'})" for own in config["foundations"]]
    found = [("models", "; ".join(models))]
    translation, summarization, tagging = config["translation"], config["summarization"], config["tagging"]
    packages = ", ".join(f"{c['package']} {c['version']}" for c in translation["catalogues"])
    texts = {
        "catalogues": f"gettext catalogues ({packages}; their packages' licences)",
        "flores": "FLORES-101 (CC BY-SA 4.0)",
    }
    subsets = all_subsets(config)
    what = {task: f"{', '.join(own)}: {config[task]['items']['test']} items each" for task, own in subsets.items()} | {
        "translation": f"{', '.join(translation['directions'])}: {translation['items']['test']} sentences each of "
        + texts[translation["source"]],
        "summarization": f"{', '.join(summarization['directions'])}: {summarization['items']['test']} texts each, "
        + {"debian": "Debian's package descriptions (the packages' licences)"}.get(
            summarization["source"]["kind"], "CrossSum (CC BY-NC-SA 4.0)"
        ),
        "tagging": f"{', '.join(tagging['languages'])}: {tagging['items']['test']} sentences each, "
        + {"silver": "silver tags by packaged taggers"}.get(tagging["source"]["kind"], "gold tags of UD treebanks"),
    }
    found += [(task, what[task]) for task in config["tasks"]]
    methods = {task: config[task]["sft"]["method"] for task in config["tasks"]}
    told = [f"{t}: {m}" + f", {config[t]['sft']['steps']} steps" * (m != "none") for t, m in methods.items()]
    found += [("SFT", ", ".join(told)), ("seed", str(config["seed"])), ("decoding", _decoding(config))]
    return found


def _decoding(config: Mapping[str, Any]) -> str:
    with_vllm = [own["label"] for own in config["foundations"] if own.get("engine") == "vllm"]
    said = "greedy, one thread a job"
    return f"{said}; {', '.join(with_vllm)} with vLLM, whose version its jobs' logs say" if with_vllm else said


def limits(config: Mapping[str, Any]) -> list[str]:
    """Return what the size of the models and the kind of the texts do not let the run say."""
    largest = max(own["parameters"] for own in config["foundations"])
    found = []
    if largest < PAPER_PARAMETERS:
        found.append(
            f"The largest model has {largest / 1e9:.2g} billion parameters. Nothing here says what a 7B model does; "
            "the paper's own figures are named as such."
        )
    sources = {
        "translation": config["translation"]["source"],
        "summarization": config["summarization"]["source"]["kind"],
    }
    plain = {"catalogues": "user interfaces", "debian": "package descriptions"}
    of = [plain[sources[task]] for task in config["tasks"] if sources.get(task) in plain]
    if of:
        found.append(f"Texts are short, and of few kinds: {', '.join(of)}.")
    if "tagging" in config["tasks"] and config["tagging"]["source"]["kind"] == "silver":
        found.append("Tags are silver: those of packaged taggers, and how well a model learns these.")
    return found


def commands(run: str) -> list[str]:
    """Return how a run is made: the default one as it is, another from its configuration below."""
    if run == "default":
        return ["make results", "snakemake --cores 8 --use-conda    # the same"]
    return [
        f"make results CONFIG={run}-again.yaml    # the configuration below, saved under this name",
        f"snakemake --cores 8 --use-conda --configfile {run}-again.yaml    # the same",
    ]


def versions() -> dict[str, str]:
    """Return the packages that decide on results, and their versions."""
    return {name: version(name) for name in PACKAGES}
