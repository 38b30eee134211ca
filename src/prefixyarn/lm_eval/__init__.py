"""A finished run's items and priors as tasks for lm-evaluation-harness, so that others can run its numbers there.

The harness takes text alone: a prior is given as ``gen_prefix``, the text of its token ids with their leading space.
Where prompt and prior, encoded together, are not the ids that the run decoded from, the item says so: its answer may
differ.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefixyarn.config.of_run import foundation_folder, run_config
from prefixyarn.config.subsets import all_subsets
from prefixyarn.errors import InputError
from prefixyarn.languages import Direction, language
from prefixyarn.lm_eval.material import Material, document
from prefixyarn.lm_eval.readme import CODE, Task, readme
from prefixyarn.priors.registry import TAGS, answers_of
from prefixyarn.prompts import load_prompt
from prefixyarn.records import System
from prefixyarn.systems import HEADLINE_KINDS


@dataclass(frozen=True)
class Export:
    """What was exported.

    Attributes:
        group: The group of all tasks in the harness.
        tasks: The tasks.
        left_out: What was not exported, and why: a line each.
    """

    group: str
    tasks: list[Task]
    left_out: list[str]


def export(
    run: Path,
    folder: Path,
    systems: Sequence[str] = (),
    subsets: Sequence[str] = (),
    foundation: str = "",
    model: Path | None = None,
    force: bool = False,
) -> Export:
    """Write a run's items and priors as tasks for lm-evaluation-harness, with a README on how to run them.

    Args:
        run: The folder of a finished run, ``results/{run}``.
        folder: Where to write: a folder that is new, or empty.
        systems: Priors as the tasks' names call them (``none``, ``pseudo-first``), or a kind for all its variants;
            those of the headline if empty. They are given to the foundation, without examples, at the headline's k.
        subsets: Directions; all if empty.
        foundation: The foundation's name; needed where the run has several.
        model: Its folder; ``resources/foundations/{name}/model`` of the run's checkout if None.
        force: Replace an earlier export.

    Raises:
        InputError: The run is not there, not finished or lacks what is asked; the folder is in use; the disk is full.
            Nothing is left half-written.
    """
    _check_free(folder, force)
    config = run_config(run)
    block = _foundation_of(config, foundation)
    name = str(block["name"])
    model = model or foundation_folder(run, name)
    if not model.is_dir():
        raise InputError(f"{model}: no such folder; name that of {name}, whose tokenizer is needed")
    done = Export(f"prefixyarn_{config['run']}", [], [])
    chosen = _subsets_of(config, subsets, done)
    known = {task: Material.read(run, task, name, own) for task, own in chosen.items()}
    asked = _systems_of(known, systems, done)

    from prefixyarn.models.tokenizer import as_published, load_tokenizer  # transformers

    tokenizer, harness = load_tokenizer(model), as_published(model)
    files: dict[str, str] = {}
    for task, names in asked.items():
        limit, most = config[task]["max_answer_tokens"], config[task].get("max_source_tokens")
        prompt = load_prompt(run / "prompts" / task / f"{name}.json", tokenizer.backend_tokenizer, most)
        for subset in chosen[task]:
            direction = Direction.parse(subset)
            metrics = {"chrf" if language(direction.target).segmenter else "chrf++": "chrf"}  # the harness's and ours
            if task == "summarization":
                metrics["rouge_l"] = "rougel"
            for label, system in names.items():
                documents = [
                    {"task": task, "subset": subset, "foundation": name}
                    | document(item, prior, output, prompt.fill(item.source, direction), tokenizer, harness, limit)
                    for item, prior, output in known[task].answered(subset, system)
                ]
                scored = known[task].scores.get((subset, system), {})
                own = Task(
                    name=f"{done.group}_{task}_{subset}_{label}",
                    of=(task, subset, label),
                    differs=Counter(found["differs"] for found in documents if found["differs"]),
                    scores={name: scored.get(ours) for name, ours in metrics.items()},
                )
                files[f"{own.name}.jsonl"] = "".join(json.dumps(d, ensure_ascii=False) + "\n" for d in documents)
                files[f"{own.name}.yaml"] = _yaml(own, limit)
                done.tasks.append(own)
    names_of = "".join(f"  - {json.dumps(own.name)}\n" for own in done.tasks)
    files[f"{done.group}.yaml"] = f"group: {json.dumps(done.group)}\ntask:\n{names_of}"
    files[CODE] = Path(__file__).with_name(CODE).read_text(encoding="utf-8")
    files["README.md"] = readme(done.group, done.tasks, done.left_out, run, folder, model, block)
    _write(folder, files)
    return done


def _check_free(folder: Path, force: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; name a new folder")
    if folder.is_dir() and any(folder.iterdir()):
        own = {path.name for path in folder.iterdir()}
        others = sorted(name for name in own - {CODE, "README.md"} if Path(name).suffix not in (".yaml", ".jsonl"))
        if CODE not in own or others or folder.resolve() == Path.cwd():
            kept = f" ({', '.join(others[:3])})" if CODE in own and others else ""
            raise InputError(f"{folder}: has more than an earlier export{kept}; name a new folder")
        if not force:
            raise InputError(f"{folder}: has an earlier export; name a new folder, or replace it with --force")


def _foundation_of(config: Mapping[str, Any], asked: str) -> dict[str, Any]:
    """Return the configuration of the foundation asked for."""
    known: dict[str, dict[str, Any]] = {own["name"]: own for own in config["foundations"]}
    if not asked and len(known) > 1:
        raise InputError(f"the run has several foundations; name one of {', '.join(known)}")
    if asked and asked not in known:
        raise InputError(f"foundation {asked!r}: the run has {', '.join(known)}")
    return known[asked or next(iter(known))]


def _subsets_of(config: Mapping[str, Any], asked: Sequence[str], done: Export) -> dict[str, list[str]]:
    """Return the directions asked for by task; tasks whose answers are tags are left out."""
    known = {}
    for task in config["tasks"]:
        if answers_of(task) == TAGS:
            done.left_out.append(
                f"{task}: its answers keep to given words and a set of tags, which the harness cannot do"
            )
        else:
            known[task] = all_subsets(config)[task]
    asked = [own.strip().casefold() for own in asked]
    every = dict.fromkeys(subset for subsets in known.values() for subset in subsets)
    if lacking := [own for own in asked if own not in every]:
        raise InputError(f"direction {lacking[0]!r}: the run has {', '.join(every)}")
    found = {task: [own for own in subsets if not asked or own in asked] for task, subsets in known.items()}
    return {task: subsets for task, subsets in found.items() if subsets}


def _systems_of(known: Mapping[str, Material], asked: Sequence[str], done: Export) -> dict[str, dict[str, System]]:
    """Return, by task and name, the systems asked for; what one task lacks is left out, what all lack is an error."""
    has = {task: material.systems() for task, material in known.items()}
    every = dict.fromkeys(label for systems in has.values() for label in systems)
    found: dict[str, dict[str, System]] = {task: {} for task in has}
    for wanted in asked or HEADLINE_KINDS:
        own = {
            task: {label: system for label, system in systems.items() if wanted in (label, system.kind)}
            for task, systems in has.items()
        }
        if asked and not any(own.values()):
            raise InputError(f"prior {wanted!r}: the run has {', '.join(every)}")
        for task, systems in own.items():
            found[task] |= systems
            if not systems:
                done.left_out.append(f"{task} with the prior {wanted}: the run has none")
    return found


def _yaml(task: Task, limit: int) -> str:
    """Return a task's YAML file; written out, since !function is no YAML that a library writes."""
    code = Path(CODE).stem
    # The harness has chrF; ROUGE-L is the export's own.
    metrics = [(f"!function {code}.{own}", "mean") if own == "rouge_l" else (own, own) for own in task.scores]
    listed = "".join(
        f"  - metric: {metric}\n    aggregation: {together}\n    higher_is_better: true\n"
        for metric, together in metrics
    )
    return f"""\
task: {json.dumps(task.name)}
class: !function {code}.PriorTask
dataset_kwargs:
  file: {json.dumps(f"{task.name}.jsonl")}
test_split: test
output_type: generate_until
num_fewshot: 0
doc_to_text: prompt
target_delimiter: ""
gen_prefix: prior
doc_to_target: reference
generation_kwargs:
  do_sample: false
  until: []
  max_gen_toks: {limit}
filter_list:
  - name: answer
    filter:
      - function: custom
        filter_fn: !function {code}.answers
      - function: take_first
metric_list:
{listed}\
metadata:
  version: 1
"""


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """Write all files to a folder beside and then rename it: an error leaves what was there."""
    folder = folder.absolute()
    staged = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        staged.chmod(0o755)
        for name, text in files.items():
            (staged / name).write_text(text, encoding="utf-8")
        if folder.exists():
            os.replace(folder, old := folder.with_name(f"{staged.name}.old"))
            os.replace(staged, folder)
            shutil.rmtree(old)
        else:
            os.replace(staged, folder)
    except OSError as error:
        raise InputError(
            f"{folder}: could not be written ({error.strerror or error}). Free some space or mend the permissions, "
            "then export again."
        ) from error
    finally:
        if staged is not None:
            shutil.rmtree(staged, ignore_errors=True)
