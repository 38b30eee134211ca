"""The tables of what a prior does: to the language, to the content, to the use of the source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from prefixyarn.analysis.mechanism import OTHERS, SHORTEST, SKIPPED, TailScore
from prefixyarn.metrics.bootstrap import Interval, draw_counts, interval
from prefixyarn.metrics.shares import Mean, average
from prefixyarn.records import System
from prefixyarn.systems import HEADLINE_K, HEADLINE_KINDS, NONE, SFT, headline
from prefixyarn.tables.render import OfFoundation, foundation_cell, markdown, system_cells, with_ends
from prefixyarn.tables.rows import ALL

LANGUAGE, CONTENT = "language", "content"
# The tokens that are judged: those behind the tail's first; of these, the ones that the source lacks; the first alone.
REST, NEW, FIRST = "rest", "new", "first"


@dataclass(frozen=True)
class MechanismRow:
    """How likely a system makes the tail of the reference, and how much of this is due to the item's source.

    Attributes:
        foundation: The foundation's name.
        subset: The direction; `ALL` for the mean over directions.
        system: Prior and model.
        items: Items, of all directions where these are together.
        left_out: Items whose reference is too short to have a tail.
        tokens: Tokens of the tails, their first ones left out.
        ll: Mean log-likelihood of these after the item's own source, in nats per token.
        source_use: By how much that is more than after other items' sources, in nats per token; None where there are
            no others.
        source_use_new: The same of the tokens that the source does not contain; None where it contains all.
        source_use_first: The same of the tails' first tokens.
        rise: By how much the source use is more than without a prior; None for that itself.
        rise_new: The same of the tokens that the source does not contain.
        share_of_sft: 100 · source use / source use of the SFT model without prior; None where that one's is not above 0
            on 97.5 % of the resamples.
    """

    foundation: str
    subset: str
    system: System
    items: int
    left_out: int
    tokens: int
    ll: Interval
    source_use: Interval | None
    source_use_new: Interval | None
    source_use_first: Interval | None
    rise: Interval | None
    rise_new: Interval | None
    share_of_sft: Interval | None


@dataclass(frozen=True)
class SplitRow:
    """What an opening in the language does for the tail of the reference, and what the right one does beyond it.

    Attributes:
        foundation: The foundation's name.
        subset: The direction; `ALL` for the mean over directions.
        k: Tokens of the opening.
        part: `LANGUAGE`: with the opening of another item's reference against without any; `CONTENT`: with that of the
            item's own reference against with another's.
        n: Items, of all directions where these are together.
        value: The difference in log-likelihood, in nats per token.
        value_new: The same of the tokens that the source does not contain; None where it contains all.
        value_first: The same of the tails' first tokens.
    """

    foundation: str
    subset: str
    k: int
    part: str
    n: int
    value: Interval
    value_new: Interval | None
    value_first: Interval


class Tails:
    """What was measured in one direction, with resamples of its items.

    Attributes:
        systems: The systems, in the order of tables.
        items: How many items have a tail.
        left_out: How many have none.
        tokens: Tokens of all tails, their first ones left out.
    """

    def __init__(self, scores: Sequence[TailScore], items: Sequence[str], counts: np.ndarray) -> None:
        """Take what measure_mechanism wrote.

        Args:
            scores: What it wrote.
            items: The ids of the direction's analysed items, in the order in which all directions have them.
            counts: How often each item is drawn, shape (resamples, items).
        """
        self._counts, self._places = counts, {item: place for place, item in enumerate(items)}
        self._own: dict[System, list[TailScore]] = defaultdict(list)
        self._others: dict[System, dict[str, list[TailScore]]] = defaultdict(lambda: defaultdict(list))
        for score in scores:
            if score.other:
                self._others[score.system][score.item].append(score)
            else:
                self._own[score.system].append(score)
        self.systems = list(self._own)
        tails = {score.item: score.tokens for score in scores}
        self.items, self.left_out, self.tokens = len(tails), len(items) - len(tails), sum(tails.values())

    def likelihood(self, system: System, of: str) -> Mean | None:
        """Return the mean log-likelihood of some tokens (`REST`, `NEW`, `FIRST`) after the item's own source."""
        return self._mean((own.item, *_judged(own, of)) for own in self._own[system])

    def source_use(self, system: System, of: str) -> Mean | None:
        """Return by how much that is more than the mean after other items' sources; None without such."""
        found = []
        for own in self._own[system]:
            nats, tokens = _judged(own, of)
            others = [_judged(other, of)[0] for other in self._others[system][own.item]]
            if others:
                found.append((own.item, nats - float(np.mean(others)), tokens))
        return self._mean(found)

    def first(self, system: System) -> Mean | None:
        """Return the percentage of items whose tail no other item's source makes as likely; None without others."""
        found = []
        for own in self._own[system]:
            others = [other.ll for other in self._others[system][own.item]]
            if others:
                found.append((own.item, 100.0 * (own.ll > max(others)), 1))
        return self._mean(found)

    def _mean(self, values: Iterable[tuple[str, float, int]]) -> Mean | None:
        """Return nats per token of items with their nats and tokens; None without tokens.

        Resampled values are not numbers where no token was drawn.
        """
        nats, tokens = np.zeros((2, self._counts.shape[1]))
        for item, own, n in values:
            nats[self._places[item]], tokens[self._places[item]] = own, n
        if not tokens.sum():
            return None
        drawn = self._counts @ tokens
        resampled = np.divide(self._counts @ nats, drawn, out=np.full_like(drawn, np.nan), where=drawn > 0)
        return Mean(float(nats.sum() / tokens.sum()), resampled)


