"""Figures, as SVG and PNG; the same data give the same bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from scipy.stats import binomtest

from prefixyarn.analysis.steps import TEACHER_FORCED
from prefixyarn.records import atomic
from prefixyarn.tables.agreement import PAPER_SILENT_MAJORITY, TOP
from prefixyarn.tables.render import KINDS
from prefixyarn.tables.rows import Row

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


def sft_loss(manifest: Mapping[str, Any], title: str, label: str) -> Figure:
    """Draw an SFT model's training loss, its dev loss and its dev score over steps.

    Args:
        manifest: What `prefixyarn.models.sft.train` returned.
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
    "pseudo": ("#E69F00", "s"),
    "refined": ("#56B4E9", "^"),
    "sft": ("#009E73", "D"),
    "oracle": ("#D55E00", "v"),
    "other-item": ("#0072B2", "P"),
    "wrong-language": ("#CC79A7", "X"),
    "random-content": ("#8A6D00", "<"),
    "random-function": ("#7F7F7F", ">"),
    "few-shot": ("#F0E442", "*"),
}


def _style(kind: str) -> dict[str, Any]:
    color, marker = STYLES[kind]
    return {"color": color, "marker": marker, "markersize": 5, "capsize": 2, "linewidth": 1.2, "label": kind}


def _errors(rows: Sequence[Row], name: str) -> list[list[float]]:
    """Return how far the ends of intervals are from the values, below and above."""
    below = [max(row[name] - row[f"{name} low"], 0.0) for row in rows]
    return [below, [max(row[f"{name} high"] - row[name], 0.0) for row in rows]]


def agreement_by_position(rows: Sequence[Row], label: str) -> Figure:
    """Draw how often the SFT model's token is among the foundation's N likeliest, by position, teacher-forced.

    Args:
        rows: Of the agreement table, one foundation's.
        label: The foundation's label.
    """
    figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
    own = [row for row in rows if row["k"] == TEACHER_FORCED and row["group"].startswith("t from")]
    places = [int(row["group"].removeprefix("t from ")) for row in own]
    for top, shade, marker in ((1, "0.0", "o"), (5, "0.3", "s"), (20, "0.5", "^"), (50, "0.7", "D")):
        name = f"top {top}"
        label_ = f"among the {top} likeliest" if top > 1 else "the likeliest"
        style: dict[str, Any] = {
            "color": shade,
            "marker": marker,
            "markersize": 5,
            "capsize": 2,
            "linewidth": 1.2,
            "label": label_,
        }
        axes.errorbar(places, [row[name] for row in own], _errors(own, name), **style)
    axes.set(xlabel="SFT tokens before the position", ylabel="positions (%)", ylim=(0, 102))
    axes.legend(fontsize=8, loc="lower right", title="the SFT model's token is for the foundation", title_fontsize=8)
    axes.set_title(f"Agreement with the SFT model, {label}; 95 % intervals", fontsize=8)
    return figure


def silent_majority(rows: Sequence[Row], label: str) -> Figure:
    """Draw the share of the SFT model's tokens among the foundation's N likeliest against N, teacher-forced.

    Args:
        rows: Of the agreement table, one foundation's.
        label: The foundation's label.
    """
    figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
    whole = next(row for row in rows if row["k"] == TEACHER_FORCED and row["group"] == "all")
    ends = [_errors([whole], f"top {n}") for n in TOP]
    errors = [[below[0][0] for below in ends], [above[1][0] for above in ends]]
    axes.errorbar(TOP, [whole[f"top {n}"] for n in TOP], errors, **{**_style("none"), "label": "all positions"})
    rest = [whole[f"top {n} of the rest"] for n in TOP[1:]]
    axes.plot(TOP[1:], rest, "v--", color=STYLES["oracle"][0], label="where it is not the likeliest")
    axes.axhline(PAPER_SILENT_MAJORITY, color="#7F7F7F", linewidth=0.8)
    text = f"paper: {PAPER_SILENT_MAJORITY} %, cut-off not stated"
    axes.annotate(text, (TOP[0], PAPER_SILENT_MAJORITY), va="bottom", fontsize=8, color="#555555")
    axes.set_xscale("log")
    axes.set_xticks(TOP, [str(n) for n in TOP])
    axes.minorticks_off()
    axes.set(xlabel="N likeliest tokens of the foundation", ylabel="SFT tokens among them (%)", ylim=(0, 102))
    axes.legend(fontsize=8, loc="lower right")
    axes.set_title(f"The silent majority: {int(whole['n'])} tokens, {label}", fontsize=9)
    return figure


