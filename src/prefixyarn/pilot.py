"""A pilot: a little of a configuration, run first, and what the whole would take by its measured times and memory."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scipy.optimize import nnls

from prefixyarn.config.subsets import SUBSET_KEYS, main_subsets
from prefixyarn.errors import InputError
from prefixyarn.plan import asked, timing_files, work
from prefixyarn.progress import GPU_MEMORY
from prefixyarn.tables.render import markdown, number
from prefixyarn.timings import column, seconds

ITEMS, SUBSETS, STEPS = 20, 2, 8  # of each split, of each task, of a training
# Of a job's seconds, the share that it must have computed, beside starting, for its rate to be told.
TOLD = 0.1


def pilot_config(config: Mapping[str, Any], foundation: str = "") -> dict[str, Any]:
    """Return the overlay that makes a pilot of a configuration: a run of its own, named ``{run}-pilot``.

    One foundation, two main directions or languages of each task, 20 items of each split, 8 steps of each training;
    prompts, systems, lengths and the sequences of an update stay what they are.

    Args:
        config: The whole configuration.
        foundation: The foundation's name; by default the largest: if it runs, the others do.

    Raises:
        InputError: The configuration has no foundation of that name.
    """
    found = {own["name"]: own for own in config["foundations"]}
    name = foundation or max(found, key=lambda own: found[own]["parameters"])
    if name not in found:
        raise InputError(f"the configuration has no foundation {name!r}; it has {', '.join(found)}")
    overlay: dict[str, Any] = {
        "run": f"{config['run']}-pilot",
        "foundations": [found[name]],
        "analysis": {"items": min(config["analysis"]["items"], ITEMS)},
    }
    for task in config["tasks"]:
        block, key = config[task], SUBSET_KEYS[task]
        few = {split: min(n, ITEMS) for split, n in block["items"].items() if split not in ("train", "max_words")}
        own: dict[str, Any] = {key: main_subsets(config)[task][:SUBSETS], "items": few}
        if without := block.get("lexicon", {}).get("without"):
            own["lexicon"] = {"without": [subset for subset in without if subset in own[key]]}
        own |= {other: [] for other in ("other_directions", "other_sft") if other in block}
        if block["sft"]["method"] != "none":
            own["sft"] = {"steps": min(block["sft"]["steps"], STEPS), "dev_points": 1, "seeds": []}
        kind = block["refined"]["kind"]
        if "steps" in block["refined"].get(kind, {}):
            own["refined"] = {kind: {"steps": min(block["refined"][kind]["steps"], STEPS)}}
        overlay[task] = own
    return overlay


def pilot_markdown(config: Mapping[str, Any], pilot: Mapping[str, Any], folder: Path, logs: Path) -> str:
    """Render what the jobs of a whole configuration that run a foundation would take, by a pilot, as Markdown.

    A job takes what it takes to start, and computes in proportion to its tokens. What starting takes is fitted to all
    jobs of the pilot; what a rule computes is then its measured time beyond that. Where that is less than a tenth of
    its time, the plan's rate stands. Other foundations than the pilot's take as long in proportion to their size.

    Args:
        config: The whole configuration.
        pilot: The pilot's.
        folder: The pilot's results, with ``timings/``.
        logs: Its logs, which tell of memory on GPUs.

    Raises:
        InputError: There are no times of the pilot's jobs.
    """
    (model,) = pilot["foundations"]
    files = {(own.rule, own.task): (own, timing_files(folder / "timings", own)) for own in work(pilot)}
    measured = {key: (own, found) for key, (own, found) in files.items() if found}
    if not measured:
        raise InputError(f"{folder / 'timings'}: no times of jobs that run {model['name']}. Run the pilot first.")
    took = {key: seconds(found) / len(found) for key, (_, found) in measured.items()}
    start = _start([(own.computing(model), took[key]) for key, (own, _) in measured.items()])
    rows: list[dict[str, Any]] = []
    hours, gpu_hours, guessed = 0.0, 0.0, False
    for own in work(config):
        foundation = next(entry for entry in config["foundations"] if entry["name"] == own.foundation)
        key = (own.rule.removesuffix("_again"), own.task)
        slower, told = 1.0, False
        if key in took and (computed := took[key] - start) > TOLD * took[key]:
            slower, told = computed / max(measured[key][0].computing(model), 1e-9), True
        guessed |= not told
        job = start + slower * own.computing(foundation)
        need = asked(config, foundation, own.rule, own.task)
        hours += own.jobs * job / 3600
        gpu_hours += own.jobs * need.gpus * job / 3600
        mine = own.foundation == model["name"] and key in measured
        rows.append(
            {
                "rule": own.rule,
                "task": own.task,
                "foundation": own.foundation,
                "jobs": own.jobs,
                "pilot, minutes a job": number(took[key] / 60 if mine else None),
                "minutes a job": f"{job / 60:.1f}{'' if told else '*'}",
                "GPUs a job": need.gpus,
                "GB of GPU in the pilot": number(_gpu_gb(logs / key[0], own.task, model["name"]) if mine else None),
                "GB in the pilot": number(max(column(measured[key][1], "max_rss")) / 1024 if mine else None),
                "GB asked for": f"{need.memory_mb / 1024:.1f}",
            }
        )
    timings = folder / "timings"
    told_of = {path for _, found in measured.values() for path in found}
    others = {*timings.glob("**/*.tsv")} - told_of - {*timings.glob("find_openings/**/*.tsv")}  # a part of build_priors
    other = seconds(sorted(others))
    lines = [
        markdown(rows),
        f"The whole of {config['run']}: {sum(row['jobs'] for row in rows)} jobs with a model, {hours:.1f} hours one "
        f"after the other, {gpu_hours:.1f} GPU hours. To start, a job took {start:.0f} s. The pilot's other jobs that "
        f"are timed, such as refined models, took {other / 60:.1f} minutes, which are not in these hours.",
    ]
    if guessed:
        lines.append("\\* by the rates of make plan: the pilot has no such job, or it hardly computed.")
    return "\n\n".join(lines)


def _start(jobs: Sequence[tuple[float, float]]) -> float:
    """Return what starting takes in seconds: what best fits planned and measured ones of jobs, short jobs above all."""
    weighted = [([1 / took, planned / took], 1.0) for planned, took in jobs]
    (start, _), _ = nnls([row for row, _ in weighted], [one for _, one in weighted])
    return min(float(start), *(took for _, took in jobs))


def _gpu_gb(logs: Path, task: str, foundation: str) -> float | None:
    """Return the most memory of a GPU, in GB, that a rule's logs of a task tell of; None where no GPU was used."""
    folder = logs / task if task and (logs / task).is_dir() else logs
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in folder.glob(f"**/{foundation}.log")]
    found = [float(most) for text in texts for most in re.findall(re.escape(GPU_MEMORY) + r" ([\d.]+) GB", text)]
    return max(found, default=None)
