"""Train a foundation from scratch on a mix (rule pretrain_foundation). A killed training resumes.

Writes the model as other foundations come, source.json with the SHA-256 of each file, and training.json: the loss curve
and bits per character of held-out text.
"""

import logging
from pathlib import Path

from tokenizers import Tokenizer

from prefixyarn.data.corpus.mixes import read_mix
from prefixyarn.data.wheels import sha256
from prefixyarn.job import Job, run
from prefixyarn.job_files import state_path
from prefixyarn.models.pretrain import Plan, pretrain
from prefixyarn.records import write_json

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    folder = Path(job.output.files).with_suffix("")
    training = pretrain(
        mix=read_mix(job.input.mix),
        held_out=read_mix(job.input.held_out),
        tokenizer=Tokenizer.from_file(job.input.tokenizer),
        plan=Plan(**job.params.size, seed=job.params.seed),
        folder=folder,
        state_file=state_path(job.log[0], ".pt"),
    )
    write_json(job.output.training, training)
    write_json(job.output.files, {path.name: sha256(path) for path in sorted(folder.iterdir())})
    for code, bits in training["held_out"].items():
        logging.info("held-out text, %s: %.3f bits per character", code, bits)


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
