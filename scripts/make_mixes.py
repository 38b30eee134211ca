"""Make the mixes that foundations are pre-trained on, as tokens (rule make_mixes).

Writes a file a cell, and one of held-out documents.
"""

import functools
import logging
from pathlib import Path

from tokenizers import Tokenizer

from prefixyarn.data.corpus.mixes import Recipe, cells, held_out, write_mix
from prefixyarn.data.corpus.works import read_works
from prefixyarn.job import Job, run
from prefixyarn.models.bpe import encoded
from prefixyarn.prompts import Prompt

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    params, paths = job.params, {Path(path).stem: path for path in job.output.mixes}
    encode = functools.partial(encoded, Tokenizer.from_file(job.input.tokenizer))
    formats = [Prompt(**own) for own in params.formats]
    recipe = Recipe(params.languages, params.unique_tokens, params.parallel, formats, params.seed)
    works = list(read_works(job.input.train))
    for name, mix in cells(works, params.cells, recipe, encode):
        write_mix(paths[name], mix)
        logging.info("%s: %d documents, %d tokens", name, len(mix.ids), mix.tokens)
    apart = held_out(
        list(read_works(job.input.held_out)), params.languages, params.held_out_tokens, params.seed, encode
    )
    write_mix(job.output.held_out, apart)


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
