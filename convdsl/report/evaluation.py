"""The figures of an evaluation in the terminal: a table for classes, labels or regions, and a line for the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from convdsl.algebra.numbers import grouped
from convdsl.messages import Grouped, Rounded, T, decimals
from convdsl.report.diagnostics import clean
from convdsl.training.intervals import wilson
from convdsl.training.metrics import Classes, Figures, Labels, PerClass, Pictures, Regions, Values

WORST = 10
"""Classes shown of many."""
SQUARE = 12
"""Most classes of which the confusions are shown."""
UNEVEN = 1.5
"""From this ratio of the largest class to the smallest on, accuracy alone may mislead."""


def show_evaluation(out: Console, figures: Figures, where: T | None = None) -> None:
    """Prints all that there is to say about answers to images: those of the test, or `where` says."""
    match figures:
        case Classes():
            out.print(class_table(figures, out.width))
        case Regions():
            out.print(region_table(figures))
        case Labels():
            out.print(label_table(figures))
    if where is not None:
        out.print(Text(clean(str(where))), soft_wrap=True)
    for line in summary(figures):
        out.print(line, soft_wrap=True)


def images(count: int) -> T:
    """`one image`, `1,000 images`."""
    return T("one image", "{n} images", n=Grouped(count))


def summary(figures: Figures) -> list[Text]:
    """The figures of the whole, line by line."""
    match figures:
        case Classes():
            count = sum(c.images for c in figures.classes)
            low, high = wilson(figures.accuracy * count, count)
            lines = [
                Text.assemble(
                    str(T("test accuracy")),
                    " ",
                    (percent(figures.accuracy), "bold green"),
                    str(
                        T(
                            ", 95 % interval {low} to {high}, loss {loss}, on {images}",
                            low=percent(low),
                            high=percent(high),
                            loss=Rounded(figures.loss, ".4f"),
                            images=images(count),
                        )
                    ),
                )
            ]
            sizes = [c.images for c in figures.classes if c.images]
            if sizes and max(sizes) >= UNEVEN * min(sizes):
                balanced = T("balanced accuracy {share}, the mean of the classes' recall",
                             share=percent(figures.balanced_accuracy))  # fmt: skip
                lines.append(Text(str(balanced)))
            return lines
        case Regions():
            return [
                Text.assemble(
                    str(T("mean IoU")),
                    " ",
                    (decimals(f"{figures.mean_iou:.3f}"), "bold green"),
                    str(
                        T(
                            ", {share} of the pixels right, loss {loss}, on {images}",
                            share=percent(figures.accuracy),
                            loss=Rounded(figures.loss, ".4f"),
                            images=images(figures.images),
                        )
                    ),
                )
            ]
        case Labels():
            return [
                Text.assemble(
                    (percent(figures.accuracy), "bold green"),
                    str(
                        T(
                            " of the labels right, all of them in {exact} of the images, mean F1 {f1}, loss {loss}, "
                            "on {images}",
                            exact=percent(figures.exact),
                            f1=percent(figures.macro_f1),
                            loss=Rounded(figures.loss, ".4f"),
                            images=images(figures.images),
                        )
                    ),
                )
            ]
        case Pictures():
            psnr = T("exact") if figures.psnr is None else decimals(f"{figures.psnr:.2f} dB")
            return [
                Text(
                    str(
                        T(
                            "PSNR {psnr}, mean squared error {mse}, mean absolute error {mae}, on {images}",
                            psnr=psnr,
                            mse=Rounded(figures.mse, ".4g"),
                            mae=Rounded(figures.mae, ".4g"),
                            images=images(figures.images),
                        )
                    )
                )
            ]
    return [Text(line) for line in _values(figures)]


def _values(figures: Values) -> list[str]:
    """A regression; R² only where it means something."""
    errors = T(
        "on the test images: mean squared error {mse}, mean absolute error {mae}",
        mse=Rounded(figures.mse, ".4g"),
        mae=Rounded(figures.mae, ".4g"),
    )
    why = without_meaning(figures)
    return [f"{errors}, R² {decimals(f'{figures.r2:.3f}')}"] if why is None else [str(errors), str(why)]


def without_meaning(figures: Values) -> T | None:
    """Why R² is not given; None where it is."""
    if figures.r2 is None:
        return T("All targets are the same, so R² has no meaning.")
    if figures.r2 < 0:
        return T(
            "That is worse than always answering the mean of the targets (mean squared error {mse}): R² has no meaning.",
            mse=Rounded(figures.spread, ".4g"),
        )
    return None


def class_table(figures: Classes, width: int) -> Table:
    """Precision, recall and F1 of every class, the worst first where there are many; with the confusions of a few."""
    shown = list(enumerate(figures.classes))
    title = None
    if len(shown) > SQUARE:
        shown = sorted(shown, key=lambda c: c[1].f1)[:WORST]
        title = str(T("the {n} classes with the lowest F1", n=WORST))
    square = len(figures.classes) <= SQUARE and width >= 62 + 5 * len(figures.classes)
    table = _table([T("images"), T("precision"), T("recall"), "F1"], title)
    for number in range(len(figures.classes) if square else 0):
        table.add_column(f"→{number}", justify="right", style="dim")
    if not square:
        table.add_column(str(T("most often taken for")), overflow="fold")
    for number, one in shown:
        row: Sequence[Any] = [
            str(number),
            clean(one.name),
            grouped(one.images),
            *(percent(share) if one.images else "–" for share in (one.precision, one.recall, one.f1)),
        ]
        if square:
            counts = figures.confusion[number]
            rest = [Text(str(n or "·"), "bold green" if j == number else "") for j, n in enumerate(counts)]
        else:
            rest = [Text(_confused(one))]
        table.add_row(*row, *rest)
    return table


def region_table(figures: Regions) -> Table:
    """Intersection over union, precision and recall of the pixels of every class, the worst of many."""
    shown = list(enumerate(figures.classes))
    title = None
    if len(shown) > SQUARE:
        shown = sorted(shown, key=lambda c: c[1].iou)[:WORST]
        title = str(T("the {n} classes with the lowest IoU", n=WORST))
    table = _table([T("pixels"), "IoU", T("precision"), T("recall")], title)
    for number, one in shown:
        shares = (decimals(f"{one.iou:.3f}"), percent(one.precision), percent(one.recall))
        table.add_row(str(number), clean(one.name), grouped(one.pixels), *shares)
    return table


def label_table(figures: Labels) -> Table:
    """The figures of each label; the area under its ROC curve, and a threshold chosen on the validation images."""
    table = _table([T("images"), T("precision"), T("recall"), "F1", "AUC", T("threshold"), T("F1 there")], None)
    for number, one in enumerate(figures.labels):
        table.add_row(
            str(number),
            clean(one.name),
            grouped(one.images),
            *map(percent, (one.precision, one.recall, one.f1)),
            "–" if one.auc is None else decimals(f"{one.auc:.3f}"),
            "–" if one.threshold is None else decimals(f"{one.threshold:.3f}"),
            "–" if one.f1_at_threshold is None else percent(one.f1_at_threshold),
        )
    return table


def _table(headings: Sequence[Any], title: str | None) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), title=title, title_justify="left", title_style=""
    )
    table.add_column("#", justify="right", style="dim")
    table.add_column(str(T("class")), overflow="fold")
    for heading in headings:
        table.add_column(str(heading), justify="right")
    return table


def _confused(one: PerClass) -> str:
    return f"{clean(one.confused[0])} ({one.confused[1]})" if one.confused else ""


def percent(share: float) -> str:
    """`87.3 %`."""
    return decimals(f"{100 * share:.1f} %")
