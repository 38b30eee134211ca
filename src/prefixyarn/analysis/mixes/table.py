"""The tables of mixes: how foundations were trained here, and what priors open in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prefixyarn.analysis.mechanism.table import MechanismRow
from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.records import System
from prefixyarn.systems import headline
from prefixyarn.tables.render import markdown, number, plain, prior_cell, with_ends
from prefixyarn.tables.rows import ALL


@dataclass(frozen=True)
class Trained:
    """What a foundation was trained on.

    Attributes:
        foundation: The foundation's name.
        cell: The mix.
        share: Share of the mix's tokens that are not English, 0 to 1.
        arrangement: How sentences stand beside their translations: ``P``, ``U`` or ``M``.
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
    """How much of the source a foundation uses with a prior, or its SFT model without: the mean over directions.

    Attributes:
        system: The prior, and the model.
        items: Items, of all directions.
        source_use: As `prefixyarn.analysis.mechanism.table.MechanismRow` has it.
        rise: By how much it is more than without a prior; None for that itself.
        share_of_sft: 100 · source use / that of the SFT model.
    """

    system: System
    items: int
    source_use: Interval | None
    rise: Interval | None
    share_of_sft: Interval | None


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


def mix_rows(
    sources: Mapping[str, Mapping[str, Any]], cells: Mapping[str, Mapping[str, Any]], mechanism: Sequence[MechanismRow]
) -> list[MixRow]:
    """Return the rows of what priors open, foundation by foundation; see `training_rows`."""
    return [
        MixRow(
            row.foundation,
            **_of(sources[row.foundation], cells),
            system=row.system,
            items=row.items,
            source_use=row.source_use,
            rise=row.rise,
            share_of_sft=row.share_of_sft,
        )
        for row in mechanism
        if row.foundation in sources and row.subset == ALL
    ]


def _of(source: Mapping[str, Any], cells: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    cell = cells[source["cell"]]
    return {
        **{"cell": source["cell"], "share": float(cell["share"]), "arrangement": cell["arrangement"]},
        **{"size": source["size"], "seed": source["seed"]},
    }


def mixes_markdown(training: Sequence[TrainingRow], rows: Sequence[MixRow], labels: Mapping[str, str]) -> str:
    """Render both tables as Markdown: a line a foundation.

    Args:
        training: The rows of how they were trained.
        rows: The rows of what priors open; of each kind the headline's k is shown.
        labels: By foundation its name for readers.
    """
    labels = {name: plain(own) for name, own in labels.items()}
    names = list(dict.fromkeys(row.foundation for row in training))
    held_out = []
    for name in names:
        own = [row for row in training if row.foundation == name]
        first = {"foundation": labels[name], "parameters": f"{own[0].parameters:,}", "tokens": f"{own[0].tokens:,}"}
        bits = {f"bits, {row.language}": number(row.bits, 3) for row in own}
        held_out.append({**first, "passes": number(own[0].passes, 2), **bits})
    text = (
        "# Foundations trained here\n\nP: a sentence and its translation in one document; U: in documents of their "
        "own; M: with the translation of another sentence. Bits are those per character of held-out text.\n\n"
        f"{markdown(held_out)}\n"
    )
    if not rows:
        return text
    kinds = list(dict.fromkeys(row.system.kind for row in rows if row.system.model == "foundation"))
    shown = []
    for name in names:
        of = {row.system: row.source_use for row in rows if row.foundation == name}
        systems = {f"{kind}": headline(of, kind) for kind in kinds} | {"SFT model": headline(of, "none", "sft")}
        cells = {
            (prior_cell(system) if column != "SFT model" else column) + (f", k = {system.k}" if system.k else ""): found
            for column, system in systems.items()
            if system is not None and (found := of[system]) is not None
        }
        shown.append({"foundation": labels[name], **{key: with_ends(value, 2) for key, value in cells.items()}})
    columns = list(dict.fromkeys(key for line in shown for key in line))
    table = markdown([{key: line.get(key, "–") for key in columns} for line in shown])
    return f"{text}\nSource use, in nats per token: knowledge of the pair, not of the language alone.\n\n{table}\n"
