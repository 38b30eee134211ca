"""Write the explorer of a run (rule write_explorer): one HTML file with every item and what each system answered.

Reads the run's test items, answers and scores and, where they were measured, the tokens of the SFT models' answers.
"""

from pathlib import Path

from prefixyarn.explorer import render
from prefixyarn.explorer.data import TaskFiles, explore
from prefixyarn.job import Job, run
from prefixyarn.records import write_text

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    foundations, tasks = job.params.foundations, []
    for task, subsets in job.params.subsets.items():

        def files(name: str, task: str = task) -> list[Path]:
            return [Path(path) for path in job.input.get(f"{task}_{name}", [])]

        steps = {name: files(f"steps_{n}") for n, name in enumerate(foundations)}
        own = TaskFiles(
            task=task,
            subsets=subsets,
            test=files("test"),
            out_of_domain=files("out_of_domain"),
            train=files("train"),
            outputs={name: files(f"outputs_{n}") for n, name in enumerate(foundations)},
            tuned={name: files(f"tuned_{n}") for n, name in enumerate(foundations)},
            refined=next(iter(files("refined")), None),
            scores=dict(zip(foundations, files("scores"), strict=True)),
            steps={name: dict(zip(subsets, paths, strict=False)) for name, paths in steps.items()},
        )
        tasks.append(own)
    found = explore(job.wildcards.run, foundations, tasks)
    write_text(job.output.explorer, render(found))
    print(f"The explorer is {job.output.explorer}: {len(found.items)} items, {found.left_out} left out")


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