def _judged(score: TailScore, of: str) -> tuple[float, int]:
    return {REST: (score.ll, score.tokens), NEW: (score.ll_new, score.tokens_new), FIRST: (score.ll_first, 1)}[of]


def tails(
    scores: Mapping[str, Sequence[TailScore]], items: Mapping[str, Sequence[str]], resamples: int, seed: int
) -> dict[str, Tails]:
    """Return what was measured by direction; those in which no item has a tail are left out.

    The same draws serve all directions, whose n-th items are the same sentence: an item that is left out in one of them
    has no weight there.

    Args:
        scores: By direction what measure_mechanism wrote.
        items: By direction the ids of the analysed items, in order.
        resamples: Number of bootstrap resamples of items.
        seed: Seed of the bootstrap.
    """
    counts = draw_counts(max(map(len, items.values())), resamples, seed).astype(float)
    return {subset: Tails(own, items[subset], counts) for subset, own in scores.items() if own}


Groups = dict[str, list[Tails]]  # by subset of a row, the directions that it is the mean of


def _groups(measured: Mapping[str, Tails]) -> Groups:
    groups = {ALL: list(measured.values())} | {subset: [own] for subset, own in measured.items()}
    return groups if measured else {}


def mean_over(means: Sequence[Mean | None]) -> Mean | None:
    """Return the mean over directions; None if one has none."""
    known = [own for own in means if own is not None]
    return average(known) if known and len(known) == len(means) else None


def minus(own: Mean | None, other: Mean | None) -> Mean | None:
    """Return own − other, on the same draws; None where either is."""
    if own is None or other is None:
        return None
    return Mean(own.score - other.score, own.resampled - other.resampled)


def as_interval(own: Mean | None) -> Interval | None:
    """Return a mean with its interval, by the resamples in which every direction had a token."""
    if own is None:
        return None
    usable = own.resampled[~np.isnan(own.resampled)]
    return interval(own.score, usable if len(usable) else np.array([own.score]))


def share_of(own: Mean | None, sft: Mean | None) -> Mean | None:
    """Return 100 · own / sft; None where the SFT model's is not clearly above 0. See `MechanismRow`."""
    if own is None or sft is None or sft.score <= 0 or np.mean(sft.resampled <= 0) > 0.025:
        return None
    usable = sft.resampled > 0
    return Mean(100 * own.score / sft.score, 100 * own.resampled[usable] / sft.resampled[usable])


