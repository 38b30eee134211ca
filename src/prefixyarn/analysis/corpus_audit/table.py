"""The table of the corpus: what foundations that a run trains itself were trained on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tokenizers import Tokenizer

from prefixyarn.analysis.corpus_audit.count import Translations, all_meetings, holds_two_languages, unique_share
from prefixyarn.data.corpus.mixes import Mix
from prefixyarn.data.corpus.works import Work
from prefixyarn.models.bpe import encoded
from prefixyarn.tables.render import markdown, percent

CORPUS = "corpus"


@dataclass(frozen=True)
class AuditRow:
    """What a mix, or the corpus that it is from, holds of one kind.

    Attributes:
        mix: A cell, or ``corpus``.
        kind: Of a mix, the language of the documents, or language and format of pairs; of the corpus, language and
            source.
        documents: Number of documents.
        tokens: Number of tokens.
        unique: Share of runs of eight tokens that are different ones, 0 to 1.
        two_languages: Documents that hold sentences of two languages, as their words and letters tell.
        meetings: English words that stand within 25 words of a translation of theirs, of the dictionary's.
        aligned: Of a mix, documents that are a sentence and its translation; of the corpus, paragraphs of that language
            that are known to be a translation of an English one.
    """

    mix: str
    kind: str
    documents: int
    tokens: int
    unique: float
    two_languages: int
    meetings: int
    aligned: int


def mix_rows(
    name: str, mix: Mix, tokenizer: Tokenizer, codes: Sequence[str], translations: Mapping[str, Translations]
) -> list[AuditRow]:
    """Return the rows of a cell, kind by kind, counted on what the model reads.

    Args:
        name: The cell's name.
        mix: Its documents.
        tokenizer: Whose ids these are.
        codes: Codes of the languages.
        translations: By language code, translations of English words.
    """
    rows = []
    for kind in sorted({*mix.kinds}):
        own = [ids for ids, found in zip(mix.ids, mix.kinds, strict=True) if found == kind]
        texts = tokenizer.decode_batch([ids.tolist() for ids in own])
        pairs = " " in kind and not kind.endswith("misaligned")
        rows.append(
            AuditRow(
                name,
                kind,
                len(own),
                sum(map(len, own)),
                unique_share(own),
                sum(holds_two_languages(text, codes) for text in texts),
                all_meetings(texts, translations),
                len(own) if pairs else 0,
            )
        )
    return rows


def corpus_rows(
    works: Iterable[Work], tokenizer: Tokenizer, codes: Sequence[str], translations: Mapping[str, Translations]
) -> list[AuditRow]:
    """Return the rows of the corpus, by language and source; see `mix_rows`."""
    texts: dict[tuple[str, str], list[str]] = {}
    aligned: dict[tuple[str, str], int] = {}
    for work in works:
        for code in codes:
            if text := work.document(code):
                key = code, work.source
                texts.setdefault(key, []).append(text)
                pairs = sum(code in segment and "en" in segment for segment in work.segments) if code != "en" else 0
                aligned[key] = aligned.get(key, 0) + pairs
    rows = []
    for (code, source), own in sorted(texts.items(), key=lambda entry: (codes.index(entry[0][0]), entry[0][1])):
        ids = list(encoded(tokenizer, own))
        rows.append(
            AuditRow(
                CORPUS,
                f"{code} {source}",
                len(own),
                sum(map(len, ids)),
                unique_share(ids),
                sum(holds_two_languages(text, codes) for text in own),
                all_meetings(own, translations),
                aligned[code, source],
            )
        )
    return rows


def audit_markdown(rows: Sequence[AuditRow], dropped: Mapping[str, Mapping[str, int]]) -> str:
    """Render the table as Markdown.

    Args:
        rows: The rows.
        dropped: By language, characters that were left out of the corpus by reason.
    """
    shown = [
        {
            "mix": row.mix,
            "kind": row.kind,
            "documents": f"{row.documents:,}",
            "tokens": f"{row.tokens:,}",
            "unique": percent(row.unique),
            "two languages": f"{row.two_languages:,}",
            "words beside a translation": f"{row.meetings:,}",
            "aligned": f"{row.aligned:,}",
        }
        for row in rows
    ]
    reasons = sorted({reason for own in dropped.values() for reason in own})
    left_out = [
        {"language": code, **{reason: f"{own.get(reason, 0) / 1e6:.2f}" for reason in reasons}}
        for code, own in dropped.items()
    ]
    return (
        "# What foundations are trained on\n\n"
        "The corpus by language and source, without its held-out works, and each mix by what its documents are: text "
        "in a language, or pairs in a format. Unique: the share of runs of eight tokens that are different ones. Two "
        "languages: documents with sentences of two languages, as letters and function words tell. Words beside a "
        "translation: English content words with a translation, of the run's dictionary, within 25 words.\n\n"
        f"{markdown(shown)}\n\nLeft out of the corpus, in millions of characters:\n\n{markdown(left_out)}\n"
    )
