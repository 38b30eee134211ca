"""Figures, as SVG and PNG; the same data give the same bytes."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.stats import binomtest

from prefixyarn.analysis.agreement import REFERENCE, SFT_ANSWER, WITHOUT_SOURCE
from prefixyarn.analysis.agreement.table import PAPER_SILENT_MAJORITY, AgreementRow, agreement_row, positions
from prefixyarn.analysis.language_resources.fit import AXES, fit_line, gains
from prefixyarn.analysis.language_resources.table import SHOWN, ResourceRow
from prefixyarn.analysis.mechanism.table import MechanismRow
from prefixyarn.analysis.mixes.table import MixRow, TrainingRow
from prefixyarn.analysis.prior_length.table import PriorLengthRow
from prefixyarn.analysis.prior_quality.table import QualityRow
from prefixyarn.analysis.scale.table import ScaleRow
from prefixyarn.metrics.bootstrap import Interval, interval
from prefixyarn.priors.registry import KINDS
from prefixyarn.records import atomic
from prefixyarn.systems import HEADLINE_KINDS, NONE, SFT, shown_units
from prefixyarn.systems import headline as headline_of
from prefixyarn.tables.cost import CostRow
from prefixyarn.tables.overview import OverviewRow
from prefixyarn.tables.render import with_ends
from prefixyarn.tables.rows import ALL, ScoreRow

matplotlib.rcParams.update(
    {"svg.hashsalt": "prefixyarn", "font.size": 9, "axes.grid": True, "axes.axisbelow": True, "grid.alpha": 0.3}
)
SMOOTHING = 9  # steps in the running mean of the loss


def save(figure: Figure, path: Path) -> None:
    """Write a figure, by the path's suffix, atomically and without a date in it."""
    buffer = io.BytesIO()
    kind = path.suffix[1:]
    figure.savefig(buffer, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else {"Software": None})
    with atomic(path, "wb") as stream:
        stream.write(buffer.getvalue())


def plain(label: str) -> str:
    """Return a label that is drawn letter by letter: what stands between two dollar signs is a formula otherwise."""
    return label.replace("$", r"\$")


@dataclass(frozen=True)
class LossRow:
    """The losses of an SFT model at one step of its training.

    Attributes:
        step: The step.
        loss: Training loss, in nats per target token.
        rate: Learning rate.
        dev_loss: Dev loss; None where it was not measured.
        dev_score: Dev score; None where it was not measured.
        metric: The title of the metric that dev is scored with.
    """

    step: int
    loss: float
    rate: float
    dev_loss: float | None
    dev_score: float | None
    metric: str


def loss_rows(manifest: Mapping[str, Any], metric: str) -> list[LossRow]:
    """Return the loss curve of an SFT model, by its manifest and the title of the metric that dev is scored with."""
    dev = {point["step"]: point for point in manifest["dev"]}
    rows = []
    for point in manifest["curve"]:
        own = dev.get(point["step"], {"loss": None, "score": None})
        rows.append(LossRow(point["step"], point["loss"], point["rate"], own["loss"], own["score"], metric))
    return rows


