"""Write the report of a run (rule write_report): one HTML file that needs no network.

Reads the run's tables, figures and, for the examples, its decoded answers.
"""

from pathlib import Path

import yaml

from prefixyarn.job import Job, run
from prefixyarn.records import write_text
from prefixyarn.report import render
from prefixyarn.report.sections import examples, sections
from prefixyarn.report.setup import commands, limits, setup, versions

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    config, name = job.params.config, job.wildcards.run
    tables, figures, data, decoded = (
        [Path(path) for path in paths]
        for paths in (job.input.tables, job.input.figures, job.input.data, job.input.decoded)
    )
    sft = Path(job.input.sft) if job.input.sft else None
    html = render(
        title=f"Prefix Text as a Yarn, run “{name}”",
        setup=setup(config),
        sections=sections(config, tables, figures),
        examples=examples(job.params.subsets, data, decoded, sft),
        config=yaml.safe_dump(config, allow_unicode=True),
        versions=versions(),
        limits=limits(config),
        commands=commands(name),
    )
    write_text(job.output.report, html)
    print(f"The report is {job.output.report}")


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
