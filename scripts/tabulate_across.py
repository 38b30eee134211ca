"""Make the tables across the tasks, and print the overview and the findings (rule tabulate_across).

They are the overview, the costs of each task, with translation its languages by resource level, the findings, and with
several foundations the table of scale.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prefixyarn.analysis.language_resources.fit import FitRow, fit_markdown, fit_rows
from prefixyarn.analysis.language_resources.table import ResourceRow, resource_markdown, resource_rows
from prefixyarn.analysis.mixes.verdict import VerdictRow, verdicts_markdown
from prefixyarn.analysis.scale.table import ScaleRow, scale_markdown, scale_rows
from prefixyarn.findings.claims import load
from prefixyarn.findings.primary import PrimaryRow, primary_markdown
from prefixyarn.findings.table import ROWS, FindingRow, findings
from prefixyarn.findings.text import document
from prefixyarn.job import Job, run
from prefixyarn.records import Prior, read_json, read_subsets, write_json, write_text
from prefixyarn.systems import HEADLINE_KINDS
from prefixyarn.tables.cost import CostRow, cost_markdown, cost_rows
from prefixyarn.tables.overview import OverviewRow, overview_latex, overview_markdown, overview_metrics, overview_rows
from prefixyarn.tables.rows import ScoreRow, read_rows, rows_of, write_rows

snakemake: Job  # given by Snakemake
ANSWERED = ("predict_refined", "predict_refined_matched", "decode_sft", "decode")
TRAINED = ("train_refined", "train_refined_matched", "train_sft")
TIMED = (*ANSWERED, *TRAINED, "induce_lexicon", "choose_examples", "build_priors", "find_openings")


def main(job: Job) -> None:
    labels, output = job.params.foundations, job.output
    tables: dict[str, list[Any]] = {Path(path).stem: read_rows(path, ScoreRow) for path in job.input.scores}
    analyses = {Path(path).stem: path for path in [*job.input.analyses, *job.input.groups]}
    tables |= {name: read_rows(path, ROWS[name]) for name, path in analyses.items() if name in ROWS}

    overview = overview_rows({task: tables[task] for task in job.params.subsets})
    csv, md, tex = output.overview
    write_rows(csv, overview, OverviewRow)
    write_json(output.metrics, overview_metrics(overview))
    write_text(md, overview_markdown(overview, labels))
    write_text(tex, overview_latex(overview))

    tasks = list(job.params.subsets)
    for task, csv, md in zip(tasks, output.costs[: len(tasks)], output.costs[len(tasks) :], strict=True):
        shares = overview_rows({task: tables[task]}, (*HEADLINE_KINDS, "refined-matched"))
        costs = costs_of(job, task, shares)
        write_rows(csv, costs, CostRow)
        write_text(md, cost_markdown(task, costs, labels))

    if job.input.get("checks"):
        languages = resources(job, tables)
        csv, md = output.language_resources
        write_rows(csv, languages, ResourceRow)
        text = resource_markdown(languages)
        if output.language_resources_fit:
            tables["language_resources_fit"] = fits = fit_rows(languages, job.params.resamples, job.params.seed)
            write_rows(output.language_resources_fit, fits, FitRow)
            text += f"\n{fit_markdown(fits, job.params.resamples)}"
        write_text(md, text)

    claims = load()
    found = [row for name in labels for row in findings(claims, name, tables)]
    tests = read_rows(job.input.primary, PrimaryRow) if job.input.get("primary") else []
    csv, md = output.findings
    write_rows(csv, found, FindingRow)
    told = primary_markdown(tests, claims.version) if tests else ""
    if job.input.get("mixes") and (judged := read_rows(job.input.mixes, VerdictRow)):
        told += f"\n{verdicts_markdown(judged)}"
    write_text(md, document(claims, found, job.wildcards.run, labels, told))

    if job.input.get("manifests"):
        parameters = {
            n: read_json(path, "parameters")["parameters"] for n, path in zip(labels, job.input.manifests, strict=True)
        }
        rows = scale_rows(overview, parameters)
        csv, md = output.scale
        write_rows(csv, rows, ScaleRow)
        write_text(md, scale_markdown(rows, labels))
    print(f"\n{overview_markdown(overview, labels)}\n{document(claims, found, job.wildcards.run, labels, told)}")


def resources(job: Job, tables: Mapping[str, Sequence[ScoreRow]]) -> list[ResourceRow]:
    """Return the languages of translation by resource level."""
    own = {name: tables[name] for name in ("translation", "other_directions") if name in tables}
    subsets = job.params.subsets["translation"]
    training = dict(zip(subsets, map(count, job.input.translation_train), strict=True))
    return [
        row
        for name, path in zip(job.params.foundations, job.input.checks, strict=True)
        for row in resource_rows(
            name,
            {table: rows_of(rows, name, rows[0].metric) for table, rows in own.items()},
            read_json(path),
            subsets,
            training,
        )
    ]


def costs_of(job: Job, task: str, overview: Sequence[OverviewRow]) -> list[CostRow]:
    """Return a task's costs, from the running times of its jobs and the number of their answers."""
    subsets, foundations = job.params.subsets[task], list(job.params.foundations)

    def files(kind: str, n: int) -> list[str]:
        """Return the files of one foundation; some serve all, and some are one a subset."""
        given = list(job.input.get(f"{task}_{kind}") or [])
        each = len(given) // len(foundations)
        return given[n * each : (n + 1) * each] if each else given

    rows = []
    for n, foundation in enumerate(foundations):
        examples = [read_json(path, "prompt")["prompt"]["examples"] for path in files("examples", n)]
        manifests = {
            model: next((read_json(path, "parameters") for path in files(model, n)), None)
            for model in ("sft", "refined", "refined_matched")
        }
        answers = {rule: sum(map(count, files(f"{rule}_answers", n))) for rule in ANSWERED}
        answers["build_priors"] = sum(
            len({prior.item for prior in own})
            for path in files("build_priors_answers", n)
            for own in read_subsets(path, Prior, subsets).values()
        )
        rows += cost_rows(
            foundation=foundation,
            timings={rule: files(f"{rule}_seconds", n) for rule in TIMED},
            **manifests,
            train_sentences=sum(map(count, job.input.get(f"{task}_train"))),
            directions=len(subsets),
            examples=max(examples, default=0),
            answers=answers,
            overview=[row for row in overview if row.foundation == foundation],
        )
    return rows


def count(path: str) -> int:
    """Return the number of a file's lines."""
    with open(path, encoding="utf-8") as stream:
        return sum(1 for _ in stream)


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
