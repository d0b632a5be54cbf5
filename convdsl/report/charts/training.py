"""The charts of a training: its curves, how far probabilities can be trusted, numbers beside what they should be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from convdsl.drawing.themes import Theme
from convdsl.messages import T, decimals
from convdsl.report.charts.canvas import PAINTS, SERIES, Chart
from convdsl.training.events import EpochRecord
from convdsl.training.inspecting import Bin

_MARKED = 40
"""Most epochs that are marked with a dot each."""
MOST_POINTS = 500
"""Of a cloud; of more, some are drawn."""
MEASURES = (
    ("val_iou", T("mean IoU")),
    ("val_psnr", T("PSNR")),
    ("val_f1", T("mean F1")),
    ("val_balanced_accuracy", T("balanced accuracy")),
)
"""The figures of a validation part beside loss and accuracy."""


def numbers(axis: Any, whole: bool = False) -> None:
    """Numbers along an axis as people write them in the language in use."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: decimals(f"{value:.6g}")))
    if whole:
        axis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))


def shares(axis: Any) -> None:
    """The same for shares, in percent."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: decimals(f"{100 * value:.4g} %")))


def curves(history: Sequence[EpochRecord], best: int, title: str, about: str, colours: Theme | None = None) -> str:
    """Loss, accuracy and learning rate of each epoch as SVG; `best` is the epoch that early stopping went back to, or 0."""
    panels = list(_panels(history))
    with Chart(660, 350, 2, len(panels), height_ratios=[3.0, 1.0]) as chart:
        for axes, (name, _, lines) in zip(chart.axes, panels, strict=False):
            axes.set_title(name)
            for (gid, label, values), role in zip(lines, SERIES, strict=False):
                axes.plot(*_places(history, values), label=label, color=PAINTS[role], gid=gid, **_dots(history))
            if any("accuracy" in gid for gid, _, _ in lines):
                shares(axes.yaxis)
            else:
                numbers(axes.yaxis)
            _epochs(axes, history, best)
            if len(lines) > 1 or best:
                axes.legend(fontsize=8.5)
        for axes in chart.axes[len(panels) :]:
            axes.remove()
        rate = chart.figure.add_subplot(chart.axes[0].get_gridspec()[1, :])
        rate.plot(*_places(history, [r.lr for r in history]), color=PAINTS["line:dense"], gid="rate", **_dots(history))
        rate.set_title(str(T("learning rate")))
        rate.set_xlabel(str(T("epoch")))
        rate.set_ylim(bottom=0)
        numbers(rate.yaxis)
        _epochs(rate, history, best)
        return chart.svg(title, about, colours)


def _panels(history: Sequence[EpochRecord]) -> Any:
    """What is drawn side by side: a name, how it is written, and lines with a name for the file, a label and values."""

    def line(gid: str, label: Any, name: str) -> Any:
        values = [getattr(record, name) for record in history]
        return [(gid, str(label), values)] if any(v is not None for v in values) else []

    train, watched = T("training"), T("validation")
    yield str(T("loss")), "", [*line("loss", train, "loss"), *line("validation-loss", watched, "val_loss")]
    right = [*line("accuracy", train, "accuracy"), *line("validation-accuracy", watched, "val_accuracy")]
    if right:
        yield str(T("accuracy")), "%", right
    for name, label in MEASURES:
        if found := line(name.replace("_", "-"), label, name):
            yield f"{label}, {watched}", "", found


def _places(history: Sequence[EpochRecord], values: Sequence[float | None]) -> tuple[list[int], list[float]]:
    known = [(r.epoch, v) for r, v in zip(history, values, strict=True) if v is not None and np.isfinite(v)]
    return [epoch for epoch, _ in known], [value for _, value in known]


def _dots(history: Sequence[EpochRecord]) -> dict[str, Any]:
    return {"marker": "o"} if len(history) <= _MARKED else {}


def _epochs(axes: Any, history: Sequence[EpochRecord], best: int) -> None:
    numbers(axes.xaxis, whole=True)
    axes.set_xlim(0.5, max(history[-1].epoch, 1) + 0.5)
    if best:
        label = str(T("best epoch"))
        axes.axvline(best, color=PAINTS["muted"], linestyle="--", linewidth=1.2, label=label, gid="best-epoch")


def calibration(bins: Sequence[Bin], title: str, about: str) -> str:
    """Shares of right answers beside the probabilities that were given."""
    with Chart(380, 320, 2, 1, height_ratios=[3.0, 1.0], sharex=True) as chart:
        above, below = chart.axes
        above.plot([0, 1], [0, 1], color=PAINTS["muted"], linestyle="--", linewidth=1.2)
        places = [b.probability for b in bins]
        above.plot(places, [b.right for b in bins], color=PAINTS["line:conv"], marker="o", gid="calibration")
        above.set_ylabel(str(T("right")))
        above.set_ylim(-0.02, 1.05)
        below.bar([(b.low + b.high) / 2 for b in bins], [b.answers for b in bins], width=0.094, linewidth=0,
                  color=PAINTS["line:conv"])  # fmt: skip
        below.set_xlabel(str(T("probability given")))
        below.set_ylabel(str(T("answers")))
        below.set_xlim(0, 1)
        shares(above.yaxis)
        shares(below.xaxis)
        numbers(below.yaxis, whole=True)
        below.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=3, min_n_ticks=1))
        return chart.svg(title, about)


def cloud(true: np.ndarray, said: np.ndarray, title: str, about: str, most: int = 4) -> str:
    """Numbers that were answered beside those they should be, (n, outputs) both; of each output a chart, of `most`."""
    outputs = min(true.shape[1], most)
    step = -(-len(true) // MOST_POINTS)
    with Chart(320 * outputs if outputs < 3 else 900, 320, 1, outputs) as chart:
        for number, axes in enumerate(chart.axes):
            x, y = true[::step, number], said[::step, number]
            ends = [float(min(x.min(), y.min())), float(max(x.max(), y.max()))]
            axes.plot(ends, ends, color=PAINTS["muted"], linestyle="--", linewidth=1.2)
            axes.plot(
                x,
                y,
                "o",
                color=PAINTS["line:conv"],
                markersize=3.4,
                markeredgewidth=0,
                alpha=0.7,
                gid=f"points-{number}",
            )
            axes.set_xlabel(str(T("target")))
            if outputs > 1:
                axes.set_title(str(T("output {number}", number=number + 1)))
            numbers(axes.xaxis)
            numbers(axes.yaxis)
        chart.axes[0].set_ylabel(str(T("answer")))
        return chart.svg(title, about)


def spread(values: np.ndarray, label: str, title: str, about: str) -> str:
    """How often each size of a figure occurs."""
    with Chart(420, 240) as chart:
        (axes,) = chart.axes
        axes.hist(values[np.isfinite(values)], bins=24, color=PAINTS["line:conv"], linewidth=0)
        axes.set_xlabel(label)
        axes.set_ylabel(str(T("images")))
        numbers(axes.xaxis)
        numbers(axes.yaxis, whole=True)
        return chart.svg(title, about)
