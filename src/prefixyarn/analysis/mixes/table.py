"""The tables of mixes: how foundations were trained here, and what priors open in them and in others beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prefixyarn.analysis.mechanism.table import REST, MechanismRow, Tails, as_interval, mean_over
from prefixyarn.analysis.mixes import SOURCES
from prefixyarn.languages import Direction, language, mostly_in_script
from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.records import Output, System
from prefixyarn.systems import HEADLINE_KINDS, NONE, SFT, headline
from prefixyarn.tables.render import markdown, number, percent, plain, prior_cell, with_ends
from prefixyarn.tables.rows import ALL, ScoreRow, find_row, rows_of


@dataclass(frozen=True)
class Trained:
    """What a foundation was trained on.

    Attributes:
        foundation: The foundation's name.
        cell: The mix.
        share: Share of the mix's tokens that are not English, 0 to 1.
        arrangement: How sentences stand beside their translations: ``P``, ``U`` or ``M``; empty where all is English.
        size: Name of the size.
        seed: Seed of its training.
    """

    foundation: str
    cell: str
    share: float
    arrangement: str
    size: str
    seed: int


@dataclass(frozen=True)
class TrainingRow(Trained):
    """How well a foundation that was trained here models held-out text of one language.

    Attributes:
        parameters: How many it has.
        tokens: Tokens that it was trained on.
        passes: How many times it read each of them.
        language: Code of the language.
        bits: Cross-entropy on held-out text in bits per character.
    """

    parameters: int
    tokens: int
    passes: float
    language: str
    bits: float


@dataclass(frozen=True)
class MixRow(Trained):
    """How much of the source a foundation uses with a prior, or its SFT model without, and what it answers.

    Attributes:
        subset: The direction; `ALL` for the mean over directions.
        system: The prior, and the model.
        items: Items, of all directions.
        source_use: As `prefixyarn.analysis.mechanism.table.MechanismRow` has it.
        rise: By how much it is more than without a prior; None for that itself.
        share_of_sft: 100 · source use / that of the SFT model.
        score: chrF++ of its answers; None where it did not answer.
        off_target: Share (0 to 1) of its continuations in another language than the target's.
        in_script: Share (0 to 1) of its continuations that are mostly in the target's script; None in directions
            between languages of one script.
    """

    subset: str
    system: System
    items: int
    source_use: Interval | None
    rise: Interval | None
    share_of_sft: Interval | None
    score: float | None
    off_target: float | None
    in_script: float | None


@dataclass(frozen=True)
class FormatRow(Trained):
    """How much of the source a foundation uses when it is asked in one format.

    Attributes:
        unseen: Whether it is the format that no pair of any mix is in. Mixes in arrangement U have pairs in none.
        system: The prior, and the model; ``prompt`` is the format.
        items: Items, of all directions.
        sources: After how many sources each reference was read.
        source_use: In nats per token, against the mean of the other sources; the mean over directions.
        first: % of items whose own source makes the reference likelier than any other source does.
    """

    unseen: bool
    system: System
    items: int
    sources: int
    source_use: Interval | None
    first: Interval | None


def training_rows(
    sources: Mapping[str, Mapping[str, Any]],
    cells: Mapping[str, Mapping[str, Any]],
    trained: Mapping[str, Mapping[str, Any]],
) -> list[TrainingRow]:
    """Return the rows of how foundations were trained, in their order.

    Args:
        sources: By foundation its ``source`` in the config.
        cells: The config's ``pretraining.cells``.
        trained: By foundation what `prefixyarn.models.pretrain.pretrain` returned.
    """
    return [
        TrainingRow(
            name,
            **_of(own, cells),
            parameters=trained[name]["parameters"],
            tokens=trained[name]["curve"][-1]["tokens"] if trained[name]["curve"] else 0,
            passes=trained[name]["passes"],
            language=code,
            bits=bits,
        )
        for name, own in sources.items()
        for code, bits in trained[name]["held_out"].items()
    ]


def in_scripts(outputs: Sequence[Output], direction: Direction) -> dict[System, float]:
    """Return by system the share of continuations mostly in the target's script; none between languages of one."""
    if language(direction.source).script == language(direction.target).script:
        return {}
    found: dict[System, list[bool]] = {}
    for own in outputs:
        found.setdefault(own.system, []).append(mostly_in_script(own.continuation, direction.target))
    return {system: sum(own) / len(own) for system, own in found.items()}


