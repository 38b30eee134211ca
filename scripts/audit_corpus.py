"""Count what the corpus and the mixes hold (rule audit_corpus). Writes the table corpus_audit."""

from pathlib import Path

from tokenizers import Tokenizer

from prefixyarn.analysis.corpus_audit.count import content_pairs
from prefixyarn.analysis.corpus_audit.table import AuditRow, audit_markdown, corpus_rows, mix_rows
from prefixyarn.data.corpus.mixes import read_mix
from prefixyarn.data.corpus.works import read_works
from prefixyarn.data.lexicon import read
from prefixyarn.job import Job, run
from prefixyarn.records import read_json, write_text
from prefixyarn.tables.rows import write_rows

snakemake: Job  # given by Snakemake


def main(job: Job) -> None:
    codes, tokenizer = job.params.languages, Tokenizer.from_file(job.input.tokenizer)
    translations = {}
    for path in job.input.lexicons:
        code = Path(path).stem.partition("-")[2]
        translations[code] = content_pairs(read(path), code)
    rows = corpus_rows(read_works(job.input.train), tokenizer, codes, translations)
    for path in job.input.mixes:
        rows += mix_rows(Path(path).stem, read_mix(path), tokenizer, codes, translations)
    write_rows(job.output.csv, rows, AuditRow)
    write_text(job.output.md, audit_markdown(rows, read_json(job.input.dropped)))


if __name__ == "__main__":  # not in processes that a job starts
    run(main, snakemake)
