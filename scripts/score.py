"""Score all systems of a task on all its subsets (rule score). Needs no model.

Predictions of the refined model count as a system of their own where they are whole answers.
"""

from pathlib import Path

from prefixyarn.job import Job, run
from prefixyarn.languages import Direction
from prefixyarn.metrics.continuation import PrefixStripper
from prefixyarn.metrics.language_id import LanguageDetector
from prefixyarn.metrics.subsets import SubsetScores, score_subset, write_scores
from prefixyarn.models.plain_text import open_tokenizer
from prefixyarn.prompts import share_shortened
from prefixyarn.records import Item, Output, Prediction, Prior, check_answered, read_records, read_subsets
from prefixyarn.tasks.scoring import all_answers, scores

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    params = job.params
    task, detector = scores(params.task), LanguageDetector(params.languages)
    tokenizer = open_tokenizer(Path(job.input.manifest).parent)
    paths = [path for path in (job.input.get("sft"), *job.input.get("other", []), *job.input.get("seeds", [])) if path]
    of_sft = [read_subsets(path, Output, params.subsets) for path in paths]
    refined = job.input.get("refined")
    predicted = read_subsets(refined, Prediction, params.subsets) if refined else {}
    priors = read_subsets(job.input.priors, Prior, params.subsets)
    found: dict[str, SubsetScores] = {}
    for n, subset in enumerate(params.subsets):
        direction = Direction.parse(subset)
        items = {
            "test": read_records(job.input.test[n], Item),
            "out_of_domain": read_records(job.input.out_of_domain[n], Item, may_be_empty=True),
        }
        every, decoded = [*items["test"], *items["out_of_domain"]], read_records(job.input.outputs[n], Output)
        check_answered(job.input.outputs[n], decoded, every, {prior.system for prior in priors[subset]})
        check_answered(job.input.priors, priors[subset], every, {output.system for output in decoded})
        for path, own in zip(paths, of_sft, strict=True):
            check_answered(path, own[subset], every)
        if refined:
            check_answered(refined, predicted[subset], every)
        outputs = all_answers(
            task,
            decoded=decoded,
            tuned=[own[subset] for own in of_sft],
            predicted=predicted.get(subset, []),
            train=read_records(job.input.train[n], Item),
            items=every,
        )
        found[subset] = score_subset(
            task=task,
            items=items,
            outputs=outputs,
            covers={(p.item, p.system): p.covers for p in priors[subset]},
            target=direction.target,
            detector=detector,
            stripper=PrefixStripper(tokenizer, direction),
            cuts=[(k, unit) for k, unit in params.cuts],
            resamples=params.resamples,
            seed=params.seed,
            shortened=share_shortened([i.source for i in items["test"]], tokenizer, params.max_source_tokens),
        )
    write_scores(job.output.scores, found)


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