def sft_loss(manifest: Mapping[str, Any], title: str, label: str) -> Figure:
    """Draw an SFT model's training loss, its dev loss and its dev score over steps.

    Args:
        manifest: What `prefixyarn.models.sft.train.train` returned.
        title: Title of the metric that dev is scored with.
        label: The foundation's label.
    """
    figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
    steps = [point["step"] for point in manifest["curve"]]
    losses = [point["loss"] for point in manifest["curve"]]
    smooth = [
        sum(part) / len(part)
        for n in range(len(losses))
        if (part := losses[max(0, n - SMOOTHING // 2) : n + SMOOTHING // 2 + 1])
    ]
    axes.plot(steps, losses, color="tab:blue", alpha=0.25, linewidth=1, label="training, each step")
    axes.plot(steps, smooth, color="tab:blue", label=f"training, mean of {SMOOTHING}")
    dev = manifest["dev"]
    axes.plot([d["step"] for d in dev], [d["loss"] for d in dev], "o--", color="tab:orange", label="dev")
    axes.set_xlabel("step")
    axes.set_ylabel("loss (nats per target token)")
    axes.set_ylim(bottom=0)
    right = axes.twinx()
    right.plot(
        [d["step"] for d in dev], [d["score"] for d in dev], "s:", color="tab:green", label=f"dev {title} (right)"
    )
    right.set_ylabel(f"mean dev {title}")
    right.set_ylim(0, 1.15 * max(d["score"] for d in dev))  # room above, clear of the losses
    right.grid(False)
    right.axvline(manifest["step"], color="grey", linewidth=0.8)
    handles = [handle for one in (axes, right) for handle in one.get_legend_handles_labels()[0]]
    axes.legend(handles=handles, loc="lower left", fontsize=8)
    axes.set_title(f"SFT of {label}; the grey line marks the checkpoint kept", fontsize=9)
    return figure


# The same colour and marker for the same source of priors everywhere: the palette of Okabe and Ito, which the
# colour-blind can tell apart; in grey the markers do.
STYLES = {
    "none": ("#000000", "o"),
    "own": ("#CC79A7", "h"),
    "pseudo": ("#E69F00", "s"),
    "refined": ("#56B4E9", "^"),
    "refined-matched": ("#3A6F8F", "d"),
    "sft": ("#009E73", "D"),
    "oracle": ("#D55E00", "v"),
    "shuffled": ("#0072B2", "p"),
    "fixed": ("#B8B000", "H"),
    "other-item": ("#0072B2", "P"),
    "wrong-language": ("#CC79A7", "X"),
    "random-content": ("#8A6D00", "<"),
    "random-function": ("#7F7F7F", ">"),
    "few-shot": ("#F0E442", "*"),
}


def _style(kind: str) -> dict[str, Any]:
    color, marker = STYLES[kind]
    return {"color": color, "marker": marker, "markersize": 5, "capsize": 2, "linewidth": 1.2, "label": kind}


def _errors(values: Iterable[Interval]) -> list[list[float]]:
    """Return how far the ends of intervals are from the values, below and above."""
    ends = [(max(own.score - own.low, 0.0), max(own.high - own.score, 0.0)) for own in values]
    return [[below for below, _ in ends], [above for _, above in ends]]


def _curve(axes: Axes, places: Sequence[float], values: Sequence[Interval], style: Mapping[str, Any]) -> None:
    """Draw values with their intervals."""
    axes.errorbar(places, [own.score for own in values], _errors(values), **style)


def agreement_by_position(rows: Sequence[AgreementRow], label: str) -> Figure:
    """Draw how often the SFT model's token is among the foundation's N likeliest, by position in its own answer.

    Args:
        rows: Of the agreement table, one foundation's.
        label: The foundation's label.
    """
    figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
    own = positions(rows, SFT_ANSWER)
    for top, shade, marker in ((1, "0.0", "o"), (5, "0.3", "s"), (20, "0.5", "^"), (50, "0.7", "D")):
        label_ = f"among the {top} likeliest" if top > 1 else "the likeliest"
        style: dict[str, Any] = {
            "color": shade,
            "marker": marker,
            "markersize": 5,
            "capsize": 2,
            "linewidth": 1.2,
            "label": label_,
        }
        _curve(axes, [row.start for row in own], [row.top[top] for row in own], style)
    axes.set(xlabel="SFT tokens before the position", ylabel="positions (%)", ylim=(0, 102))
    axes.legend(fontsize=8, loc="lower right", title="the SFT model's token is for the foundation", title_fontsize=8)
    axes.set_title(f"Agreement with the SFT model, {label}; 95 % intervals", fontsize=8)
    return figure


def silent_majority(rows: Sequence[AgreementRow], label: str) -> Figure:
    """Draw URIAL's classes of the SFT model's tokens by position, and what is among the 10 likeliest beside controls.

    Args:
        rows: Of the agreement table, one foundation's.
        label: The foundation's label.
    """
    figure, axes = plt.subplots(figsize=(7.2, 4.2), layout="constrained")
    own = positions(rows, SFT_ANSWER)
    places, floor = list(range(len(own))), [0.0] * len(own)
    for name, color, hatch, shares in (
        ("unshifted: the SFT model's token is the likeliest", "#56B4E9", "", [row.unshifted.score for row in own]),
        ("marginal: it is the second or third", "#F0E442", "//", [row.marginal.score for row in own]),
        ("shifted: it comes later", "#E69F00", "xx", [row.shifted.score for row in own]),
    ):
        style: dict[str, Any] = {"color": color, "hatch": hatch, "edgecolor": "black", "linewidth": 0.5, "alpha": 0.6}
        axes.bar(places, shares, 0.8, floor, label=name, **style)
        floor = [below + share for below, share in zip(floor, shares, strict=True)]
    for n, (read, name, color, marker) in enumerate(
        (
            (SFT_ANSWER, "SFT model's tokens", "#000000", "o"),
            (REFERENCE, "control: reference's tokens", "#D55E00", "v"),
            (WITHOUT_SOURCE, "control: SFT model's, without source", "#0072B2", "D"),
        )
    ):
        found = [agreement_row(rows, read, start=row.start, end=row.end) for row in own]
        drawn = [(place + 0.22 * (n - 1), row.top_10) for place, row in enumerate(found) if row is not None]
        point: dict[str, Any] = {"color": color, "marker": marker, "mec": "white", "markersize": 7, "linestyle": ""}
        point |= {"capsize": 2, "elinewidth": 1.2, "label": f"among the 10 likeliest: {name}"}
        _curve(axes, [place for place, _ in drawn], [share for _, share in drawn], point)
    axes.axhline(PAPER_SILENT_MAJORITY, color="#7F7F7F", linewidth=0.8, linestyle="--")
    axes.plot(
        [], [], "--", color="#7F7F7F", linewidth=0.8, label=f"paper: {PAPER_SILENT_MAJORITY} %, cut-off not stated"
    )
    axes.set_xticks(places, [f"{row.place}\nn = {row.n}" for row in own], fontsize=8)
    axes.set(xlabel="tokens before the position; n: positions of the SFT model's answers", ylim=(0, 104))
    axes.set_ylabel("positions (%)")
    figure.legend(fontsize=7, ncols=2, loc="outside lower center")
    axes.set_title(f"The silent majority, {label}; 95 % intervals", fontsize=9)
    return figure


def source_use(rows: Sequence[MechanismRow], label: str) -> Figure:
    """Draw the use of the source by kind and length of prior, beside the SFT model's without prior.

    Items differ more than priors do: error bars are those of the difference to no prior, on the same items.

    Args:
        rows: Of the table of the mechanism, one foundation's.
        label: The foundation's label.
    """
    figure, panels = plt.subplots(1, 2, figsize=(8.8, 4.2), layout="constrained", sharey=True)
    means = [row for row in rows if row.subset == ALL]
    kinds = list(dict.fromkeys((row.system.kind, row.system.variant) for row in means if row.system.k))
    several = Counter(kind for kind, _ in kinds)
    for axes, new in zip(panels, (False, True), strict=True):
        uses = {row.system: row.source_use_new if new else row.source_use for row in means}
        rises = {row.system: row.rise_new if new else row.rise for row in means}
        if not (alone := uses[NONE]):
            continue
        drawn = {system: _beside(alone.score, rise) for system, rise in rises.items() if rise is not None}
        for n, (kind, variant) in enumerate(kinds):
            own = {s.k: use for s, use in drawn.items() if (s.kind, s.variant, s.model) == (kind, variant, NONE.model)}
            style = _style(kind)
            if several[kind] > 1:
                style |= {"label": f"{kind} {variant}", "linestyle": "-" if variant == "first" else "--"}
            if KINDS[kind].random or kind in ("shuffled", "fixed"):
                style["linestyle"] = ":"
            aside = 0.06 * (n - (len(kinds) - 1) / 2)  # side by side, so that error bars can be seen
            places = [0, *(k + aside for k in own)]
            _curve(axes, places, [Interval(alone.score, alone.score, alone.score), *own.values()], style)
        if tuned := drawn.get(SFT):
            color = STYLES["sft"][0]
            axes.axhline(tuned.score, color=color, linestyle="--", linewidth=1.2, label="SFT model, no prior")
            axes.axhspan(tuned.low, tuned.high, color=color, alpha=0.12, linewidth=0)
        axes.axhline(alone.score, color=STYLES["none"][0], linewidth=0.8, label="no prior")
        axes.set(xlabel="tokens of the prior", xticks=sorted({system.k for system in uses}))
        axes.set_title("without tokens that the source contains" if new else "all tokens", fontsize=9)
    panels[0].set_ylabel("source use (nats per token)")
    figure.legend(*panels[0].get_legend_handles_labels(), fontsize=8, loc="outside right center")
    figure.suptitle(f"Use of the source, {label}; 95 % intervals of the difference to no prior", fontsize=9)
    return figure


def _beside(start: float, difference: Interval) -> Interval:
    """Return a value that differs from another one, with the interval of the difference."""
    return Interval(start + difference.score, start + difference.low, start + difference.high)


def quality_curves(rows: Sequence[QualityRow], label: str) -> Figure:
    """Draw the score of what follows a prior against the share of its words that are replaced.

    Args:
        rows: Of the table of prior quality, one foundation's.
        label: The foundation's label.
    """
    ks = sorted({row.k for row in rows})
    across = min(len(ks), 2)
    down = -(-len(ks) // across)
    figure, panels = plt.subplots(
        down, across, figsize=(4.2 * across, 3.4 * down + 0.6), layout="constrained", sharey=True, squeeze=False
    )
    for spare in panels.flat[len(ks) :]:
        spare.remove()
    for axes, k in zip(panels.flat, ks, strict=False):
        for n, corruption in enumerate(dict.fromkeys(row.corruption for row in rows)):
            own = [row for row in rows if row.k == k and row.corruption == corruption]
            levels = [row.level + 1.2 * (n - 1.5) for row in own]  # side by side, so that error bars can be seen
            _curve(axes, levels, [row.rest for row in own], _style(corruption))
        first = next(row for row in rows if row.k == k)
        axes.axhline(first.rest_none, color="#000000", linestyle=":", label="no prior")
        axes.axhline(first.rest_sft, color=STYLES["sft"][0], linestyle="-.", label="SFT model")
        mixed = [row.mixed for row in rows if row.k == k and row.corruption == "other-item"]
        axes.plot([0, 100], [mixed[0], mixed[-1]], color="#BBBBBB", linewidth=0.8, label="mixing items")
        title = "first word of the reference" if k == 1 else f"first {k} words of the reference"
        axes.set(xlabel="words of the prior replaced (%)", xticks=sorted({row.level for row in rows}), title=title)
    for line in panels:
        line[0].set_ylabel("mean chrF++ of what follows")
    figure.legend(*panels[0][0].get_legend_handles_labels(), fontsize=8, ncols=4, loc="outside lower center")
    figure.suptitle(f"How good must a prior be? {label}; 95 % intervals", fontsize=9)
    return figure


def length_curves(rows: Sequence[PriorLengthRow], label: str) -> Figure:
    """Draw the score against the number of units of a prior: whole answers, and what follows the prior.

    Args:
        rows: Of the table of prior length, one foundation's.
        label: The foundation's label.
    """
    figure, panels = plt.subplots(1, 2, figsize=(8.4, 3.6), layout="constrained", sharey=True)
    alone = next(row for row in rows if row.system == NONE)
    for axes, unit in zip(panels, ("token", "word"), strict=True):
        for kind in ("pseudo", "refined", "sft", "oracle"):
            own = [row for row in rows if row.system.kind == kind and row.system.unit == unit]
            if own:
                drawn = [alone, *own]
                ks = [row.system.k for row in drawn]
                _curve(axes, ks, [row.score for row in drawn], _style(kind))
                color, marker = STYLES[kind]
                dotted: dict[str, Any] = {
                    "color": color,
                    "marker": marker,
                    "markersize": 3,
                    "capsize": 2,
                    "linewidth": 1,
                    "linestyle": ":",
                }
                _curve(axes, ks, [row.rest for row in drawn], dotted)
        axes.set(xlabel=f"{unit}s given", xticks=sorted({row.system.k for row in rows}))
    panels[0].set_ylabel("mean chrF++")
    panels[0].legend(fontsize=8, title="dotted: without the prior", title_fontsize=8)
    figure.suptitle(f"How many units of a prior? {label}; 95 % intervals", fontsize=9)
    return figure


def language_lines(rows: Sequence[ResourceRow], label: str, resamples: int, seed: int) -> Figure:
    """Draw what priors add in each language against what the foundation shows of it, with the fitted lines.

    Args:
        rows: Of the table of languages, one foundation's.
        label: The foundation's label.
        resamples: Number of resamples of the languages, for the bands.
        seed: Seed of their draws.
    """
    kinds = [kind for kind in SHOWN if any(row.kind == kind and row.gain is not None for row in rows)]
    measures = [name for name in AXES if gains(rows, kinds[0], name)]
    size = (3.7 * len(measures), 2.3 * len(kinds) + 0.4)
    figure, panels = plt.subplots(
        len(kinds), len(measures), figsize=size, layout="constrained", squeeze=False, sharex="col", sharey="row"
    )
    for line, kind in zip(panels, kinds, strict=True):
        color, _ = STYLES[kind]
        for axes, name in zip(line, measures, strict=True):
            points = gains(rows, kind, name)
            x = [point.place for point in points]
            ends: dict[str, Any] = {"linestyle": "", "marker": "o", "markersize": 3, "elinewidth": 0.5, "color": color}
            _curve(axes, x, [point.gain for point in points], ends)
            for point in points:
                offset: dict[str, Any] = {"xytext": (2, 1), "textcoords": "offset points"}
                axes.annotate(point.language, (point.place, point.gain.score), fontsize=6, **offset)
            axes.axhline(0, color="#555555", linewidth=0.8)
            fitted = fit_line(points, resamples, seed)
            if fitted:
                places = np.linspace(min(x), max(x), 50)
                axes.plot(places, fitted.intercept + fitted.slope * places, color="#000000", linewidth=1)
                axes.fill_between(places, *fitted.band(places), color="#7F7F7F", alpha=0.25, linewidth=0)
                slope = with_ends(interval(fitted.slope, fitted.slopes))
                axes.set_title(f"{kind}: {slope} points per bit", fontsize=8)
        line[0].set_ylabel("points of chrF++", fontsize=8)
    for axes, name in zip(panels[-1], measures, strict=True):
        axes.set_xlabel(AXES[name], fontsize=8)
    figure.suptitle(f"Gain over no prior by what the model shows of the language, {label}", fontsize=9)
    return figure


def headline(rows: Sequence[OverviewRow], label: str) -> Figure:
    """Draw the paper's headline: share of SFT by task and prior, or the score in a run that has no SFT model.

    Args:
        rows: Of the overview table, one foundation's.
        label: The foundation's label.
    """
    figure, axes = plt.subplots(figsize=(7, 3.8), layout="constrained")
    tasks, tuned = list(dict.fromkeys(row.task for row in rows)), any(row.share for row in rows)
    kinds = [kind for kind in HEADLINE_KINDS if kind in {row.system.kind for row in rows}]
    for n, kind in enumerate(kinds):
        own: dict[int, tuple[Interval, float | None]] = {}
        for row in rows:
            value = row.share if tuned else Interval(row.score, row.score, row.score)
            if row.system.kind == kind and row.system.prompt == "zero-shot" and value:
                own.setdefault(tasks.index(row.task), (value, row.paper if tuned else None))
        places = [task + 0.14 * (n - (len(kinds) - 1) / 2) for task in own]
        shares = [share for share, _ in own.values()]
        style: dict[str, Any] = {
            "color": STYLES[kind][0],
            "hatch": ("", "oo", "//", "..", "xx", "++")[HEADLINE_KINDS.index(kind)],
            "label": kind,
            "alpha": 0.85,
        }
        edges: dict[str, Any] = {"edgecolor": "black", "linewidth": 0.5, "capsize": 2}
        errors = _errors(shares) if tuned else None
        axes.bar(places, [share.score for share in shares], 0.13, yerr=errors, **style, **edges)
        told = [(place, paper) for place, (_, paper) in zip(places, own.values(), strict=True) if paper is not None]
        for place, paper in told:
            axes.plot(place, paper, "_", color="#7F7F7F" if kind == "none" else "black", markersize=12, mew=2)
    if tuned:
        axes.plot([], [], "k_", markersize=10, markeredgewidth=2, label="paper, 7B models")
        axes.axhline(100, color="#555555", linewidth=0.8)
    metrics = {row.task: row.metric for row in rows}
    axes.set_xticks(range(len(tasks)), tasks if tuned else [f"{task}, {metrics[task]}" for task in tasks])
    axes.set_xlim(-0.5, len(tasks) - 0.5)
    axes.set_ylabel("share of the SFT model's score (%)" if tuned else "score, without an SFT model")
    axes.legend(fontsize=8, ncols=2)
    intervals = "; 95 % intervals" if tuned else ""
    axes.set_title(f"{label}: one or two units of each prior, no examples{intervals}", fontsize=9)
    return figure


def off_target(rows: Sequence[ScoreRow], label: str) -> Figure:
    """Draw how often continuations are in another language, by system, with 95 % Wilson intervals.

    Args:
        rows: Of the table of translation, one foundation's, one metric's.
        label: The foundation's label.
    """
    means = [row for row in rows if (row.subset, row.domain, row.without_k) == (ALL, "test", 0)]
    own = [(row, row.off_target) for row in means if row.off_target is not None]
    directions = len({row.subset for row in rows} - {ALL})
    figure, axes = plt.subplots(figsize=(6, 0.18 * len(own) + 0.9), layout="constrained")
    names, errors = [], []
    for row, rate in own:
        system = row.system
        parts = [system.model.replace("foundation", ""), system.prompt.replace("zero-shot", ""), system.kind]
        names.append(" ".join(filter(None, (*parts, system.variant, shown_units(system)))))
        answers = row.n * directions
        ends = binomtest(round(rate * answers), answers).proportion_ci(method="wilson")
        errors.append([100 * max(0, rate - ends.low), 100 * max(0, ends.high - rate)])
    colors = [STYLES.get(row.system.kind, ("#BBBBBB", ""))[0] for row, _ in own]
    rates = [100 * rate for _, rate in own]
    style: dict[str, Any] = {"edgecolor": "black", "linewidth": 0.3, "error_kw": {"elinewidth": 0.8, "capsize": 1.5}}
    axes.barh(range(len(own)), rates, xerr=list(zip(*errors, strict=True)), color=colors, **style)
    axes.set_yticks(range(len(own)), names, fontsize=7)
    axes.margins(y=0.01)
    axes.invert_yaxis()
    axes.set(xlabel="continuations not in the target language (%)", xlim=(0, 100))
    figure.suptitle(f"Off-target outputs of {label}; 95 % intervals", fontsize=8)
    return figure


def cost(tables: Mapping[str, Sequence[CostRow]], label: str) -> Figure:
    """Draw the share of SFT against what it costs: preparation once, and time per prior.

    Args:
        tables: By task the rows of its cost table, one foundation's.
        label: The foundation's label.
    """
    size = (7.4, 2.5 * len(tables) + 0.5)
    figure, panels = plt.subplots(len(tables), 2, figsize=size, layout="constrained", squeeze=False, sharey="row")
    for line, (task, rows) in zip(panels, tables.items(), strict=True):
        for axes, title in zip(line, ("preparation (s, once)", "added latency (s per prior)"), strict=True):
            for row in rows:
                place = row.training_seconds if axes is line[0] else row.seconds_per_prior
                if row.share is None:
                    continue
                if row.source == "sft model":  # trained as its priors are, with none to wait for
                    color, marker = STYLES["sft"]
                    axes.plot(0 if place is None else place, 100, marker, color=color, mfc="none")
                elif place is not None:
                    kind = {"sft prior": "sft"}.get(row.source, row.source)
                    _curve(axes, [place], [row.share], {**_style(kind), "label": row.source, "linestyle": ""})
            axes.plot([], [], STYLES["sft"][1], color=STYLES["sft"][0], mfc="none", label="sft model")
            axes.set_xscale("symlog", linthresh=1 if axes is line[0] else 0.01)
            axes.set_xlim(left=-0.2 if axes is line[0] else -0.002)
            axes.axhline(100, color="#555555", linewidth=0.8)
            axes.set_xlabel(title)
        line[0].set_ylabel(f"{task}\nshare of SFT (%)")
    figure.legend(*panels[0][0].get_legend_handles_labels(), fontsize=8, ncols=6, loc="outside lower center")
    figure.suptitle(f"Score against cost, {label}; 95 % intervals", fontsize=9)
    return figure


def scale(rows: Sequence[ScaleRow], labels: Mapping[str, str]) -> Figure:
    """Draw the share of SFT against the number of parameters, a panel per task.

    Args:
        rows: Of the scale table.
        labels: By foundation its label.
    """
    tasks = list(dict.fromkeys(row.task for row in rows))
    size = (4.0 * len(tasks) + 0.6, 3.6)
    figure, panels = plt.subplots(1, len(tasks), figsize=size, layout="constrained", sharey=True, squeeze=False)
    sizes = {row.foundation: row.parameters for row in rows}
    for axes, task in zip(panels[0], tasks, strict=True):
        for kind in dict.fromkeys(row.kind for row in rows):
            own = [(row.parameters, row.share) for row in rows if (row.task, row.kind) == (task, kind) and row.share]
            if own:
                _curve(axes, [parameters for parameters, _ in own], [share for _, share in own], _style(kind))
        axes.axhline(100, color="#555555", linewidth=0.8)
        axes.set_xscale("log")
        axes.set_xticks(list(sizes.values()), [labels[name] for name in sizes], rotation=30, ha="right", fontsize=7)
        axes.minorticks_off()
        axes.set(xlabel="parameters of the foundation", title=task)
    panels[0][0].set_ylabel("share of the SFT model's score (%)")
    panels[0][0].legend(fontsize=8)
    figure.suptitle("Share of SFT by size; 95 % intervals", fontsize=9)
    return figure


# Title, prior kind at the headline's k, and model.
SOURCES_OF_USE = (
    ("alone", "none", "foundation"),
    ("pseudo prior", "pseudo", "foundation"),
    ("refined prior", "refined", "foundation"),
    ("right opening", "oracle", "foundation"),
    ("SFT model, alone", "none", "sft"),
)


def mixes(rows: Sequence[MixRow], beside: Sequence[MechanismRow], labels: Mapping[str, str]) -> Figure:
    """Draw the use of the source of each foundation trained here, alone, with priors, and of its SFT model.

    Args:
        rows: Of the table of mixes.
        beside: Rows of another run's table of the mechanism, whose foundations stand at the right.
        labels: By foundation its label.
    """
    subsets = [subset for subset in dict.fromkeys(row.subset for row in rows) if subset != ALL]
    names = [*dict.fromkeys(row.foundation for row in rows)]
    others = [*dict.fromkeys(row.foundation for row in beside)]
    size = (0.55 * len(names + others) * len(subsets) + 3.0, 4.4)
    figure, panels = plt.subplots(1, len(subsets), figsize=size, layout="constrained", sharey=True, squeeze=False)
    for axes, subset in zip(panels[0], subsets, strict=True):
        drawn: list[MixRow | MechanismRow] = [row for row in rows if row.subset == subset]
        drawn += [row for row in beside if row.subset == subset]
        for n, (title, kind, model) in enumerate(SOURCES_OF_USE):
            places, values = [], []
            for place, name in enumerate([*names, *others]):
                own = {row.system: row.source_use for row in drawn if row.foundation == name}
                system = headline_of(own, kind, model)
                if system is not None and (use := own[system]) is not None:
                    places.append(place + 0.16 * (n - (len(SOURCES_OF_USE) - 1) / 2))
                    values.append(use)
            style = _style("sft" if model == "sft" else kind) | {"linestyle": "none", "label": title}
            _curve(axes, places, values, style)
        axes.axhline(0, color="#555555", linewidth=0.8)
        axes.set_yscale("symlog", linthresh=0.1)  # a model of 10⁶ times the training stands beside the others
        axes.yaxis.set_major_formatter("{x:g}")
        if others:
            axes.axvline(len(names) - 0.5, color="#555555", linewidth=0.8, linestyle=":")
        ticks = [labels[name] for name in names] + [f"{plain(name)}, another run" for name in others]
        axes.set_xticks(range(len(ticks)), ticks, rotation=60, ha="right", fontsize=7)
        axes.set_title(subset, fontsize=9)
    panels[0][0].set_ylabel("source use (nats per token)")
    figure.legend(*panels[0][0].get_legend_handles_labels(), fontsize=8, loc="outside right center")
    figure.suptitle("Use of the source by what was in the pre-training text; 95 % intervals over items", fontsize=9)
    return figure


ARRANGED = {"P": "#0072b2", "U": "#d55e00", "M": "#009e73", "": "#7f7f7f"}


def mixes_budget(training: Sequence[TrainingRow], rows: Sequence[MixRow]) -> Figure:
    """Draw the use of the source against what the training of the foundation cost, by arrangement of the pairs.

    Args:
        training: Of the table of how they were trained.
        rows: Of the table of mixes.
    """
    # Operations of a training: 6 a parameter and token (Kaplan et al. 2020, arXiv 2001.08361, section 2.1).
    cost = {row.foundation: 6 * row.parameters * row.tokens for row in training if row.tokens}
    alike = {name: [other for other in cost if cost[other] == cost[name]] for name in cost}
    figure, panels = plt.subplots(1, 3, figsize=(11.0, 4.2), layout="constrained", sharey=True)
    for axes, (title, kind, model) in zip(panels, [SOURCES_OF_USE[n] for n in (0, 3, 4)], strict=True):
        for name in cost:
            means = [row for row in rows if row.subset == ALL and row.foundation == name]
            uses = {row.system: row.source_use for row in means}
            system = headline_of(uses, kind, model)
            if system is None or (use := uses[system]) is None:
                continue
            aside = alike[name].index(name) - (len(alike[name]) - 1) / 2  # side by side, so that they can be read
            place = cost[name] * 1.07**aside
            style = _style("none") | {"color": ARRANGED[means[0].arrangement], "linestyle": "none"}
            _curve(axes, [place], [use], style)
            told = {"textcoords": "offset points", "fontsize": 6, "rotation": 90, "ha": "center"}
            axes.annotate(means[0].cell, (place, use.high), (0, 3), **told)
        axes.axhline(0, color="#555555", linewidth=0.8)
        axes.set_xscale("log")
        axes.margins(x=0.1, y=0.2)
        axes.set_xlabel("operations of the training, 6·parameters·tokens", fontsize=8)
        axes.set_title(title, fontsize=9)
    panels[0].set_ylabel("source use (nats per token)")
    handles = [Line2D([], [], color=color, marker="o", linestyle="none") for color in ARRANGED.values()]
    figure.legend(handles, [way or "no pairs" for way in ARRANGED], fontsize=8, loc="outside right center")
    figure.suptitle(
        "Use of the source by size and tokens; names are the mixes'; means over directions, 95 % intervals over items",
        fontsize=9,
    )
    return figure
