"""The sections of the report: which of a run's tables and figures stand under which heading."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prefixyarn.languages import Direction
from prefixyarn.records import Item, Output, System, check_answered, read_records
from prefixyarn.report import Example, Section, example

EXAMPLES = 2  # of each direction
# Title, caption, figures, tables; {task} and {model} stand for each of the run's.
SECTIONS = (
    (
        "The headline (section 4)",
        "Each bar is one source of priors: its share of the fine-tuned model's score, the line at 100 %, or its score "
        "in a run without one. If the paper holds here, bars rise from none to refined and end near the line; its own "
        "figures for 7B models are the black marks.",
        ("headline_{model}",),
        ("overview.md",),
    ),
    (
        "What a prior does: the language, the content, the use of the source",
        "By likelihoods of the rest of the reference, so that it can be told for weak and strong models alike. A prior "
        "that unlocks what the model knows of the pair of languages raises the use of the source; one that only fixes "
        "the language leaves it where it is.",
        ("mechanism_{model}",),
        ("mechanism.md",),
    ),
    (
        "Size of the model (open question 1)",
        "Each foundation is compared with its own SFT model. Lines rise if priors serve larger models better.",
        ("scale",),
        ("scale.md",),
    ),
    (
        "What pre-training must contain",
        "Foundations trained from scratch by this run, on mixes that differ in the share of text that is not English "
        "and in whether sentences stand beside their translations. If a prior opens what is there already, the use of "
        "the source rises with it where translations stood side by side, and only there.",
        ("mixes", "mixes_budget"),
        ("mixes.md", "corpus_audit.md"),
    ),
    (
        "Findings, claim by claim",
        "Each claim of the paper, its limits and open questions, with our numbers and the verdict by fixed margins.",
        (),
        ("findings.md",),
    ),
    (
        "Translation (section 4.2)",
        "Every system, then the same where the foundation alone answers in the target language and where it does not, "
        "and the tests fixed beforehand. See whether random, shuffled and fixed openings help, and where.",
        ("off_target_{model}",),
        ("translation.md",),
    ),
    (
        "Other directions (section 4.2)",
        "Pairs without English, and into it, with fewer items: wider intervals.",
        (),
        ("other_directions.md",),
    ),
    (
        "Cross-lingual summarisation (section 4.3)",
        "The same systems; a description's most salient word serves as dictionary prior.",
        (),
        ("summarization.md",),
    ),
    (
        "Part-of-speech tagging (section 4.4)",
        "Constrained answers and, where the run asks for them, free ones. Compare with the baselines "
        "without a model at the end of the table, and see the note on where the tags are from.",
        (),
        ("tagging.md",),
    ),
    (
        "Agreement with the SFT model (section 2.2)",
        "How often the token that the SFT model chooses is among the foundation's likeliest. If fine-tuning mostly "
        "moves the first decisions, agreement rises with the position, that is with the length of a prior. Controls "
        "say what such a share is worth: the reference's tokens, and the SFT model's tokens with the source removed.",
        ("agreement_{model}", "silent_majority_{model}"),
        ("agreement.md",),
    ),
    (
        "How good must a prior be? (section 5.1)",
        "Words of the reference are replaced step by step, and what follows is scored. Where a curve crosses the "
        "dotted line, the prior does harm.",
        ("prior_quality_{model}", "prior_length_{model}"),
        ("prior_quality.md",),
    ),
    (
        "Languages by resource level (section 4.2)",
        "Whether priors help more where a model has seen less of a language. In the figure, lines rise if they do.",
        ("language_resources_{model}",),
        ("language_resources.md",),
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


def sections(config: Mapping[str, Any], tables: Sequence[Path], figures: Sequence[Path]) -> list[Section]:
    """Return the sections that a run has something for.

    Args:
        config: Its configuration.
        tables: Its tables, as Markdown files.
        figures: Its figures, as SVG files.
    """
    pairs = [{"task": task, "model": own["name"]} for task in config["tasks"] for own in config["foundations"]]
    known = {table for _, _, _, own in SECTIONS for table in own}
    own_tables = tuple(f"{task}.md" for task in config["tasks"] if f"{task}.md" not in known)
    further = ("Further tasks", "Tasks that the paper does not have.", (), own_tables)
    table_files, figure_files = {path.name: path for path in tables}, {path.stem: path for path in figures}
    found = []
    for title, caption, drawn, tabulated in (*SECTIONS, further):
        shown = dict.fromkeys(pattern.format(**pair) for pattern in drawn for pair in pairs)
        read = dict.fromkeys(pattern.format(**pair) for pattern in tabulated for pair in pairs)
        own_figures = tuple(figure_files[name] for name in shown if name in figure_files)
        text = "\n".join(_below(table_files[name].read_text(encoding="utf-8")) for name in read if name in table_files)
        if own_figures or text:
            found.append(Section(title, caption, own_figures, text))
    return found


def _below(text: str) -> str:
    """Return a text with its headings below a section's: a document loses its title, which the section has."""
    if not text.startswith("# "):
        return text
    return re.sub("^#", "##", text.partition("\n")[2], flags=re.MULTILINE)


def examples(subsets: Sequence[str], data: Sequence[Path], decoded: Sequence[Path], sft: Path | None) -> list[Example]:
    """Return the first test items of each main direction of translation, answered by one foundation.

    Args:
        subsets: The directions.
        data: Their test items.
        decoded: What the foundation answered in each.
        sft: What its SFT model answered in all of them, if there is one.
    """
    found = []
    for subset, items, answers in zip(subsets, data, decoded, strict=True):
        outputs: dict[str, dict[System, Output]] = {}
        shown, direction = read_records(items, Item)[:EXAMPLES], Direction.parse(subset)
        for path in filter(None, (answers, sft)):
            own = read_records(path, Output, subset if path == sft else "")
            check_answered(path, own, shown, others=True)
            for output in own:
                outputs.setdefault(output.item, {})[output.system] = output
        for item in shown:
            found.append(example(subset, item, outputs[item.id], (direction.source, direction.target)))
    return found