def mix_rows(
    sources: Mapping[str, Mapping[str, Any]],
    cells: Mapping[str, Mapping[str, Any]],
    mechanism: Sequence[MechanismRow],
    scores: Sequence[ScoreRow],
    scripts: Mapping[tuple[str, str], Mapping[System, float]],
) -> list[MixRow]:
    """Return the rows of what priors open, foundation by foundation; see `training_rows`.

    Args:
        sources: See `training_rows`.
        cells: See `training_rows`.
        mechanism: The table of what a prior does.
        scores: The table of translation.
        scripts: By foundation and direction what `in_scripts` returned.
    """
    found = []
    for row in mechanism:
        if row.foundation not in sources:
            continue
        answered = find_row(rows_of(scores, row.foundation, scores[0].metric), row.system, row.subset)
        found.append(
            MixRow(
                row.foundation,
                **_of(sources[row.foundation], cells),
                subset=row.subset,
                system=row.system,
                items=row.items,
                source_use=row.source_use,
                rise=row.rise,
                share_of_sft=row.share_of_sft,
                score=answered.score.score if answered else None,
                off_target=answered.off_target if answered else None,
                in_script=scripts.get((row.foundation, row.subset), {}).get(row.system),
            )
        )
    return found


def format_rows(
    sources: Mapping[str, Mapping[str, Any]],
    cells: Mapping[str, Mapping[str, Any]],
    measured: Mapping[str, Mapping[str, Tails]],
    unseen: str,
) -> list[FormatRow]:
    """Return the rows of formats, foundation by foundation; see `training_rows`.

    Args:
        sources: See `training_rows`.
        cells: See `training_rows`.
        measured: By foundation and direction what measure_formats wrote.
        unseen: The name of the format that no pair has.
    """
    found = []
    for name, own in measured.items():
        groups = list(own.values())
        for system in groups[0].systems if groups else []:
            found.append(
                FormatRow(
                    name,
                    **_of(sources[name], cells),
                    unseen=system.prompt == unseen,
                    system=system,
                    items=sum(one.items for one in groups),
                    sources=min(SOURCES, *(one.items for one in groups)),
                    source_use=as_interval(mean_over([one.source_use(system, REST) for one in groups])),
                    first=as_interval(mean_over([one.first(system) for one in groups])),
                )
            )
    return found