def mechanism_rows(measured: Mapping[str, Tails], foundation: str) -> list[MechanismRow]:
    """Return the source use of every system: the mean over directions, then by direction.

    The mean has the systems that all directions have.

    Args:
        measured: By direction, see `tails`.
        foundation: The foundation's name.
    """
    rows = []
    for subset, group in _groups(measured).items():
        own = [system for system in group[0].systems if all(system in other.systems for other in group)]
        use = {
            of: {system: mean_over([one.source_use(system, of) for one in group]) for system in own}
            for of in (REST, NEW, FIRST)
        }
        rise, rise_new = ({s: minus(use[of][s], use[of].get(NONE)) for s in own if s != NONE} for of in (REST, NEW))
        for system in own:
            ll = as_interval(mean_over([one.likelihood(system, REST) for one in group]))
            assert ll is not None, "every tail has a second token"
            rows.append(
                MechanismRow(
                    foundation=foundation,
                    subset=subset,
                    system=system,
                    items=sum(one.items for one in group),
                    left_out=sum(one.left_out for one in group),
                    tokens=sum(one.tokens for one in group),
                    ll=ll,
                    source_use=as_interval(use[REST][system]),
                    source_use_new=as_interval(use[NEW][system]),
                    source_use_first=as_interval(use[FIRST][system]),
                    rise=as_interval(rise.get(system)),
                    rise_new=as_interval(rise_new.get(system)),
                    share_of_sft=as_interval(share_of(use[REST][system], use[REST].get(SFT))),
                )
            )
    return rows


def split_rows(measured: Mapping[str, Tails], foundation: str) -> list[SplitRow]:
    """Return what an opening's language and its content do: the mean over directions, then by direction.

    Args:
        measured: By direction, see `tails`.
        foundation: The foundation's name.
    """
    rows = []
    for subset, group in _groups(measured).items():
        for k in sorted({system.k for system in group[0].systems if system.kind == "shuffled"}):
            another, right = (System(kind, "", k, "token") for kind in ("shuffled", "oracle"))
            for part, better, worse in ((LANGUAGE, another, NONE), (CONTENT, right, another)):
                rest, new, first = (
                    as_interval(minus(*(mean_over([one.likelihood(s, of) for one in group]) for s in (better, worse))))
                    for of in (REST, NEW, FIRST)
                )
                assert rest is not None and first is not None, "every tail has two tokens"
                rows.append(SplitRow(foundation, subset, k, part, sum(one.items for one in group), rest, new, first))
    return rows


def mechanism_markdown(rows: Sequence[MechanismRow], splits: Sequence[SplitRow]) -> str:
    """Render the split, the source use of the mean, and both by direction, as Markdown with notes."""
    if not rows:
        return f"No reference has the {SHORTEST} tokens that this analysis needs.\n"
    means, several = [row for row in rows if row.subset == ALL], len({row.subset for row in rows}) > 2
    parts = [
        "### What an opening does: the language and the content",
        markdown([_split_cells(row, splits) for row in splits if row.subset == ALL and row.part == LANGUAGE]),
        "### What a prior does: the use of the source",
        markdown([_use_cells(row, means) for row in means]),
    ]
    if several:
        parts += ["### By direction", markdown(_by_direction(rows, splits))]
    return "\n\n".join(parts) + "\n\n" + _notes(rows) + "\n"


def _split_cells(row: SplitRow, splits: Sequence[SplitRow]) -> dict[str, str]:
    """Return the cells of a row for both parts."""
    content = next(
        other
        for other in splits
        if (other.foundation, other.subset, other.k, other.part) == (row.foundation, row.subset, row.k, CONTENT)
    )
    return {
        **foundation_cell(row, splits),
        "k": f"{row.k} token{'s' if row.k > 1 else ''}",
        "n": str(row.n),
        **{
            f"{own.part}{name}": _nats(value)
            for own in (row, content)
            for name, value in (
                ("", own.value),
                (" without copied tokens", own.value_new),
                (" of the first token", own.value_first),
            )
        },
    }


