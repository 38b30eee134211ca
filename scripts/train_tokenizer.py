"""Train the tokenizer of all mixes, a byte-level BPE, on as much text of each language (rule train_tokenizer)."""

import logging

from prefixyarn.data.corpus.works import read_works
from prefixyarn.job import Job, run
from prefixyarn.models.bpe import encoded, sample, train_tokenizer
from prefixyarn.records import write_text

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    params = job.params
    texts = sample(list(read_works(job.input.train)), params.languages, params.sample)
    tokenizer = train_tokenizer(texts, params.vocabulary)
    write_text(job.output.tokenizer, tokenizer.to_str(pretty=True))
    for code, own in texts.items():
        ids = sum(len(found) - 1 for found in encoded(tokenizer, own))
        characters = sum(map(len, own))
        logging.info("%s: %.2f characters a token, of %.2f M", code, characters / ids, characters / 1e6)


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