def _of(source: Mapping[str, Any], cells: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    cell = cells[source["cell"]]
    return {
        **{
            "cell": source["cell"],
            "share": float(cell["share"]),
            "arrangement": cell["arrangement"] if cell["share"] else "",
        },
        **{"size": source["size"], "seed": source["seed"]},
    }


def mixes_markdown(
    training: Sequence[TrainingRow],
    rows: Sequence[MixRow],
    formats: Sequence[FormatRow],
    beside: Sequence[MechanismRow],
    labels: Mapping[str, str],
) -> str:
    """Render the tables as Markdown: a line a foundation.

    Args:
        training: The rows of how they were trained.
        rows: The rows of what priors open; of each kind the headline's k is shown.
        formats: The rows of formats.
        beside: Rows of another run's table of what a prior does, to stand beside these.
        labels: By foundation its name for readers.
    """
    labels = {name: plain(own) for name, own in labels.items()}
    held_out = []
    for name, label in labels.items():
        own = [row for row in training if row.foundation == name]
        first = {"foundation": label, "parameters": f"{own[0].parameters:,}", "tokens": f"{own[0].tokens:,}"}
        bits = {f"bits, {row.language}": number(row.bits, 3) for row in own}
        held_out.append({**first, "passes": number(own[0].passes, 2), **bits})
    parts = [
        "# Foundations trained here",
        "P: a sentence and its translation in one document; U: in documents of their own; M: with the translation of "
        "another sentence. Bits are those per character of held-out text.",
        markdown(held_out),
    ]
    subsets = [subset for subset in dict.fromkeys(row.subset for row in rows) if subset]
    for subset in subsets:
        alike = [row for row in beside if row.subset == subset]
        shown = [
            *(
                _uses(label, [row for row in rows if (row.foundation, row.subset) == (name, subset)])
                for name, label in labels.items()
            ),
            *(
                _uses(f"{plain(name)} (another run)", [row for row in alike if row.foundation == name])
                for name in dict.fromkeys(row.foundation for row in alike)
            ),
        ]
        parts += [f"## Source use, {subset}, in nats per token", _table(shown)]
    if rows:
        parts.append(
            "Source use is knowledge of the pair, not of the language alone (mechanism.md). In brackets are 95 % "
            "intervals over items of one model each: another seed of the training would move it further. Rows of "
            "another run are of its own items and prompt."
        )
        answers = [_answers(label, [r for r in rows if r.foundation == name]) for name, label in labels.items()]
        parts += ["## Answers", _table(answers)]
        parts.append(
            "chrF++ and the share of answers in another language are means over directions, the latter by a language "
            "identifier that knows whole sentences and not the babble of so small a model. The share in the target's "
            "script is exact; it is of directions between two scripts. `oracle` is given two tokens of the reference, "
            "which count in its chrF++."
        )
    if formats:
        asked = [_formats(label, [r for r in formats if r.foundation == name]) for name, label in labels.items()]
        parts += ["## A seen and an unseen format", _table(asked)]
        parts.append(
            f"Source use in nats per token, and how often the item's own source ranks first of {formats[0].sources} "
            f"for its reference (chance: {100 / formats[0].sources:.1f} %), as means over directions. The other "
            "sources are those of the items that follow, whatever their length: so source use is not that of the "
            "tables above."
        )
    return "\n\n".join(parts) + "\n"


def _table(lines: Sequence[Mapping[str, str]]) -> str:
    columns = dict.fromkeys(key for line in lines for key in line)
    return markdown([{key: line.get(key, "–") for key in columns} for line in lines])


def _uses(label: str, rows: Sequence[MixRow | MechanismRow]) -> dict[str, str]:
    """Return the source use of one foundation in one direction, by kind of prior at the headline's k."""
    of = {row.system: row.source_use for row in rows}
    line = {"foundation": label, "n": str(rows[0].items)} if rows else {"foundation": label}
    for kind in (*(kind for kind in HEADLINE_KINDS if kind != "own"), "shuffled"):
        system = headline(of, kind)
        if system is not None and (use := of[system]) is not None:
            line[prior_cell(system) + (f", k = {system.k}" if system.k else "")] = with_ends(use, 3)
    if (use := of.get(SFT)) is not None:
        line["SFT model"] = with_ends(use, 3)
    return line


def _answers(label: str, rows: Sequence[MixRow]) -> dict[str, str]:
    """Return what one foundation answers: alone, after two right tokens, and its SFT model."""
    line = {"foundation": label}
    means = {row.system: row for row in rows if row.subset == ALL}
    for name, system in (("alone", NONE), ("oracle", headline(means, "oracle")), ("SFT model", SFT)):
        if system in means:
            other = [row.in_script for row in rows if row.system == system and row.in_script is not None]
            line[f"chrF++, {name}"] = number(means[system].score)
            line[f"another language, {name}"] = percent(means[system].off_target)
            line[f"target's script, {name}"] = percent(sum(other) / len(other)) if other else "–"
    return line


def _formats(label: str, rows: Sequence[FormatRow]) -> dict[str, str]:
    line = {"foundation": label}
    for row in rows:
        what = "SFT model" if row.system.model == "sft" else "alone" if row.system.kind == "none" else row.system.kind
        name = f"{row.system.prompt}{' (unseen)' if row.unseen else ''}, {what}"
        if row.source_use and row.first:
            line[name] = f"{with_ends(row.source_use, 3)}; first {row.first.score:.0f} %"
    return line