def _use_cells(row: MechanismRow, rows: Sequence[OfFoundation]) -> dict[str, str]:
    cells = system_cells(row.system)
    del cells["prompt"]
    return {
        **foundation_cell(row, rows),
        **cells,
        "n": str(row.items),
        "log-likelihood": _nats(row.ll),
        "source use": _nats(row.source_use),
        "without copied tokens": _nats(row.source_use_new),
        "of the first token": _nats(row.source_use_first),
        "more than none": _nats(row.rise),
        "% of SFT": "–" if row.share_of_sft is None else with_ends(row.share_of_sft, 0),
    }


def _by_direction(rows: Sequence[MechanismRow], splits: Sequence[SplitRow]) -> list[dict[str, str]]:
    """Return, for each direction, both parts of the split and the source use of the headline's kinds, at its k."""
    found = []
    for name, subset in dict.fromkeys((row.foundation, row.subset) for row in rows if row.subset != ALL):
        own = [row for row in rows if (row.foundation, row.subset) == (name, subset)]
        uses = {row.system: row.source_use for row in own}
        k = max((row.k for row in splits if row.k <= HEADLINE_K), default=0)
        parts = {row.part: row for row in splits if (row.foundation, row.subset, row.k) == (name, subset, k)}
        cells = {}
        if parts:
            cells = {
                f"{LANGUAGE}, k = {k}": _nats(parts[LANGUAGE].value),
                f"{LANGUAGE} of the first token": _nats(parts[LANGUAGE].value_first),
                f"{CONTENT}, k = {k}": _nats(parts[CONTENT].value),
            }
        for kind in dict.fromkeys((*HEADLINE_KINDS, "shuffled")):
            if any(row.system.kind == kind for row in rows):
                system = headline(uses, kind)
                cells[f"source use: {kind}"] = _nats(uses[system] if system else None)
        cells["source use: SFT model"] = _nats(uses.get(SFT))
        found.append({**foundation_cell(own[0], rows), "direction": subset, "n": str(own[0].items), **cells})
    return found


def _nats(value: Interval | None) -> str:
    return "–" if value is None else with_ends(value, 2)


def _notes(rows: Sequence[MechanismRow]) -> str:
    alone = [row for row in rows if row.system == NONE]
    tokens = ", ".join(str(row.tokens) for row in alone if row.subset == ALL)
    directions = [row for row in alone if row.subset != ALL and row.left_out]
    short = ", ".join(f"{row.subset} {row.left_out}" for row in directions)
    return (
        "- All numbers are of log-likelihoods of the reference, in nats per token: nothing is decoded. Judged is its "
        f"tail, what follows its first {SKIPPED} tokens. It is the same for every prior, and stands directly after "
        f"prompt and prior: {tokens} tokens. The tail's first token is apart and not among them, as it does not join "
        "to most priors. Copied tokens are those that the source contains; to know them is no knowledge of the two "
        "languages.\n"
        "- language: with the opening of another item's reference (`shuffled`, a random opening in the right language) "
        "less without any. content: with the opening of the item's own reference (`oracle`) less with the other one. "
        "After its first token, the tail is in the language and is a prior itself, in every row: what an opening does "
        "for the language shows at the first token.\n"
        "- source use: after the item's own source less the mean after those of the "
        f"{OTHERS} other test items that are nearest in length, with the same prior. What the model knows of the "
        "target language alone is on both sides and cancels out. Where a prior raises source use above that of `none`, "
        "it unlocks knowledge of the pair of languages; where it raises the log-likelihood alone, it does not. A prior "
        "of the right content says itself a part of what the source says, which lowers source use. % of SFT: of the "
        "source use of the SFT model without prior; none where that one's is not clearly above 0.\n"
        "- n: items, those of all directions together. Left out, as the reference has fewer than "
        f"{SHORTEST} tokens: {short or 'no item'}. Means are over directions, and in a direction over tokens. In "
        "brackets are 95 % bootstrap intervals over items, the same draws for all directions and systems."
    )
