"""The table of agreement: which tokens the foundation finds likely where its SFT model answers (paper section 2.2)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from prefixyarn.analysis.agreement import OWN, READ, REFERENCE, SFT_ANSWER, WITHOUT_SOURCE, Step
from prefixyarn.metrics.bootstrap import Interval, draw_counts, interval
from prefixyarn.tables.render import foundation_cell, markdown, number, with_ends
from prefixyarn.tables.rows import ALL

# The paper (arXiv 2404.16766v1) gives this percentage without the cut-off, in what we have: hence the whole curve.
PAPER_SILENT_MAJORITY = 90.8
POSITIONS = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24)  # where groups of positions begin
MARGINAL = 3  # the last rank of URIAL's marginal positions
NAMES = {
    SFT_ANSWER: "SFT model's answer",
    REFERENCE: "control: reference",
    WITHOUT_SOURCE: "control: SFT model's answer, without source",
}

Placed = tuple[str, Step]  # a step and its direction


@dataclass(frozen=True)
class AgreementRow:
    """What the foundation expects at some positions of some answers, beside what its SFT model does.

    The judged token is, in the foundation's own answers, the SFT model's likeliest; otherwise the one that is read.

    Attributes:
        foundation: The foundation's name.
        read: What is read; one of `prefixyarn.analysis.agreement.READ`.
        k: Of the foundation's own answers, how many SFT tokens it went on from; 0 otherwise.
        subset: The direction; `ALL` for all together.
        start: The first position that counts: how many tokens stand before it.
        end: The first one after those that count; None: all to the end of the answers count.
        on_target: Whether only items count that the foundation answers in the target language both alone and after
            SFT tokens: as many as the row's k, or alone, as its start.
        answers: Answers with such a position.
        n: Positions.
        top_1: Percentage of positions where the judged token is the foundation's likeliest.
        top_2: Percentage where it is among the foundation's 2 likeliest.
        top_5: Among the 5 likeliest.
        top_10: Among the 10 likeliest.
        top_20: Among the 20 likeliest.
        top_50: Among the 50 likeliest.
        marginal: Percentage where it is the foundation's second or third: URIAL's marginal positions.
        shifted: Percentage where it comes after the third: URIAL's shifted positions.
        rest_2: Of the positions where it is not the likeliest, those where it is among the 2 likeliest: the paper's
            silent majority proper. None if it is the likeliest everywhere.
        rest_5: Among the 5 likeliest.
        rest_10: Among the 10 likeliest.
        rest_20: Among the 20 likeliest.
        rest_50: Among the 50 likeliest.
        entropy_foundation: Mean entropy of the foundation's distribution, in nats.
        entropy_sft: Mean entropy of the SFT model's distribution, in nats; None of controls.
        narrowing: By how much that is less than the foundation's; None of controls.
        kl: Mean KL(SFT || foundation), in nats; None of controls.
        js: Mean Jensen-Shannon divergence, in nats; None of controls.
        top_1_gain: Of all that the foundation wrote after SFT tokens, by how many points ``top_1`` is above that of
            what it wrote alone, from the same place on and of the same items; None of other rows.
        entropy_drop: Of the same rows, by how many nats ``entropy_foundation`` is below it.
    """

    foundation: str
    read: str
    k: int
    subset: str
    start: int
    end: int | None
    on_target: bool
    answers: int
    n: int
    top_1: Interval
    top_2: Interval
    top_5: Interval
    top_10: Interval
    top_20: Interval
    top_50: Interval
    marginal: Interval
    shifted: Interval
    rest_2: Interval | None
    rest_5: Interval | None
    rest_10: Interval | None
    rest_20: Interval | None
    rest_50: Interval | None
    entropy_foundation: Interval
    entropy_sft: float | None = None
    narrowing: Interval | None = None
    kl: float | None = None
    js: float | None = None
    top_1_gain: Interval | None = None
    entropy_drop: Interval | None = None

    @property
    def whole(self) -> bool:
        """Whether all positions of all directions and items count."""
        return not self.subset and not self.start and self.end is None and not self.on_target

    @property
    def place(self) -> str:
        """The positions that count, for readers: how many tokens stand before them."""
        if self.end is None:
            return f"≥ {self.start}" if self.start else "all"
        return f"{self.start}" if self.end == self.start + 1 else f"{self.start}–{self.end - 1}"

    @property
    def unshifted(self) -> Interval:
        """Percentage of URIAL's unshifted positions: the judged token is the foundation's likeliest."""
        return self.top_1

    @property
    def top(self) -> dict[int, Interval]:
        """By number of likeliest tokens, the percentage of positions."""
        return {
            1: self.top_1,
            2: self.top_2,
            5: self.top_5,
            10: self.top_10,
            20: self.top_20,
            50: self.top_50,
        }


def agreement_row(
    rows: Sequence[AgreementRow],
    read: str,
    k: int = 0,
    start: int = 0,
    end: int | None = None,
    subset: str = ALL,
    on_target: bool = False,
) -> AgreementRow | None:
    """Return a row, all positions' if no others are asked for; None if there is none.

    Args:
        rows: Of one foundation.
        read: See `AgreementRow`, as of the others.
        k: How many SFT tokens the foundation went on from.
        start: The first position.
        end: The first one after the last.
        subset: The direction.
        on_target: Whether only items on target count.
    """
    for row in rows:
        if (row.read, row.k, row.start, row.end, row.subset, row.on_target) == (read, k, start, end, subset, on_target):
            return row
    return None


def positions(rows: Sequence[AgreementRow], read: str) -> list[AgreementRow]:
    """Return the rows of all directions by groups of `POSITIONS`, of what is read whole."""
    groups = zip(POSITIONS, [*POSITIONS[1:], None], strict=True)
    found = [agreement_row(rows, read, start=start, end=end) for start, end in groups]
    return [row for row in found if row is not None]


class _Draws:
    """Resamples of items, with all their positions in all directions: the same for all rows, so that they pair."""

    def __init__(self, items: Collection[str], resamples: int, seed: int) -> None:
        self._place = {item: n for n, item in enumerate(sorted(items))}
        self._counts = draw_counts(len(self._place), resamples, seed)

    def means(self, steps: Sequence[Step], values: Sequence[float] | np.ndarray) -> np.ndarray:
        """Return the mean over positions on each resample; NaN where none of their items is drawn."""
        where = [self._place[step.item] for step in steps]
        sums = self._counts @ np.bincount(where, weights=values, minlength=len(self._place))
        with np.errstate(invalid="ignore"):
            return np.asarray(sums / (self._counts @ np.bincount(where, minlength=len(self._place))))

    def mean(self, steps: Sequence[Step], values: Sequence[float] | np.ndarray) -> Interval:
        """Return the mean over positions with its interval."""
        return _interval(float(np.mean(values)), self.means(steps, values))


def _interval(score: float, resampled: np.ndarray) -> Interval:
    """Return a score with its interval over the resamples that have one; without any, the interval has no bounds."""
    there = resampled[~np.isnan(resampled)]
    return interval(score, there) if len(there) else Interval(score, -np.inf, np.inf)


def agreement_rows(
    steps: Mapping[str, Sequence[Step]], foundation: str, resamples: int, seed: int
) -> list[AgreementRow]:
    """Return agreement overall, by direction and by position: a row per group of positions and what is read.

    Args:
        steps: By direction what measure_agreement wrote.
        foundation: Its name.
        resamples: Number of bootstrap resamples of items.
        seed: Seed of the bootstrap.
    """
    read: dict[tuple[str, int], list[Placed]] = {}
    for subset, those in steps.items():
        for step in those:
            read.setdefault((step.read, step.k), []).append((subset, step))
    draws = _Draws({step.item for own in read.values() for _, step in own}, resamples, seed)
    ks = sorted(k for what, k in read if what == OWN and k)
    found = []

    def add(own: Sequence[Placed], alone: Sequence[Placed] = (), **where: Any) -> None:
        if own:
            found.append(_row(draws, own, alone, foundation=foundation, **where))

    for what, k in sorted(read, key=lambda way: (READ.index(way[0]), way[1])):
        groups: list[tuple[str, int, int | None]] = [(ALL, 0, None), (ALL, k, k + 1), (ALL, k + 1, None)]
        groups += [(subset, 0, None) for subset in steps]
        groups += [(ALL, start, end) for start, end in zip(POSITIONS, [*POSITIONS[1:], None], strict=True)]
        # What the foundation wrote alone, from where on a prior of so many tokens would end: for comparison.
        groups += [(ALL, start, None) for start in ks if (what, k) == (OWN, 0)]
        for subset, start, end in dict.fromkeys(groups):
            compared = what == OWN and k and (subset, start, end) == (ALL, 0, None)
            alone = _among(read.get((OWN, 0), []), start=k) if compared else []
            own = _among(read[what, k], subset, start, end)
            add(own, alone, read=what, k=k, subset=subset, start=start, end=end, on_target=False)
    for k in ks:
        alone, after = read.get((OWN, 0), []), read[OWN, k]
        both = _on_target(alone) & _on_target(after)
        alone = [(subset, step) for subset, step in _among(alone, start=k) if (subset, step.item) in both]
        after = [(subset, step) for subset, step in after if (subset, step.item) in both]
        add(alone, read=OWN, k=0, subset=ALL, start=k, end=None, on_target=True)
        add(after, alone, read=OWN, k=k, subset=ALL, start=0, end=None, on_target=True)
    return found


def _among(steps: Sequence[Placed], subset: str = ALL, start: int = 0, end: int | None = None) -> list[Placed]:
    """Return the steps of a direction at some positions."""
    return [
        (direction, step)
        for direction, step in steps
        if subset in (ALL, direction) and start <= step.t and (end is None or step.t < end)
    ]


def _on_target(steps: Sequence[Placed]) -> set[tuple[str, str]]:
    """Return the answers in the target language, by direction and item."""
    return {(subset, step.item) for subset, step in steps if step.on_target}


def _row(draws: _Draws, placed: Sequence[Placed], alone: Sequence[Placed], **where: Any) -> AgreementRow:
    """Return the row of some steps; ``alone`` are those of what the foundation wrote alone, to compare with."""
    steps, before = [step for _, step in placed], [step for _, step in alone]
    ranks = np.array([step.rank for step in steps])
    others = [step for step in steps if step.rank > 1]

    def share(those: np.ndarray) -> Interval:
        return draws.mean(steps, 100.0 * those)

    def rest(likeliest: int) -> Interval | None:
        return draws.mean(others, [100.0 * (step.rank <= likeliest) for step in others]) if others else None

    def more(after: Sequence[float] | np.ndarray, than: Sequence[float]) -> Interval:
        difference = float(np.mean(after) - np.mean(than))
        return _interval(difference, draws.means(steps, after) - draws.means(before, than))

    sft = [step.entropy_sft for step in steps if step.entropy_sft is not None]
    entropies = [step.entropy_foundation for step in steps]
    compared: dict[str, Any] = {}
    if sft:
        compared = {
            "entropy_sft": float(np.mean(sft)),
            "narrowing": draws.mean(steps, np.array(entropies) - np.array(sft)),
            "kl": float(np.mean([step.kl for step in steps if step.kl is not None])),
            "js": float(np.mean([step.js for step in steps if step.js is not None])),
        }
    if before:
        less = more(entropies, [step.entropy_foundation for step in before])
        compared |= {
            "top_1_gain": more(100.0 * (ranks == 1), [100.0 * (step.rank == 1) for step in before]),
            "entropy_drop": Interval(-less.score, -less.high, -less.low),
        }
    return AgreementRow(
        **where,
        answers=len({(subset, step.item) for subset, step in placed}),
        n=len(steps),
        top_1=share(ranks == 1),
        top_2=share(ranks <= 2),
        top_5=share(ranks <= 5),
        top_10=share(ranks <= 10),
        top_20=share(ranks <= 20),
        top_50=share(ranks <= 50),
        marginal=share((ranks > 1) & (ranks <= MARGINAL)),
        shifted=share(ranks > MARGINAL),
        rest_2=rest(2),
        rest_5=rest(5),
        rest_10=rest(10),
        rest_20=rest(20),
        rest_50=rest(50),
        entropy_foundation=draws.mean(steps, entropies),
        **compared,
    )


def agreement_markdown(rows: Sequence[AgreementRow]) -> str:
    """Render agreement rows as Markdown."""
    parts = [
        ("What the foundation finds likely", _likely(rows)),
        ("By position in the SFT model's answer", _by_position(rows)),
        ("Along the foundation's own answers", _along_own(rows)),
        ("By direction", _by_direction(rows)),
    ]
    return "\n\n".join(f"### {title}\n\n{markdown(cells)}" for title, cells in parts if cells) + (
        "\n\n- **Tokens that are judged**: those that are read; in the foundation's own answers those that the SFT "
        "model finds likeliest there. top N: percentage of positions at which that token is among the foundation's N "
        "likeliest. Top 10 of the rest: of the positions at which it is *not* the likeliest. These are the silent "
        "majority proper, likely but not the likeliest: where both choose the same, nothing was silent. The paper: "
        f"{PAPER_SILENT_MAJORITY} % lie among the top candidates; the version that we have does not state the "
        "cut-off.\n"
        "- **Controls**. No model wrote the reference. If its tokens lie among the ten likeliest nearly as often as "
        "the SFT model's, any good answer's do, and the silent majority says little. *Without source*, the foundation "
        "reads the SFT model's answer after the prompt with nothing in the source's place. What is still likely there "
        "follows from the language and from the words before. Only what the rows with the source have more is due to "
        "the source.\n"
        "- **Unshifted, marginal, shifted**: the SFT model's token is the foundation's likeliest, its second or third, "
        "or comes after these (URIAL: Lin et al. 2023, arXiv 2312.01552, section 2). URIAL finds 5 to 8 % of positions "
        "shifted between base and aligned models of 7B parameters, and shifts larger among an answer's first tokens.\n"
        "- **Along own answers** an answer in the wrong language, or a copy of the source, is easy to go on with: both "
        "models agree on it, and entropy is low. So compare *on target*: items that the foundation answers in the "
        "target language (detected as for off-target, prior excluded) both alone and after the SFT tokens. Alone and "
        "after are read from the same position on; more and less are paired differences.\n"
        "- **first**: the first token after what is given. Tokens before: how many stand before a position, as a prior "
        "of as many tokens does. KL(SFT || foundation) and entropies are means over positions, in nats; by position, "
        "less is by how much the SFT model's entropy is below the foundation's. In brackets 95 % bootstrap intervals "
        "over items, each with all its positions and directions.\n"
    )


def _optional(value: Interval | None, digits: int = 1) -> str:
    return "–" if value is None else with_ends(value, digits)


def _name(row: AgreementRow) -> str:
    after = "alone" if not row.k else f"after {row.k} SFT token{'s'[: row.k - 1]}"
    return NAMES.get(row.read, f"foundation's own, {after}")


def _shares(row: AgreementRow) -> dict[str, str]:
    return {
        "tokens": str(row.n),
        "likeliest": with_ends(row.top_1),
        "top 2": number(row.top_2),
        "top 5": number(row.top_5),
        "top 10": with_ends(row.top_10),
        "top 20": number(row.top_20),
        "top 50": number(row.top_50),
        "top 10 of the rest": _optional(row.rest_10),
    }


def _likely(rows: Sequence[AgreementRow]) -> list[dict[str, str]]:
    names = {(0, None): "all", (0, 1): "first", (1, None): "after the first"}  # counted from where the model goes on
    return [
        {
            **foundation_cell(row, rows),
            "read": _name(row),
            "positions": names[place],
            "answers": str(row.answers),
            **_shares(row),
        }
        for row in rows
        for place in [(max(row.start - row.k, 0), None if row.end is None else row.end - row.k)]
        if row.subset == ALL and not row.on_target and place in names
    ]


def _by_position(rows: Sequence[AgreementRow]) -> list[dict[str, str]]:
    shown = []
    for row in rows:
        if row.read == SFT_ANSWER and row.subset == ALL:
            own = [other for other in rows if other.foundation == row.foundation]
            reference, without = (
                agreement_row(own, read, start=row.start, end=row.end) for read in (REFERENCE, WITHOUT_SOURCE)
            )
            cells = {
                **foundation_cell(row, rows),
                "tokens before": row.place,
                "tokens": str(row.n),
                "unshifted": with_ends(row.unshifted),
                "marginal": with_ends(row.marginal),
                "shifted": with_ends(row.shifted),
                "shifted, reference": _optional(reference.shifted if reference else None),
                "shifted, without source": _optional(without.shifted if without else None),
                "KL": number(row.kl, 2),
                "entropy foundation": number(row.entropy_foundation, 2),
                "less": _optional(row.narrowing, 2),
            }
            shown.append(cells)
    return shown


def _along_own(rows: Sequence[AgreementRow]) -> list[dict[str, str]]:
    shown, names = [], list(dict.fromkeys(row.foundation for row in rows))
    for after in sorted(rows, key=lambda row: (names.index(row.foundation), row.k, row.on_target)):
        own = [other for other in rows if other.foundation == after.foundation]
        alone = agreement_row(own, OWN, start=after.k, on_target=after.on_target)
        if after.read == OWN and after.top_1_gain is not None and alone is not None:
            cells = {
                **foundation_cell(after, rows),
                "SFT tokens": str(after.k),
                "items": "on target" if after.on_target else "all",
                "answers": str(after.answers),
                "tokens": f"{alone.n} alone, {after.n} after",
                "agreement alone": with_ends(alone.top_1),
                "after": with_ends(after.top_1),
                "more": with_ends(after.top_1_gain),
                "entropy alone": with_ends(alone.entropy_foundation, 2),
                "entropy after": with_ends(after.entropy_foundation, 2),
                "less": _optional(after.entropy_drop, 2),
            }
            shown.append(cells)
    return shown


def _by_direction(rows: Sequence[AgreementRow]) -> list[dict[str, str]]:
    return [
        {
            **foundation_cell(row, rows),
            "direction": row.subset,
            "read": _name(row),
            **_shares(row),
            "shifted": number(row.shifted),
            "KL": number(row.kl, 2),
            "JS": number(row.js, 3),
        }
        for row in rows
        if row.subset != ALL
    ]
