"""Figures, as SVG and PNG; the same data give the same bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from prefixyarn.records import atomic

matplotlib.rcParams.update({"svg.hashsalt": "prefixyarn", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3})
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
