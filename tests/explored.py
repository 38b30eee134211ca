"""A small run's files, made by hand, as the explorer reads them: translation into two languages, and tagging."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path

import tiny
from prefixyarn.analysis.agreement import REFERENCE, SFT_ANSWER, Step
from prefixyarn.explorer import render
from prefixyarn.explorer.data import MOST_ANSWERS, Explorer, TaskFiles, explore
from prefixyarn.languages import Direction
from prefixyarn.metrics.continuation import PrefixStripper
from prefixyarn.metrics.language_id import LanguageDetector
from prefixyarn.metrics.subsets import score_subset, write_scores
from prefixyarn.records import Item, Output, Prediction, System, write_by_subset, write_records
from prefixyarn.systems import NONE, SFT
from prefixyarn.tables.rows import write_rows
from prefixyarn.tasks.scoring import scores

FOUNDATIONS = {"small": "Small (tiny)", "large": "Large (tiny)"}
GIVEN = System("refined", "", 2, "token")
ITEMS = {
    "en-ar": [
        Item("a1", "The file was saved.", "تم حفظ الملف."),
        Item("a2", "Open the </script> menu.", "افتح القائمة."),
        Item("a3", "Please wait.", "يرجى الانتظار."),
    ],
    "en-zh": [Item("z1", "The file was saved.", "文件已保存。"), Item("z2", "Please wait.", "请稍候。")],
    "de": [Item("t1", "Die Datei .", "Die (determiner) Datei (noun) . (punctuation)")],
}
# By item: what the foundation answers alone, the prior and what follows it, and what the SFT model answers.
ANSWERS = {
    "a1": ("The file was saved.", "تم حفظ", " الملف.", "تم حفظ الملف."),
    "a2": ("Open the </script> menu.", "افتح", " القائمة الآن.", "افتح القائمة."),
    "a3": ("يرجى الانتظار قليلا.", "من", " فضلك انتظر.", ""),
    "z1": ("The file was saved in this folder.", "文件", "已保存。", "文件已保存。"),
    "z2": ("请稍候一下。", "请", "等待。", "请稍候。"),
    "t1": ("Die (noun) Datei (noun) . (noun)", "Die (determiner)", " Datei (noun) . (noun)", "Die (noun)"),
}
TOKENS = (
    Step(
        "a1",
        SFT_ANSWER,
        0,
        None,
        0,
        7,
        1.0,
        1.0,
        1.0,
        0.1,
        json.dumps(" تم"),
        json.dumps([[" The", 0.5], [" هذا", 0.25]]),
    ),
    Step(
        "a1",
        SFT_ANSWER,
        0,
        None,
        1,
        2,
        1.0,
        1.0,
        1.0,
        0.1,
        json.dumps(" حفظ"),
        json.dumps([[" إنشاء", 0.5], [" حفظ", 0.25]]),
    ),
    Step(
        "a1", SFT_ANSWER, 0, None, 2, 1, 1.0, 1.0, 1.0, 0.1, json.dumps("\n"), json.dumps([["\n", 0.75], ["،", 0.125]])
    ),
    Step("a1", REFERENCE, 0, None, 0, 3, 1.0),
)


@cache
def detector() -> LanguageDetector:
    """Return a detector of the run's languages."""
    return LanguageDetector(["en", "de", "ar", "zh"])


def output(item: str, system: System, prior: str, rest: str) -> Output:
    """Return an answer that ends by its length if it is empty."""
    text = prior + rest
    stop = "newline" if text else "length"
    return Output(item, **asdict(system), prior_ids=[1] * bool(prior), new_ids=[2], raw=text, text=text,
                  continuation=rest.strip(), stop=stop, new_tokens=1)  # fmt: skip


def task_files(folder: Path, task: str, subsets: list[str], names: list[str]) -> TaskFiles:
    """Write the files of a task."""
    kind = scores(task)
    decoded = {
        subset: [
            answer
            for item in ITEMS[subset]
            for alone, prior, rest, _ in [ANSWERS[item.id]]
            for answer in (output(item.id, NONE, "", alone), output(item.id, GIVEN, prior, rest))
        ]
        for subset in subsets
    }
    tuned = {subset: [output(item.id, SFT, "", ANSWERS[item.id][3]) for item in ITEMS[subset]] for subset in subsets}
    predicted = {s: [Prediction(item.id, item.target, task == "tagging") for item in ITEMS[s]] for s in subsets}
    for subset in subsets:
        write_records(folder / f"test/{subset}", ITEMS[subset])
        write_records(folder / f"out/{subset}", [])
        write_records(folder / f"train/{subset}", ITEMS[subset])
    write_by_subset(folder / f"refined/{task}", predicted)
    for name in names:
        scored = {}
        for subset, own in decoded.items():
            write_records(folder / f"decode/{subset}/{name}", own)
            whole = [Output.without_ids(p.item, p.text, "refined") for p in predicted[subset] if p.whole]
            scored[subset] = score_subset(
                task=kind,
                items={"test": ITEMS[subset], "out_of_domain": []},
                outputs=[*own, *tuned[subset], *whole, *kind.baselines(ITEMS[subset], ITEMS[subset])],
                covers={},
                target=Direction.parse(subset).target,
                detector=detector(),
                stripper=PrefixStripper(tiny.tokenizer().backend_tokenizer, Direction.parse(subset)),
                cuts=[],
                resamples=10,
                seed=1,
            )
        write_scores(folder / f"scores/{task}/{name}", scored)
        write_by_subset(folder / f"sft/{task}/{name}", tuned)
    write_rows(folder / "steps", TOKENS, Step)
    return TaskFiles(
        task=task,
        subsets=subsets,
        test=[folder / f"test/{subset}" for subset in subsets],
        out_of_domain=[folder / f"out/{subset}" for subset in subsets],
        train=[folder / f"train/{subset}" for subset in subsets],
        outputs={name: [folder / f"decode/{subset}/{name}" for subset in subsets] for name in names},
        tuned={name: [folder / f"sft/{task}/{name}"] for name in names},
        refined=folder / f"refined/{task}",
        scores={name: folder / f"scores/{task}/{name}" for name in names},
        steps={name: {"en-ar": folder / "steps"} if task == "translation" else {} for name in names},
    )


def made(folder: Path, names: list[str], most: int = MOST_ANSWERS) -> Explorer:
    """Return what the explorer shows of the run, of one foundation or of both."""
    files = [task_files(folder, *own, names) for own in (("translation", ["en-ar", "en-zh"]), ("tagging", ["de"]))]
    return explore("tiny", {name: FOUNDATIONS[name] for name in names}, files, most)


@cache
def page(folder: Path, *names: str) -> Path:
    """Write the explorer of the run, and return its file."""
    path = folder / "explorer.html"
    path.write_text(render(made(folder, [*names])), encoding="utf-8")
    return path
