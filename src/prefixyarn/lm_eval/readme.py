"""The README of an export: how to run it, the run's scores, which answers may differ, what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefixyarn.lm_eval.material import IDS, JOIN

CODE = "prior_task.py"  # the file of an export that the harness imports
VERSION = "0.4.13"  # of lm-eval, that exports were tried with


@dataclass(frozen=True)
class Task:
    """One exported task: a system on a subset.

    Attributes:
        name: Its name in the harness.
        of: The task here, the subset and the system's name.
        differs: By reason, of `prefixyarn.lm_eval.material.document`, how many items may get another answer.
        scores: The run's scores, by the harness's names of metrics; None where the run has not scored it.
    """

    name: str
    of: tuple[str, str, str]
    differs: Mapping[str, int]
    scores: Mapping[str, float | None]


def readme(
    group: str,
    tasks: Sequence[Task],
    left_out: Sequence[str],
    run: Path,
    folder: Path,
    model: Path,
    foundation: Mapping[str, Any],
) -> str:
    """Return the README of an export.

    Args:
        group: The group of all tasks.
        tasks: The tasks.
        left_out: What was not exported, and why: a line each.
        run: The run's folder.
        folder: The export's.
        model: The foundation's.
        foundation: Its block of the configuration.
    """
    differs = sum((Counter(own.differs) for own in tasks), Counter[str]())
    where = [f"`{own.name}` ({sum(own.differs.values())})" for own in tasks if own.differs]
    may = f"\nItems that may differ: {', '.join(where)}.\n" if where else ""
    rouge = "; ROUGE-L is of words of any script" if any(own.of[0] == "summarization" for own in tasks) else ""
    first = tasks[0]
    return f"""\
# {group}

Items and priors of the run `{run.name}` of prefixyarn as tasks for lm-evaluation-harness, tried with lm-eval {VERSION}.
The base model {foundation["name"]} answers; a prior is the start of its answer, as `gen_prefix`.

```bash
python -m venv lm-eval && lm-eval/bin/pip install "lm_eval[hf]=={VERSION}"
lm-eval/bin/lm_eval run --model hf \\
  --model_args pretrained={model.resolve()},dtype={foundation["dtype"]} \\
  --include_path {folder.resolve()} \\
  --tasks {group} --batch_size 16 --log_samples --output_path answers
```

- `--tasks {first.name}` runs one task, `--tasks '{group}_*_{first.of[2]}'` a
  prior's; `--device cpu` runs without a GPU.
- The folder can be moved. Other models can be named: a prior is text.
- `as_in_run` is the share of answers that are the run's, letter by letter. In the log of samples `filtered_resps` is
  the answer that is scored, `doc.answer` the run's.

## The run's scores

Tasks are `{group}_TASK_DIRECTION_PRIOR`; `none` has no prior. Scores are the harness's own chrF++ of the
whole answer, prior included, and chrF in languages without spaces between words{rouge}.

{chr(10).join(_scores(tasks))}

## What is as in the run, and what may differ

The prompts are those that the run chose, without examples; answers are greedy. An answer ends at its first line break
after some text. A line break before any text ends nothing, which no stop sequence can say: the model writes up to the
limit, and `{CODE}` cuts. The limit is on prior and continuation together, so `{CODE}` sets
`max_gen_toks` by item.

- {differs[IDS]} items have `"differs": "{IDS}"`: the harness passes text, and prompt and prior, encoded together, are
  not the token ids that the run decoded from (`prior_ids`).
- {differs[JOIN]} items have `"{JOIN}"`: prior and continuation, decoded one by one, are not the text that they are
  together.
- Half precision, another processor or other versions of torch and transformers can turn a near tie.
{may}
## What was left out

{chr(10).join(f"- {line}" for line in left_out)}
- few-shot prompts, the fine-tuned model, priors that were not asked for, items out of the domain
"""


def _scores(tasks: Sequence[Task]) -> list[str]:
    """Return a table for each task: a row a direction and metric, a column a prior."""
    lines = []
    for task in dict.fromkeys(own.of[0] for own in tasks):
        priors = list(dict.fromkeys(own.of[2] for own in tasks if own.of[0] == task))
        lines += ["", f"| {task} | metric | {' | '.join(priors)} |", "|---|---|" + "---:|" * len(priors)]
        for subset in dict.fromkeys(own.of[1] for own in tasks if own.of[0] == task):
            row = [own for own in tasks if own.of[:2] == (task, subset)]
            for metric in row[0].scores:
                found = [own.scores[metric] for own in row]
                cells = ["–" if score is None else f"{score:.2f}" for score in found]
                lines.append(f"| {subset} | {metric} | {' | '.join(cells)} |")
    return lines[1:]
