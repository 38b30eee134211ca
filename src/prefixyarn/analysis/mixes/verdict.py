"""What the mixes say of the paper's mechanism, by margins fixed before any model was trained (docs/method.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t

from prefixyarn.analysis.mechanism.table import REST, Tails, as_interval, mean_over, minus, share_of
from prefixyarn.findings.verdict import BORDERLINE, HOLDS, NOT, UNKNOWN, Margin
from prefixyarn.metrics.bootstrap import Interval
from prefixyarn.metrics.shares import Mean
from prefixyarn.records import System
from prefixyarn.systems import NONE, SFT, headline
from prefixyarn.tables.render import markdown, with_ends

KINDS = ("oracle", "refined", "pseudo")
ANY = Margin(at_least=0.0)  # nats per token
SOME, NONE_ADDED, ALIKE = Margin(at_least=0.03), Margin(at_most=0.03), Margin(-0.03, 0.03)
REACHES = Margin(at_least=80.0)  # % of the SFT model's source use
WHOLE = "whole"  # the verdict from all parts
# By part: what is claimed, and its margin. Others than P are named behind a space.
PARTS: dict[str, tuple[str, Margin]] = {
    "SFT of P": ("P: source use of the SFT model", SOME),
    "rises": ("P: a prior adds some", ANY),
    "reaches": ("P: with a prior, % of the SFT model's", REACHES),
    "prior adds": ("a prior adds none", NONE_ADDED),
    "SFT adds": ("SFT adds none", NONE_ADDED),
    "apart": ("with a prior, P is above it", SOME),
    "beyond": ("SFT adds no more than to random weights", NONE_ADDED),
}
UNJUDGED = ("apart", "beyond")  # no part of what supports the paper; the second was added after the run was seen


@dataclass(frozen=True)
class VerdictRow:
    """A part of what the mixes of one share say of the paper's mechanism, or the whole.

    Attributes:
        size: The size of the foundations.
        share: The share of their tokens that is not English, 0 to 1.
        parallel: The share of them that is pairs, 0 to 1.
        kind: The prior kind, at the headline's k.
        part: A key of `PARTS`, with the arrangement that is not P; `WHOLE` for the verdict from all.
        seeds: How many seeds it is the mean of.
        value: In nats per token, or % of the SFT model's source use; None where it is not defined.
        margin: Where it must lie.
        verdict: See `prefixyarn.findings.verdict`.
    """

    size: str
    share: float
    parallel: float
    kind: str
    part: str
    seeds: int
    value: Interval | None
    margin: str
    verdict: str


def verdict_rows(
    sources: Mapping[str, Mapping[str, Any]],
    cells: Mapping[str, Mapping[str, Any]],
    measured: Mapping[str, Mapping[str, Tails]],
    parallel: float,
    untrained: Sequence[str] = (),
) -> list[VerdictRow]:
    """Return the verdicts by size, shares and kind of prior: where there are P and U.

    Args:
        sources: By foundation its ``source`` in the config.
        cells: The config's ``pretraining.cells``.
        measured: By foundation and direction what measure_mechanism wrote.
        parallel: The share of pairs in cells that have none of their own.
        untrained: Foundations with random weights; what SFT adds to the first is the floor of what it adds to others.
    """
    floor = [tails for name in untrained[:1] for tails in measured[name].values()]
    taught = minus(*(mean_over([tails.source_use(own, REST) for tails in floor]) for own in (SFT, NONE)))
    groups: dict[tuple[str, float, float], dict[str, dict[int, str]]] = {}
    for name, own in sources.items():
        cell = cells[own["cell"]]
        if cell["share"]:
            group = groups.setdefault((own["size"], float(cell["share"]), cell.get("parallel", parallel)), {})
            group.setdefault(cell["arrangement"], {})[own["seed"]] = name
    found = []
    for shares, names in groups.items():
        if {"P", "U"} <= {*names}:
            seeds = [seed for seed in names["P"] if all(seed in own for own in names.values())]
            for kind in KINDS:
                values = [
                    _values({way: measured[own[seed]] for way, own in names.items()}, kind, taught) for seed in seeds
                ]
                if values and values[0]:
                    found += _judged(shares, kind, values)
    return found


def _values(measured: Mapping[str, Mapping[str, Tails]], kind: str, taught: Mean | None) -> dict[str, Mean | None]:
    """Return all parts of one seed; none where the kind was not measured. SFT added ``taught`` to random weights."""
    groups = {way: list(own.values()) for way, own in measured.items()}
    system = headline(groups["P"][0].systems, kind) if groups["P"] else None
    if system is None:
        return {}

    def use(way: str, own: System) -> Mean | None:
        return mean_over([tails.source_use(own, REST) for tails in groups[way]])

    alone, tuned, prior = ({way: use(way, own) for way in groups} for own in (NONE, SFT, system))
    values: dict[str, Mean | None] = {
        "SFT of P": tuned["P"],
        "rises": minus(prior["P"], alone["P"]),
        "reaches": share_of(prior["P"], tuned["P"]),
    }
    for way in [way for way in groups if way != "P"]:
        values |= {
            f"prior adds {way}": minus(prior[way], alone[way]),
            f"SFT adds {way}": minus(tuned[way], alone[way]),
            f"apart {way}": minus(prior["P"], prior[way]),
        }
        if taught is not None:
            values[f"beyond {way}"] = minus(minus(tuned[way], alone[way]), taught)
    return values


def _over_seeds(values: Sequence[Mean | None]) -> Interval | None:
    """Return the mean over seeds with the interval of Student's t; of one seed its own, over items."""
    known = [own for own in values if own is not None]
    if len(known) < len(values):
        return None
    if len(known) == 1:
        return as_interval(known[0])
    scores = np.array([own.score for own in known])
    half = float(t.ppf(0.975, len(scores) - 1) * scores.std(ddof=1) / np.sqrt(len(scores)))
    return Interval(float(scores.mean()), float(scores.mean()) - half, float(scores.mean()) + half)


