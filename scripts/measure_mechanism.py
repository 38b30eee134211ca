"""Measure how likely the rest of the reference is after each prior and source (rule measure_mechanism).

Reads the priors that the analysis has built, of one direction. Writes a row per item, system and source.
"""

from prefixyarn.analysis.mechanism import TailScore
from prefixyarn.analysis.mechanism.measure import measure, open_models, reads, sequences
from prefixyarn.job import Job, run
from prefixyarn.languages import Direction
from prefixyarn.progress import Progress
from prefixyarn.prompts import load_prompt
from prefixyarn.records import Item, Prior, check_answered, read_records
from prefixyarn.tables.rows import write_rows

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    params, subset = job.params, job.wildcards.subset
    session = open_models(job)
    test = read_records(job.input.data, Item)
    items, priors = test[: params.most_items], read_records(job.input.priors, Prior, subset)
    check_answered(job.input.priors, priors, items)
    wanted = reads(
        session.tokenizer,
        load_prompt(job.input.choice, session.tokenizer.backend_tokenizer, None),
        Direction.parse(subset),
        items=items,
        test=test,
        priors=[*priors, *(Prior.none(item.id, "sft") for item in items)],
    )
    progress = Progress(f"measure_mechanism {subset}", sequences(wanted), "sequences")
    write_rows(job.output.scores, measure(session, wanted, progress), TailScore)


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
