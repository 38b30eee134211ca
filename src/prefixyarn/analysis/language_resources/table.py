"""Low-resource languages (open question 3): by their share of a published pre-training mix, and what a model shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prefixyarn.languages import LANGUAGES, Direction, language
from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.systems import HEADLINE_KINDS
from prefixyarn.tables.render import foundation_cell, markdown, number, percent, with_ends
from prefixyarn.tables.rows import ScoreRow, row_of, systems_of
from prefixyarn.tables.task import judged

MIX = "llama-2"  # whose mix is published; other makers, Gemma's among them, publish none
UNLISTED = 0.005  # percent; the mix lists languages of this share or more
LEVELS = ("high", "low", "extremely low")
FEW_SHOT = "few-shot"  # beside the prior kinds: examples in the prompt and no prior
SHOWN = (*HEADLINE_KINDS, "random-content", FEW_SHOT)


def mix_of(foundation: str) -> str | None:
    """Return the published mix that a foundation was pre-trained on, by its name (``llama-2-7b``); None without one."""
    published = sorted({name for own in LANGUAGES.values() for name in own.pretraining_share})
    return next((name for name in published if foundation == name or foundation.startswith(f"{name}-")), None)


def level(code: str, mix: str | None) -> str:
    """Return a language's level, by the paper's bounds: high above 0.1 %, extremely low below 0.05 %, else low.

    Args:
        code: The language.
        mix: The published mix that the foundation was pre-trained on; without one there is no level, but ``""``.
    """
    if mix is None:
        return ""
    share = language(code).pretraining_share.get(mix, UNLISTED)
    return "high" if share > 0.1 else "extremely low" if share < 0.05 else "low"


@dataclass(frozen=True)
class ResourceRow:
    """How far one source of priors takes a foundation in one direction, by what there is of its target language.

    Attributes:
        foundation: The foundation's name.
        table: The table of scores that has the direction.
        direction: The direction.
        language: Its target language.
        level: That language's level in the foundation's own mix; empty where its maker publishes none. See `level`.
        pretraining_share: Percentage of Llama 2's pre-training text in the language; None: below 0.005 %.
        tokens_per_character: Of the foundation on text of the language: fertility.
        bits_per_character: Of the foundation on it.
        n: Items.
        kind: The prior kind, at its largest k of at most two, or ``few-shot``.
        share: Share of the SFT model's score; None without one.
        score: The score.
        gain: The score less that of the foundation alone, paired; None for that itself.
        bits_per_english_character: The bits of the same text over the characters of its English; None if not known.
        training_pairs: Sentence pairs of the training split: what a dictionary is made from; None if not known.
        off_target: Share of continuations in another language than the target's.
    """

    foundation: str
    table: str
    direction: str
    language: str
    level: str
    pretraining_share: float | None
    tokens_per_character: float
    bits_per_character: float
    n: int
    kind: str
    share: float | None
    score: Interval | None = None
    gain: Interval | None = None
    bits_per_english_character: float | None = None
    training_pairs: int | None = None
    off_target: float | None = None


def resource_rows(
    foundation: str,
    tables: Mapping[str, Sequence[ScoreRow]],
    checks: Mapping[str, Any],
    subsets: Sequence[str],
    training: Mapping[str, int] | None = None,
) -> list[ResourceRow]:
    """Return a row per direction and prior kind, by level, then by bits: first what the foundation knows best.

    Args:
        foundation: Its name.
        tables: By name of each table of translation the rows of one foundation and the main metric.
        checks: By language what verify_foundation measured.
        subsets: The directions, each of which is in one of the tables.
        training: By direction the number of its training pairs.
    """
    found, mix = [], mix_of(foundation)
    for subset in subsets:
        table, rows = next((t, rows) for t, rows in tables.items() if any(row.subset == subset for row in rows))
        systems, code = systems_of(rows), Direction.parse(subset).target
        for kind in SHOWN:
            few = kind == FEW_SHOT
            system = judged(systems, "none", prompt=FEW_SHOT) if few else judged(systems, kind)
            if system is None:
                continue
            own = row_of(rows, system, subset)
            found.append(
                ResourceRow(
                    foundation=foundation,
                    table=table,
                    direction=subset,
                    language=language(code).name,
                    level=level(code, mix),
                    pretraining_share=language(code).pretraining_share.get(MIX),
                    tokens_per_character=checks[code]["tokens_per_character"],
                    bits_per_character=checks[code]["bits_per_character"],
                    n=own.n,
                    kind=kind,
                    share=own.share.score if own.share else None,
                    score=own.score,
                    gain=own.gain,
                    bits_per_english_character=checks[code].get("bits_per_english_character"),
                    training_pairs=(training or {}).get(subset),
                    off_target=own.off_target,
                )
            )
    return sorted(found, key=lambda row: (_place(row.level), row.bits_per_english_character or row.bits_per_character))


def _place(of_level: str) -> int:
    return LEVELS.index(of_level) if of_level else 0


def resource_markdown(rows: Sequence[ResourceRow]) -> str:
    """Render resource rows as Markdown: a row per direction, a column per kind; gains, and shares if there are any."""
    gained = markdown(_lines(rows, _gain, none="score of none"))
    parts = [f"### Gain over the foundation alone, in points of chrF++\n\n{gained}\n"]
    if any(row.share is not None for row in rows):
        parts.append(f"### Share of the SFT model's score, in percent\n\n{markdown(_lines(rows, _share))}\n")
    parts.append(
        "- level: high above 0.1 %, low, extremely low below 0.05 % of the foundation's own pre-training text. Of the "
        "paper's models only Llama 2's mix is published (Touvron et al. 2023, table 10). Other foundations have no "
        "level: they are judged by what they show of a language.\n"
        "- That is bits per character, on training text of the language. Scripts differ: a Chinese character says more "
        "than a Latin letter. Bits per character of the English are the bits of the same text over the length of its "
        "English: they compare across scripts. Tokens per character (fertility) are the tokenizer's.\n"
        "- training pairs: what the dictionary behind `pseudo` is made from. Languages with few have a small one. "
        "off-target of none: how often the foundation alone answers in another language.\n"
        "- A kind is shown at its largest k of at most two. Gains are paired, with 95 % bootstrap intervals over "
        "items; single directions are exploratory. Points of chrF++ are not the same in every script.\n"
    )
    return "\n".join(parts)


def _lines(
    rows: Sequence[ResourceRow], cell: Callable[[ResourceRow | None], str], none: str = "none"
) -> list[dict[str, Any]]:
    """Return the lines of a table, one per foundation and direction; ``none`` is the title of that kind's column."""
    by_kind = {(row.foundation, row.direction, row.kind): row for row in rows}
    firsts = {(row.foundation, row.direction): row for row in reversed(rows)}
    kinds = [kind for kind in SHOWN if any(row.kind == kind for row in rows)]
    return [
        {
            **foundation_cell(row, rows),
            "direction": row.direction,
            "language": row.language,
            "level": row.level or "–",
            "Llama 2's mix": "< 0.005 %" if row.pretraining_share is None else f"{row.pretraining_share} %",
            "tokens per character": number(row.tokens_per_character, 2),
            "bits per character": number(row.bits_per_character, 2),
            "bits per character of the English": number(row.bits_per_english_character, 2),
            "training pairs": "–" if row.training_pairs is None else f"{row.training_pairs:,}",
            "off-target of none": percent(by_kind[row.foundation, row.direction, "none"].off_target),
            **{
                none if kind == "none" else kind: cell(by_kind.get((row.foundation, row.direction, kind)))
                for kind in kinds
            },
            "n": row.n,
        }
        for row in rows
        if firsts[row.foundation, row.direction] is row
    ]


def _gain(row: ResourceRow | None) -> str:
    """Return a gain for readers; of the foundation alone its score."""
    if row is None or row.gain is None:
        return number(row.score if row else None)
    return with_ends(row.gain)


def _share(row: ResourceRow | None) -> str:
    return number(row.share if row else None)