def quality_curves(rows: Sequence[Row], label: str) -> Figure:
    """Draw the score of what follows a prior against the share of its words that are replaced.

    Args:
        rows: Of the quality table, one foundation's.
        label: The foundation's label.
    """
    ks = sorted({row["k"] for row in rows})
    size = (4.2 * len(ks), 3.6)
    figure, panels = plt.subplots(1, len(ks), figsize=size, layout="constrained", sharey=True, squeeze=False)
    for axes, k in zip(panels[0], ks, strict=True):
        for n, kind in enumerate(dict.fromkeys(row["kind"] for row in rows)):
            own = [row for row in rows if row["k"] == k and row["kind"] == kind]
            levels = [row["level"] + 1.2 * (n - 1.5) for row in own]  # side by side, so that error bars can be seen
            axes.errorbar(levels, [row["rest"] for row in own], _errors(own, "rest"), **_style(kind))
        first = next(row for row in rows if row["k"] == k)
        axes.axhline(first["rest none"], color="#000000", linestyle=":", label="no prior")
        axes.axhline(first["rest sft"], color=STYLES["sft"][0], linestyle="-.", label="SFT model")
        mixed = [row["mixed"] for row in rows if row["k"] == k and row["kind"] == "other-item"]
        axes.plot([0, 100], [mixed[0], mixed[-1]], color="#BBBBBB", linewidth=0.8, label="mixing items")
        axes.set(xlabel="words of the prior replaced (%)", title=f"first {int(k)} words of the reference")
    panels[0][0].set_ylabel("mean chrF++ of what follows")
    panels[0][-1].legend(fontsize=7)
    figure.suptitle(f"How good must a prior be? {label}; 95 % intervals", fontsize=9)
    return figure


def units_curves(rows: Sequence[Row], label: str) -> Figure:
    """Draw the score against the number of units of a prior: whole answers, and what follows the prior.

    Args:
        rows: Of the table of units, one foundation's.
        label: The foundation's label.
    """
    figure, panels = plt.subplots(1, 2, figsize=(8.4, 3.6), layout="constrained", sharey=True)
    alone = next(row for row in rows if row["kind"] == "none")
    for axes, unit in zip(panels, ("token", "word"), strict=True):
        for kind in ("pseudo", "refined", "sft", "oracle"):
            own = [row for row in rows if row["kind"] == kind and row["k_unit"] == unit]
            if own:
                drawn = [alone, *own]
                ks, means = [row["k"] for row in drawn], [row["mean"] for row in drawn]
                axes.errorbar(ks, means, _errors(drawn, "mean"), **_style(kind))
                color, marker = STYLES[kind]
                dotted: dict[str, Any] = {
                    "color": color,
                    "marker": marker,
                    "markersize": 3,
                    "capsize": 2,
                    "linewidth": 1,
                    "linestyle": ":",
                }
                axes.errorbar(ks, [row["rest"] for row in drawn], _errors(drawn, "rest"), **dotted)
        axes.set(xlabel=f"{unit}s given", xticks=sorted({int(row["k"]) for row in rows}))
    panels[0].set_ylabel("mean chrF++")
    panels[0].legend(fontsize=8, title="dotted: without the prior", title_fontsize=8)
    figure.suptitle(f"How many units of a prior? {label}; 95 % intervals", fontsize=9)
    return figure


def headline(rows: Sequence[Row], label: str) -> Figure:
    """Draw the paper's headline: share of SFT by task and prior.

    Args:
        rows: Of the overview table, one foundation's.
        label: The foundation's label.
    """
    figure, axes = plt.subplots(figsize=(7, 3.8), layout="constrained")
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    for n, kind in enumerate(KINDS):
        own: dict[int, Row] = {}
        for row in rows:
            if row["kind"] == kind and row["prompt"] == "zero-shot" and row["share"] is not None:
                own.setdefault(tasks.index(row["task"]), row)
        places = [task + 0.16 * (n - 2) for task in own]
        style: dict[str, Any] = {
            "color": STYLES[kind][0],
            "hatch": ("", "//", "..", "xx", "++")[n],
            "label": kind,
            "alpha": 0.85,
        }
        drawn, edges = list(own.values()), dict[str, Any](edgecolor="black", linewidth=0.5, capsize=2)
        axes.bar(places, [row["share"] for row in drawn], 0.15, yerr=_errors(drawn, "share"), **style, **edges)
        told = [(place, row["paper"]) for place, row in zip(places, drawn, strict=True) if row["paper"] is not None]
        for place, paper in told:
            axes.plot(place, paper, "_", color="#7F7F7F" if kind == "none" else "black", markersize=12, mew=2)
    axes.plot([], [], "k_", markersize=10, markeredgewidth=2, label="paper, 7B models")
    axes.axhline(100, color="#555555", linewidth=0.8)
    axes.set_xticks(range(len(tasks)), tasks)
    axes.set_xlim(-0.5, len(tasks) - 0.5)
    axes.set_ylabel("share of the SFT model's score (%)")
    axes.legend(fontsize=8, ncols=2)
    axes.set_title(f"{label}: one or two units of each prior, no examples; 95 % intervals", fontsize=9)
    return figure


