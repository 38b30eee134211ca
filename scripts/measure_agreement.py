"""Compare foundation and SFT model token by token, for some items of one direction (rule measure_agreement).

Reads the SFT model's answers (teacher-forced) and what the foundation wrote by itself and after k SFT tokens
(free-running). Writes a row per answer and position.
"""

from pathlib import Path

from prefixyarn.analysis.agreement import Step
from prefixyarn.analysis.agreement.measure import reads, steps
from prefixyarn.job import Job, run
from prefixyarn.models.foundation import identity, load
from prefixyarn.models.sft.adapter import SftModel
from prefixyarn.progress import Progress
from prefixyarn.prompts import load_prompt
from prefixyarn.records import Item, Output, read_records
from prefixyarn.tables.rows import write_rows

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    params, subset, folder = job.params, job.wildcards.subset, Path(job.input.manifest).parent
    foundation = load(folder, job.wildcards.model, params.dtype)
    sft = SftModel(foundation, identity(folder), Path(job.input.sft).parent)
    wanted = reads(
        foundation.tokenizer,
        load_prompt(job.input.choice, foundation.tokenizer.backend_tokenizer, None),
        subset,
        items=read_records(job.input.data, Item)[: params.most_items],
        own=read_records(job.input.own, Output, subset),
        free=read_records(job.input.free, Output),
        ks=params.k,
    )
    progress = Progress(f"measure_agreement {subset}", len(wanted), "answers")
    write_rows(job.output.steps, steps(wanted, foundation, sft, progress), Step)


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
