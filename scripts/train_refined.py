"""Train the refined model of a task on all subsets, and predict all test items with it (rule train_refined).

With an SFT model's manifest it is trained on that model's own training pairs alone (rule train_refined_matched).

The manifest has the share of dev items whose first unit the model has right, by subset.
"""

import logging
import shutil
import time
from itertools import chain
from pathlib import Path

from prefixyarn.data.splits import check_unseen
from prefixyarn.errors import InputError
from prefixyarn.job import Job, run
from prefixyarn.job_files import read_by_subset, state_path, write_seconds
from prefixyarn.languages import Direction
from prefixyarn.models.refined import first_unit_accuracy, load_kind
from prefixyarn.records import Item, Prediction, read_json, read_records, write_by_subset, write_json

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    params, batch, start = job.params, job.resources.batch_rows, time.perf_counter()
    folder = Path(job.output.manifest).parent
    training, dev, test = (
        read_by_subset(files, params.subsets) for files in (job.input.train, job.input.dev, job.input.data)
    )
    held_out = [item for path in job.input.held_out for item in read_records(path, Item, may_be_empty=True)]
    check_unseen(list(chain(*training.values())), held_out)
    if job.input.get("sft"):
        training = seen_by(job.input.sft, training)
    kind = load_kind(params.kind)
    shutil.rmtree(folder, ignore_errors=True)  # what an earlier kind left there
    folder.mkdir(parents=True)
    pretrained = job.input.get("pretrained")
    try:
        parameters = kind.train(
            train=training,
            dev=dev,
            config=params.settings,
            pretrained=str(Path(pretrained[0]).with_suffix("")) if pretrained else "",
            folder=folder,
            state=state_path(job.log[0], ""),
        )
    except InputError as error:
        if not job.input.get("sft"):
            raise
        raise InputError(
            f"{error} These are the pairs that the SFT model has seen (refined-matched): raise the task's sft.steps or "
            "sft.batch, or take 'refined-matched' out of priors.kinds."
        ) from error
    accuracy = {}
    for subset, items in dev.items():
        texts, _ = kind.predict(folder, subset, items, batch)
        found = first_unit_accuracy(texts, items, Direction.parse(subset).target)
        accuracy[subset] = {"n": len(items), "first_unit_accuracy": round(found, 4), "train": len(training[subset])}
        logging.info("%s: first unit right in %.0f %% of %d dev items", subset, 100 * found, len(items))
    trained = time.perf_counter()

    predictions = {}
    for subset, items in test.items():
        texts, whole = kind.predict(folder, subset, items, batch)
        predictions[subset] = [Prediction(item.id, text, whole) for item, text in zip(items, texts, strict=True)]
    write_by_subset(job.output.predictions, predictions)
    write_seconds(job.output.training_seconds, trained - start)
    write_seconds(job.output.predicting_seconds, time.perf_counter() - trained)
    manifest = {"kind": params.kind, "config": params.settings, "parameters": parameters, "dev": accuracy}
    write_json(job.output.manifest, manifest)


def seen_by(manifest: str, training: dict[str, list[Item]]) -> dict[str, list[Item]]:
    """Return, by subset, the training items that an SFT model has seen; it numbers those of all subsets together."""
    seen, start = {*read_json(manifest, "seen")["seen"]}, 0
    found = {}
    for subset, items in training.items():
        found[subset] = [item for n, item in enumerate(items, start) if n in seen]
        start += len(items)
    return found


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
