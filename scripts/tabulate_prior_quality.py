"""Make the tables of the quality and length of priors, and of what follows them (rule tabulate_prior_quality).

Needs no model.
"""

from itertools import product
from pathlib import Path

from prefixyarn.analysis.answered import Answered, Scorer, by_system
from prefixyarn.analysis.prior_length.table import PriorLengthRow, length_rows
from prefixyarn.analysis.prior_quality.propagation import PropagationRow, propagation_rows
from prefixyarn.analysis.prior_quality.sft_priors import SftPriorRow, sft_prior_rows
from prefixyarn.analysis.prior_quality.table import QualityRow, quality_markdown, quality_rows
from prefixyarn.job import Job, run
from prefixyarn.languages import Direction
from prefixyarn.metrics.continuation import PrefixStripper
from prefixyarn.models.plain_text import open_tokenizer
from prefixyarn.records import Item, Output, check_answered, read_records, write_text
from prefixyarn.tables.rows import write_rows

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    params, quality, lengths, sft_priors, propagation = job.params, [], [], [], []
    files = dict(zip(product(params.foundations, params.subsets), job.input.outputs, strict=True))
    items = {
        subset: read_records(path, Item)[: params.most_items]
        for subset, path in zip(params.subsets, job.input.data, strict=True)
    }
    for name, sft, manifest in zip(params.foundations, job.input.sft, job.input.manifests, strict=True):
        tokenizer = open_tokenizer(Path(manifest).parent)
        answered = []
        for subset in params.subsets:
            own, tuned = read_records(files[name, subset], Output), read_records(sft, Output, subset)
            check_answered(files[name, subset], own, items[subset])
            check_answered(sft, tuned, items[subset], others=True)
            direction = Direction.parse(subset)
            stripper = PrefixStripper(tokenizer, direction)
            answered.append(Answered(direction, items[subset], by_system([*own, *tuned]), stripper))
        scorer = Scorer(answered, params.resamples, params.seed)
        quality += quality_rows(scorer, name, params.corrupt_words)
        lengths += length_rows(scorer, name, params.k)
        sft_priors += sft_prior_rows(answered, name, params.resamples, params.seed)
        propagation += propagation_rows(answered, name, params.resamples, params.seed)
    write_rows(job.output.quality, quality, QualityRow)
    write_rows(job.output.length, lengths, PriorLengthRow)
    write_rows(job.output.sft_priors, sft_priors, SftPriorRow)
    write_rows(job.output.propagation, propagation, PropagationRow)
    write_text(Path(job.output.md), quality_markdown(quality, lengths, sft_priors, propagation))


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