def _judged(
    shares: tuple[str, float, float], kind: str, seeds: Sequence[Mapping[str, Mean | None]]
) -> list[VerdictRow]:
    """Return the rows of one kind: its parts, and the whole."""
    values = {part: _over_seeds([own[part] for own in seeds]) for part in seeds[0]}
    rows = []
    for part, value in values.items():
        margin = _margin(part)
        met = None if value is None else margin.met(value)
        verdict = UNKNOWN if value is None else {True: HOLDS, False: NOT, None: BORDERLINE}[met]
        rows.append(VerdictRow(*shares, kind, part, len(seeds), value, str(margin), verdict))
    return [*rows, VerdictRow(*shares, kind, WHOLE, len(seeds), None, "", whole(values))]


def _split(part: str) -> tuple[str, str]:
    """Return a part's key of `PARTS`, and the arrangement that it is of, if that is not P."""
    return (part, "") if part in PARTS else (part[:-2], part[-1])


def _margin(part: str) -> Margin:
    return PARTS[_split(part)[0]][1]


def whole(values: Mapping[str, Interval | None]) -> str:
    """Return the verdict from all parts, by the rule of docs/method.md.

    Args:
        values: By part its value; see `VerdictRow`.
    """
    tuned, rise, others = values["SFT of P"], values["rises"], {way for _, way in map(_split, values) if way}
    if tuned is None or rise is None or not SOME.met(tuned):
        return UNKNOWN
    taught = any(
        (sft := values[f"SFT adds {way}"])
        and sft.low > 0
        and (prior := values[f"prior adds {way}"])
        and NONE_ADDED.met(prior)
        for way in others
    )
    alike = (apart := values["apart U"]) is not None and ALIKE.met(apart)
    if taught or alike or NONE_ADDED.met(rise):
        return NOT
    judged = {part: value for part, value in values.items() if _split(part)[0] not in UNJUDGED}
    supported = all(value is not None and _margin(part).met(value) for part, value in judged.items())
    return HOLDS if supported else BORDERLINE


def verdicts_markdown(rows: Sequence[VerdictRow]) -> str:
    """Render the verdicts as Markdown: a line a share and kind of prior."""
    lines = []
    for key in dict.fromkeys((row.size, row.share, row.parallel, row.kind) for row in rows):
        own = [row for row in rows if (row.size, row.share, row.parallel, row.kind) == key]
        size, share, parallel, kind = key
        cells = {_title(row.part): _cell(row) for row in own if row.part != WHOLE}
        judged = next(row.verdict for row in own if row.part == WHOLE)
        first = {
            "size": size,
            "not English": f"{share:.0%}",
            "pairs": f"{parallel:.0%}",
            "prior": kind,
            "seeds": str(own[0].seeds),
        }
        lines.append({**first, "the paper's mechanism": judged, **cells})
    columns = dict.fromkeys(name for line in lines for name in line)
    seeds = {row.seeds for row in rows}
    intervals = "over seeds of the training" if min(seeds) > 1 else "over items of one model each, and not over seeds"
    return (
        "## What pre-training must contain: does a prior open what translations put there?\n\n"
        f"{markdown([{name: line.get(name, '–') for name in columns} for line in lines])}\n\n"
        "- Source use in nats per token, as means over directions; P: translations side by side, U: in documents of "
        f"their own, M: misaligned. 95 % intervals {intervals}. The column of the mechanism is the whole; behind each "
        "other value stands whether what its column says is so. Margins were fixed before the models were trained, the "
        f"rule of `{UNKNOWN}` before they were evaluated. Cells with a share of pairs of their own were added when the "
        "others had been seen: their rows are post hoc, and so is the column on random weights (docs/method.md).\n"
        f"- The rule is hard on the paper. It says `{NOT}` where a prior adds less than {NONE_ADDED.at_most} nats, "
        "though at the tail what a prior adds is a lower bound; and where SFT adds anything in U or M, though it may "
        "add some to random weights. All this holds for models of these sizes, of some million parameters, and says "
        "nothing of larger ones.\n"
    )


def _cell(row: VerdictRow) -> str:
    digits = 1 if row.part == "reaches" else 3
    return f"{with_ends(row.value, digits)}: {row.verdict}" if row.value else row.verdict


def _title(part: str) -> str:
    name, way = _split(part)
    title, margin = PARTS[name]
    return f"{f'{way}: ' if way else ''}{title} ({margin})"
