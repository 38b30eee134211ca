"""The table of priors made worse, and the text that it shares with the other tables of the quality of priors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prefixyarn.analysis.answered import Scorer
from prefixyarn.analysis.prior_length.table import PriorLengthRow, length_cells
from prefixyarn.analysis.prior_quality.propagation import PropagationRow
from prefixyarn.analysis.prior_quality.sft_priors import SftPriorRow
from prefixyarn.analysis.prior_quality.threshold import Threshold, threshold
from prefixyarn.metrics.bootstrap import Interval, interval
from prefixyarn.metrics.shares import difference, p_value
from prefixyarn.priors.registry import CORRUPTIONS, corrupt_levels
from prefixyarn.records import System
from prefixyarn.systems import NONE, SFT, corrupt_system, shown_units
from prefixyarn.tables.render import foundation_cell, markdown, number, p_cell, with_ends

MOST = 0.5  # of references with no more words than are given: beyond it nothing is said of so many words


@dataclass(frozen=True)
class QualityRow:
    """The scores of the reference's first words, some of them replaced.

    Attributes:
        foundation: The foundation's name.
        n: Items a direction.
        k: Words given.
        corruption: By what words are replaced: one of `prefixyarn.priors.registry.CORRUPTIONS`.
        level: How many of the words are replaced, in percent; see `prefixyarn.priors.corrupt.levels_of`.
        score: Mean chrF++ of whole answers.
        rest: The same without the k words.
        share: 100 · score / score of the SFT model.
        rest_none: What ``rest`` is of `none`.
        rest_sft: What ``rest`` is of the SFT model.
        covered: Share of items whose reference has no more than k words.
        harm: ``rest`` less that of `none`, paired; below 0 it is harm. Whether a prior does none is told by this
            interval and a margin: a test that finds no difference does not show that there is none.
        p_none: p-value of the paired test of ``rest`` against that of `none`, exploratory: not corrected for the rows.
        mixed: For reference, what mixing the items of level 0 and level 100 would give of ``rest``.
        worse_than_none: The level from which on ``rest`` is less than that of `none`; None if there is none.
        worse_than_none_low: The lower end of its interval.
        worse_than_none_high: The upper end.
        worse_than_none_found: Share of resamples that have such a level.
        worse_than_sft: The level from which on ``rest`` is less than that of the SFT model; None if there is none.
        worse_than_sft_low: The lower end of its interval.
        worse_than_sft_high: The upper end.
        worse_than_sft_found: Share of resamples that have such a level.
    """

    foundation: str
    n: int
    k: int
    corruption: str
    level: int
    score: Interval
    rest: Interval
    share: float
    rest_none: float
    rest_sft: float
    covered: float
    harm: Interval
    p_none: float
    mixed: float
    worse_than_none: float | None
    worse_than_none_low: float | None
    worse_than_none_high: float | None
    worse_than_none_found: float
    worse_than_sft: float | None
    worse_than_sft_low: float | None
    worse_than_sft_high: float | None
    worse_than_sft_found: float

    @property
    def below_none(self) -> Threshold:
        """From where on the rest is worse than that of `none`."""
        return Threshold(
            self.worse_than_none, self.worse_than_none_low, self.worse_than_none_high, self.worse_than_none_found
        )

    @property
    def below_sft(self) -> Threshold:
        """From where on the rest is worse than that of the SFT model."""
        return Threshold(
            self.worse_than_sft, self.worse_than_sft_low, self.worse_than_sft_high, self.worse_than_sft_found
        )


def quality_rows(scorer: Scorer, foundation: str, ks: Sequence[int]) -> list[QualityRow]:
    """Return the scores of corrupt priors: a row per k, corruption and level."""
    sft = scorer.mean(SFT)
    rows: list[QualityRow] = []
    for k in ks:
        none_rest, sft_rest = scorer.mean(NONE, k, "word"), scorer.mean(SFT, k, "word")
        for corruption in CORRUPTIONS:
            rest = {
                level: scorer.mean(corrupt_system(corruption, level, k), k, "word") for level in (0, *corrupt_levels(k))
            }
            below_none, below_sft = threshold(rest, none_rest), threshold(rest, sft_rest)
            for level, own in rest.items():
                mean = scorer.mean(corrupt_system(corruption, level, k))
                rows.append(
                    QualityRow(
                        foundation=foundation,
                        n=scorer.n,
                        k=k,
                        corruption=corruption,
                        level=level,
                        score=interval(mean.score, mean.resampled),
                        rest=interval(own.score, own.resampled),
                        share=100 * mean.score / sft.score,
                        rest_none=none_rest.score,
                        rest_sft=sft_rest.score,
                        covered=scorer.covered(k),
                        harm=difference(own, none_rest),
                        p_none=p_value(own, none_rest),
                        mixed=rest[0].score + (rest[100].score - rest[0].score) * level / 100,
                        worse_than_none=below_none.level,
                        worse_than_none_low=below_none.low,
                        worse_than_none_high=below_none.high,
                        worse_than_none_found=below_none.found,
                        worse_than_sft=below_sft.level,
                        worse_than_sft_low=below_sft.low,
                        worse_than_sft_high=below_sft.high,
                        worse_than_sft_found=below_sft.found,
                    )
                )
    return rows


def _below(found: Threshold) -> str:
    resamples = f"in {100 * found.found:.0f} % of resamples"
    if found.level is None:
        return f"none found ({resamples} there is one)"
    return f"{found.level:.0f} % ({found.low or 0:.0f}–{found.high or 0:.0f}, {resamples})"


def _words(k: int) -> str:
    return shown_units(corrupt_system("", 0, k))


def quality_markdown(
    quality: Sequence[QualityRow],
    lengths: Sequence[PriorLengthRow],
    sft_priors: Sequence[SftPriorRow],
    propagation: Sequence[PropagationRow],
) -> str:
    """Render the four tables as Markdown."""
    corrupt = [
        {
            **foundation_cell(row, quality),
            "k": _words(row.k),
            "replaced by": row.corruption,
            "replaced": f"{row.level} %",
            "chrF++": with_ends(row.score),
            "% of SFT": number(row.share),
            "without the prior": with_ends(row.rest),
            "difference from none": with_ends(row.harm),
            "p none, exploratory": p_cell(row.p_none),
            "worse than none from": _below(row.below_none) if row.level == 0 else "",
            "worse than SFT from": _below(row.below_sft) if row.level == 0 else "",
        }
        for row in quality
    ]
    right_and_wrong = [
        {
            **foundation_cell(row, sft_priors),
            "k": shown_units(System("sft", "", row.k, "token")),
            "prior": "right" if row.right else "wrong",
            "n": str(row.n),
            "chrF++ of what follows": with_ends(row.rest),
            "difference from the right prior": with_ends(row.against_oracle) if row.against_oracle else "–",
            "difference from none": with_ends(row.against_none),
        }
        for row in sft_priors
    ]
    follows = [
        {
            **foundation_cell(row, propagation),
            "prior": row.kind,
            "words right": row.right,
            "n": row.n,
            "chrF++ of what follows": number(row.rest),
            "within item": with_ends(row.within),
        }
        for row in propagation
    ]
    covered = dict.fromkeys(
        f"{100 * row.covered:.0f} % of references have no more than {_words(row.k)}"
        + (": what is left is too little for intervals to be trusted" if row.covered > MOST else "")
        for row in quality
    )
    parts = [
        "### Corrupt priors\n",
        markdown(corrupt),
        "\n### How many units of a prior\n",
        markdown(length_cells(lengths)),
        "\n### SFT priors of one and two tokens, right and wrong\n",
        markdown(right_and_wrong),
        "\n### What follows right and wrong priors of all kinds\n",
        markdown(follows),
        f"\n- Mean chrF++ over directions, {quality[0].n} items each; intervals: 95 % bootstrap over items. Corrupt "
        "priors are the reference's first k words, of which some are replaced: the same items at every level. (Of one "
        "word none or all can be replaced, of two also one.) difference from none: what follows the prior minus `none` "
        "without as many words, paired; no lasting harm is judged by this interval and a margin (docs/method.md). "
        "p none: of the same difference, not corrected for the number of rows.\n"
        "- worse than … from: the share of replaced words from which on what follows the prior scores less than that "
        "system's answer without as many words, by linear interpolation; the interval is over resamples in which "
        "there is such a share. Whole answers contain the right words that were given: they say less.\n"
        f"- {'; '.join(covered)}.\n"
        "- SFT priors: the first tokens of the SFT model's answer, right where they are the reference's own. Scores "
        "are means over n single answers of all directions, without these tokens. difference from the right prior: "
        "minus what follows the reference's tokens, for the same items; so much a wrong prior costs the text after it. "
        "difference from none: minus the foundation's own answer without as many tokens, for the same items. Items "
        "whose prior is right are easier ones: rows of right and of wrong priors are not to be compared with each "
        "other. Intervals: 95 % bootstrap over English sentences.\n"
        "- within item: the score minus the item's mean over its rows, so that easy items do not count as good priors. "
        "A prior in tokens may end within a word.\n",
    ]
    return "\n".join(parts)