def off_target(rows: Sequence[Row], label: str) -> Figure:
    """Draw how often continuations are in another language, by system, with 95 % Wilson intervals.

    Args:
        rows: Of the main table, one foundation's, one metric's.
        label: The foundation's label.
    """
    own = [row for row in rows if row["off_target"] is not None]
    figure, axes = plt.subplots(figsize=(6, 0.18 * len(own) + 0.9), layout="constrained")
    names = []
    for row in own:
        parts = [row["model"].replace("foundation", ""), row["prompt"].replace("zero-shot", ""), row["kind"]]
        units = f"{int(row['k'])} {row['k_unit']}{'s' if row['k'] > 1 else ''}"
        parts += [row["variant"], units if row["k"] else ""]
        names.append(" ".join(part for part in parts if part))
    errors = []
    for row in own:
        answers = int(row["n"]) * sum(name.endswith(" share") and "-" in name for name in row)  # of all directions
        ends = binomtest(round(row["off_target"] * answers), answers).proportion_ci(method="wilson")
        errors.append([100 * max(0, row["off_target"] - ends.low), 100 * max(0, ends.high - row["off_target"])])
    colors = [STYLES.get(row["kind"], ("#BBBBBB", ""))[0] for row in own]
    rates = [100 * row["off_target"] for row in own]
    style: dict[str, Any] = {"edgecolor": "black", "linewidth": 0.3, "error_kw": {"elinewidth": 0.8, "capsize": 1.5}}
    axes.barh(range(len(own)), rates, xerr=list(zip(*errors, strict=True)), color=colors, **style)
    axes.set_yticks(range(len(own)), names, fontsize=7)
    axes.margins(y=0.01)
    axes.invert_yaxis()
    axes.set(xlabel="continuations not in the target language (%)", xlim=(0, 100))
    axes.set_title(f"Off-target outputs of {label}; 95 % intervals", fontsize=8)
    return figure


def cost(tables: Mapping[str, Sequence[Row]], label: str) -> Figure:
    """Draw the share of SFT against what it costs: preparation once, and time per prior.

    Args:
        tables: By task the rows of its cost table, one foundation's.
        label: The foundation's label.
    """
    size = (7.4, 2.5 * len(tables) + 0.5)
    figure, panels = plt.subplots(len(tables), 2, figsize=size, layout="constrained", squeeze=False, sharey="row")
    columns = (("training seconds", "preparation (s, once)"), ("seconds per prior", "added latency (s per prior)"))
    for line, (task, rows) in zip(panels, tables.items(), strict=True):
        for axes, (column, title) in zip(line, columns, strict=True):
            for row in rows:
                if row["share"] is None:
                    continue
                if row["system"] == "sft model":  # trained as its priors are, with none to wait for
                    color, marker = STYLES["sft"]
                    axes.plot(row["training seconds"] if axes is line[0] else 0, 100, marker, color=color, mfc="none")
                    continue
                errors = _errors([row], "share")
                style = {**_style(row["system"].removesuffix(" prior")), "label": row["system"], "linestyle": ""}
                axes.errorbar([row[column]], [row["share"]], errors, **style)
            axes.plot([], [], STYLES["sft"][1], color=STYLES["sft"][0], mfc="none", label="sft model")
            axes.set_xscale("symlog", linthresh=1 if axes is line[0] else 0.01)
            axes.set_xlim(left=-0.2 if axes is line[0] else -0.002)
            axes.axhline(100, color="#555555", linewidth=0.8)
            axes.set_xlabel(title)
        line[0].set_ylabel(f"{task}\nshare of SFT (%)")
    figure.legend(*panels[0][0].get_legend_handles_labels(), fontsize=8, ncols=6, loc="outside lower center")
    figure.suptitle(f"Score against cost, {label}; 95 % intervals", fontsize=9)
    return figure


def scale(rows: Sequence[Row], labels: Mapping[str, str]) -> Figure:
    """Draw the share of SFT against the number of parameters, a panel per task.

    Args:
        rows: Of the scale table.
        labels: By foundation its label.
    """
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    size = (4.0 * len(tasks) + 0.6, 3.6)
    figure, panels = plt.subplots(1, len(tasks), figsize=size, layout="constrained", sharey=True, squeeze=False)
    sizes = {row["foundation"]: row["parameters"] for row in rows}
    for axes, task in zip(panels[0], tasks, strict=True):
        for kind in dict.fromkeys(row["kind"] for row in rows):
            own = [row for row in rows if row["task"] == task and row["kind"] == kind and row["share"] is not None]
            if own:
                shares = [row["share"] for row in own]
                axes.errorbar([row["parameters"] for row in own], shares, _errors(own, "share"), **_style(kind))
        axes.axhline(100, color="#555555", linewidth=0.8)
        axes.set_xscale("log")
        axes.set_xticks(list(sizes.values()), [labels[name] for name in sizes], rotation=30, ha="right", fontsize=7)
        axes.minorticks_off()
        axes.set(xlabel="parameters of the foundation", title=task)
    panels[0][0].set_ylabel("share of the SFT model's score (%)")
    panels[0][0].legend(fontsize=8)
    figure.suptitle("Share of SFT by size; 95 % intervals", fontsize=9)
    return figure
