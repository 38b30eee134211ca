"""Write the report of a run (rule write_report).

python scripts/write_report.py --run default --config '{…}' --results results/default \
    --report results/default/report.html

Reads the run's tables, figures and, for the examples, its decoded answers. Writes one HTML file that needs no network.
"""

import argparse
import json
from importlib.metadata import version
from pathlib import Path

import yaml

from prefixyarn.configuration import all_units
from prefixyarn.errors import run
from prefixyarn.languages import Direction
from prefixyarn.records import Item, Output, atomic, read_records
from prefixyarn.report import Example, Section, example, render

EXAMPLES = 2  # of each direction
PAPER_PARAMETERS = 6.7e9  # of Llama 2 7B, the paper's smallest foundation
PACKAGES = ("torch", "transformers", "peft", "sacrebleu", "rouge-score", "seqeval", "scikit-learn", "snakemake")
# Title, caption, figures, tables; {task} and {model} stand for each of the run's.
SECTIONS = (
    (
        "The headline (section 4)",
        "Each bar is one source of priors; the line at 100 % is the fine-tuned model. If the paper holds here, bars "
        "rise from none to refined and end near the line; its own figures for 7B models are the black marks.",
        ("headline_{model}",),
        ("overview.md",),
    ),
    (
        "Size of the model (open question 1)",
        "Each foundation is compared with its own SFT model. Lines rise if priors serve larger models better.",
        ("scale",),
        ("scale.md",),
    ),
    (
        "Findings, claim by claim",
        "Each claim of the paper, its limits and open questions, with our numbers and the verdict by margins fixed "
        "before the run.",
        (),
        ("findings.md",),
    ),
    (
        "Translation (section 4.2)",
        "The paper's claims with our verdicts, by margins fixed before the run, then every system. See whether random, "
        "shuffled and fixed openings help (they should not), and whether the SFT model gains as much from a prior.",
        ("off_target_{model}",),
        ("main.md",),
    ),
    (
        "Other directions (section 4.2)",
        "Pairs without English, and into it, with fewer items: wider intervals.",
        (),
        ("other_directions.md",),
    ),
    (
        "Cross-lingual summarisation (section 4.3)",
        "The same systems; a description's most telling word serves as dictionary prior.",
        (),
        ("summarization.md",),
    ),
    (
        "Part-of-speech tagging (section 4.4)",
        "Slot by slot, and where the run asks for it in free text. Compare with the baselines without a model at the "
        "end of the table, and see the note on where the tags are from.",
        (),
        ("tagging.md",),
    ),
    (
        "Agreement with the SFT model (section 2.2)",
        "How often the token that the SFT model chooses is among the foundation's likeliest. If fine-tuning mostly "
        "moves the first decisions, agreement rises with the position, that is with the length of a prior.",
        ("agreement_{model}", "silent_majority_{model}"),
        ("agreement.md",),
    ),
    (
        "How good must a prior be? (section 5.1)",
        "Words of the reference are replaced step by step, and what follows is scored. Where a curve crosses the "
        "dotted line, the prior does harm.",
        ("quality_{model}", "prior_units_{model}"),
        ("quality.md",),
    ),
    (
        "Languages by resource level (section 4.2)",
        "Whether priors help more where a model has seen less of a language.",
        (),
        ("resources.md",),
    ),
    (
        "Forgetting",
        "What fine-tuning costs: held-out text of each language, and the other tasks, beside a foundation that is left "
        "as it is and given priors.",
        (),
        ("forgetting.md",),
    ),
    (
        "Cost",
        "What has to be prepared, and how long a prior takes. Up and to the left is better.",
        ("cost_{model}",),
        ("cost_{task}.md",),
    ),
    (
        "Training of the SFT models",
        "The loss should be level at the end: a model that is still improving makes the 100 % line too low.",
        ("sft_loss_{task}_{model}",),
        (),
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True)
    parser.add_argument("--config", required=True, type=json.loads, help="the whole configuration")
    parser.add_argument("--results", required=True, type=Path, help="folder of the run's results")
    parser.add_argument("--report", required=True, help="file to write")
    args = parser.parse_args()

    config, names = args.config, [foundation["name"] for foundation in args.config["foundations"]]
    sections = []
    tabulated = {table for _, _, _, tables in SECTIONS for table in tables}
    own = tuple(f"{task}.md" for task in config["tasks"] if f"{task}.md" not in tabulated and task != "translation")
    further = ("Further tasks", "Tasks that the paper does not have.", (), own)
    pairs = [{"task": task, "model": name} for task in config["tasks"] for name in names]
    for title, caption, drawn, tables in (*SECTIONS, further):
        paths = [args.results / "figures" / f"{pattern.format(**pair)}.svg" for pattern in drawn for pair in pairs]
        figures = tuple(p for p in dict.fromkeys(paths) if p.exists())
        files = [args.results / "tables" / table.format(**pair) for table in tables for pair in pairs]
        text = "\n".join(path.read_text(encoding="utf-8") for path in dict.fromkeys(files) if path.exists())
        if figures or text:
            sections.append(Section(title, caption, figures, text))
    html = render(
        title=f"Prefix Text as a Yarn, run “{args.run}”",
        setup=setup(config),
        sections=sections,
        examples=examples(args.results, config, names[0]) if "translation" in config["tasks"] else [],
        config=yaml.safe_dump(config, allow_unicode=True, sort_keys=False),
        versions={"prefixyarn": version("prefixyarn"), **{name: version(name) for name in PACKAGES}},
        limits=limits(config),
        commands=commands(args.run),
    )
    with atomic(args.report) as stream:
        stream.write(html)
    print(f"The report is {args.report}")


def setup(config: dict) -> list[tuple[str, str]]:
    models = [f"{own['label']} ({own.get('licence') or 'licence not named'})" for own in config["foundations"]]
    found = [("models", "; ".join(models))]
    translation, summarization, tagging = config["translation"], config["summarization"], config["tagging"]
    packages = ", ".join(f"{c['package']} {c['version']}" for c in translation["catalogues"])
    texts = {
        "catalogues": f"gettext catalogues ({packages}; their packages' licences)",
        "flores": "FLORES-101 (CC BY-SA 4.0)",
    }
    units = all_units(config)
    what = {task: f"{', '.join(own)}: {config[task]['items']['test']} items each" for task, own in units.items()} | {
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
    methods = ", ".join(
        f"{task}: {config[task]['sft']['method']}, {config[task]['sft']['steps']} steps" for task in config["tasks"]
    )
    found += [("SFT", methods), ("seed", str(config["seed"])), ("decoding", "greedy, one thread a job")]
    return found


def limits(config: dict) -> list[str]:
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


def examples(results: Path, config: dict, foundation: str) -> list[Example]:
    found = []
    for unit in config["translation"]["directions"]:
        outputs: dict = {}
        decoded = read_records(results / "decode/translation" / unit / f"{foundation}.jsonl", Output)
        of_sft = results / f"sft/translation/{foundation}.jsonl"
        for output in decoded + (read_records(of_sft, Output, unit) if of_sft.exists() else []):
            outputs.setdefault(output.item, {})[output.system] = output
        direction = Direction.parse(unit)
        for item in read_records(results / "data/translation" / unit / "test.jsonl", Item)[:EXAMPLES]:
            found.append(example(unit, item, outputs[item.id], (direction.source, direction.target)))
    return found


if __name__ == "__main__":
    run(main)
