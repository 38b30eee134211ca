"""Compare foundation and SFT model token by token, for some items of one direction (rule measure_agreement).

Both read the SFT model's answers and what the foundation wrote by itself and after k SFT tokens. As controls, the
foundation reads the references, and the SFT model's answers without their sources. Writes a row per position.
"""

from pathlib import Path

from prefixyarn.analysis.agreement import Step
from prefixyarn.analysis.agreement.measure import readings, steps
from prefixyarn.job import Job, run
from prefixyarn.metrics.language_id import LanguageDetector
from prefixyarn.models.foundation import load
from prefixyarn.models.manifest import identity
from prefixyarn.models.sft.adapter import SftModel
from prefixyarn.progress import Progress
from prefixyarn.prompts import load_prompt
from prefixyarn.records import Item, Output, check_answered, read_records
from prefixyarn.tables.rows import write_rows

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    params, subset, folder = job.params, job.wildcards.subset, Path(job.input.manifest).parent
    foundation = load(folder, job.wildcards.model, params.dtype)
    sft = SftModel(foundation, identity(folder), Path(job.input.sft).parent)
    items = read_records(job.input.data, Item)[: params.most_items]
    tuned, own = read_records(job.input.tuned, Output, subset), read_records(job.input.own, Output)
    for path, outputs in ((job.input.tuned, tuned), (job.input.own, own)):
        check_answered(path, outputs, items, others=True)
    wanted = readings(
        foundation.tokenizer,
        load_prompt(job.input.choice, foundation.tokenizer.backend_tokenizer, None),
        subset,
        items=items,
        sft=tuned,
        own=own,
        ks=params.k,
        detector=LanguageDetector(params.languages),
    )
    progress = Progress(f"measure_agreement {subset}", len(wanted), "answers")
    write_rows(job.output.steps, steps(wanted, foundation, sft, progress), Step)


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
