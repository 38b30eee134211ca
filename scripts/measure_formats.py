"""Measure the use of the source in a seen and an unseen format (rule measure_formats).

Reads the test items of one direction. Writes a row per format, item, system and source.
"""

from prefixyarn.analysis.mechanism import TailScore
from prefixyarn.analysis.mechanism.measure import measure, open_models, sequences
from prefixyarn.analysis.mixes.measure import format_reads
from prefixyarn.job import Job, run
from prefixyarn.languages import Direction
from prefixyarn.progress import Progress
from prefixyarn.prompts import Prompt, load_prompt
from prefixyarn.records import Item, read_records
from prefixyarn.tables.rows import write_rows

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    params, subset = job.params, job.wildcards.subset
    session = open_models(job)
    prompts = [load_prompt(job.input.choice, session.tokenizer.backend_tokenizer, None), Prompt(**params.unseen)]
    items = read_records(job.input.data, Item)[: params.most_items]
    wanted = format_reads(session.tokenizer, prompts, Direction.parse(subset), items)
    progress = Progress(f"measure_formats {subset}", sequences(wanted), "sequences")
    write_rows(job.output.scores, measure(session, wanted, progress), TailScore)


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
