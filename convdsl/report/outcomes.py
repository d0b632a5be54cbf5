"""Figures of a trained network with how far they may be from the truth, alone and beside others."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Any, TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from convdsl.messages import Rounded, T, decimals
from convdsl.report.diagnostics import clean
from convdsl.report.evaluation import class_table, images, percent, without_meaning
from convdsl.report.predictions import cell
from convdsl.training.intervals import wilson
from convdsl.training.metrics import Classes, Figures, Labels, Pictures, Regions, Values


def print_figures(out: Console, figures: Classes | Values, count: int, data: str, part: object) -> None:
    """The classes, and the accuracy with its interval; or the figures of numbers."""
    if isinstance(figures, Values):
        line = T(
            "on {images} of {data} ({part}): mean squared error {mse}, mean absolute error {mae}",
            images=images(count),
            data=clean(data),
            part=part,
            mse=Rounded(figures.mse, ".4g"),
            mae=Rounded(figures.mae, ".4g"),
        )
        why = without_meaning(figures)
        out.print(f"{line}\n{why}" if why else f"{line}, R² {decimals(f'{figures.r2:.3f}')}", soft_wrap=True)
        return
    out.print(class_table(figures, out.width))
    low, high = wilson(figures.accuracy * count, count)
    out.print(
        Text.assemble(
            str(T("accuracy")), " ", (percent(figures.accuracy), "bold green"), " ",
            str(T("({low} to {high}), loss {loss}, on {images} of {data} ({part})",
                  low=percent(low), high=percent(high), loss=Rounded(figures.loss, ".4f"), images=images(count), data=clean(data),
                  part=part)),
        ),
        soft_wrap=True,
    )  # fmt: skip


def interval_data(figures: Figures, count: int) -> dict[str, Any]:
    """The ends of the accuracy's interval of 95 % (Wilson's), as JSON can hold it."""
    return {"accuracy_95": list(wilson(figures.accuracy * count, count))} if isinstance(figures, Classes) else {}


def print_table(out: TextIO, figures: Figures) -> None:
    """The figures as CSV: a line for each class or label, or one for the whole."""
    rows = csv.writer(out, lineterminator="\n")
    if isinstance(figures, (Values, Pictures)):
        rows.writerows((figures._fields, ["" if value is None else f"{value:.6g}" for value in figures]))
        return
    shares: tuple[tuple[str, str], ...] = (
        (str(T("precision")), "precision"),
        (str(T("recall")), "recall"),
        ("F1", "f1"),
    )
    counted, each = (T("images"), "images"), figures.labels if isinstance(figures, Labels) else figures.classes
    if isinstance(figures, Regions):
        counted, shares = (T("pixels"), "pixels"), (("IoU", "iou"), *shares[:2])
    elif isinstance(figures, Labels):
        shares = (*shares, ("AUC", "auc"))
    rows.writerow([str(T("class")), str(counted[0]), *(head for head, _ in shares)])
    for one in each:
        values = (getattr(one, name) for _, name in shares)
        rows.writerow([cell(one.name), getattr(one, counted[1]), *("" if v is None else f"{v:.6g}" for v in values)])


def main_of(figures: Figures) -> tuple[str, ...]:
    """The names of the figures that stand for all, the first of them first."""
    match figures:
        case Classes():
            return ("accuracy",)
        case Labels():
            return ("accuracy", "exact", "macro_f1")
        case Regions():
            return ("mean_iou", "accuracy")
        case Pictures():
            return ("psnr", "mse", "mae")
    return ("mse", "mae", "r2")


_HEADINGS = {
    "accuracy": T("right"),
    "exact": T("all of them right"),
    "macro_f1": T("mean F1"),
    "mean_iou": T("mean IoU"),
    "psnr": T("PSNR"),
    "mse": T("squared error"),
    "mae": T("absolute error"),
    "r2": T("R²"),
}


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    return percent(value) if name in ("accuracy", "exact", "macro_f1") else decimals(f"{value:.4g}")


def print_members(
    out: Console, names: Sequence[str], weights: Sequence[float], figures: Sequence[Figures], count: int
) -> None:
    """The members of an ensemble and, last of the figures, the ensemble; each accuracy of classes with its interval."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column(str(T("member")), overflow="fold")
    shown = main_of(figures[0])
    classes = isinstance(figures[0], Classes)
    headings = [T("accuracy"), T("95 % interval")] if classes else [_HEADINGS[name] for name in shown]
    for heading in (T("weight"), *headings):
        table.add_column(str(heading), justify="right")

    def row(one: Figures) -> list[str]:
        cells = [_shown(name, getattr(one, name)) for name in shown]
        return [*cells, _interval(one.accuracy, count)] if isinstance(one, Classes) else cells

    for name, weight, one in zip(names, weights, figures[:-1], strict=True):
        table.add_row(clean(name), decimals(f"{weight:.3f}"), *row(one))
    table.add_section()
    first, *rest = row(figures[-1])
    table.add_row(Text(str(T("together")), "bold"), "", Text(first, "bold green"), *rest)
    out.print(table)


def _interval(accuracy: float, count: int) -> str:
    low, high = wilson(accuracy * count, count)
    return str(T("{low} to {high}", low=percent(low), high=percent(high)))


_WHAT = {
    "classes": T("images"),
    "labels": T("labels"),
    "map": T("pixels"),
}


def gain_line(kind: str, gain: tuple[float, float, float], best: str) -> str:
    """What an ensemble has over its best member, and whether that is more than chance: in points of right answers, or in
    mean squared error."""
    if kind in _WHAT:
        digits = "+.1f" if kind == "classes" else "+.2f"
        one, low, high = (decimals(format(100 * v, digits)) for v in gain)
        much = T("{points} points of the {what} right ({low} to {high})",
                 points=one, low=low, high=high, what=_WHAT[kind])  # fmt: skip
    else:
        one, high, low = (decimals(f"{-v:+.3g}") for v in gain)
        much = T("{error} in mean squared error ({low} to {high})", error=one, low=low, high=high)
    values: dict[str, Any] = {"best": clean(best), "much": much}
    if gain[1] > 0:
        return str(T("Together they are better than their best member, {best}: {much}.", **values))
    if gain[2] < 0:
        return str(T("Together they are worse than their best member, {best}: {much}.", **values))
    return str(
        T(
            "Whether they are better together than their best member, {best}, these images do not tell: {much}.",
            **values,
        )
    )
