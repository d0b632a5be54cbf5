"""Figures of a trained network with how far they may be from the truth, alone and beside others."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Any, TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from convdsl.messages import T
from convdsl.report.diagnostics import clean
from convdsl.report.evaluation import class_table, percent
from convdsl.report.numbers import grouped
from convdsl.report.predictions import cell
from convdsl.training.intervals import wilson
from convdsl.training.metrics import Classes, Values


def print_figures(out: Console, figures: Classes | Values, count: int, data: str, part: object) -> None:
    """The classes, and the accuracy with its interval; or the figures of numbers."""
    if isinstance(figures, Values):
        line = T(
            "on {n} images of {data} ({part}): mean squared error {mse}, mean absolute error {mae}",
            n=grouped(count),
            data=clean(data),
            part=part,
            mse=f"{figures.mse:.4g}",
            mae=f"{figures.mae:.4g}",
        )
        means_something = figures.r2 is not None and figures.r2 >= 0
        out.print(f"{line}, R² {figures.r2:.3f}" if means_something else str(line), soft_wrap=True)  # fmt: skip
        return
    out.print(class_table(figures, out.width))
    low, high = wilson(figures.accuracy * count, count)
    out.print(
        Text.assemble(
            str(T("accuracy")), " ", (percent(figures.accuracy), "bold green"), " ",
            str(T("({low} to {high}), loss {loss}, on {n} images of {data} ({part})",
                  low=percent(low), high=percent(high), loss=f"{figures.loss:.4f}", n=grouped(count), data=clean(data),
                  part=part)),
        ),
        soft_wrap=True,
    )  # fmt: skip


def interval_data(figures: Classes | Values, count: int) -> dict[str, Any]:
    """The ends of the accuracy's interval of 95 % (Wilson's), as JSON can hold it."""
    return {} if isinstance(figures, Values) else {"accuracy_95": list(wilson(figures.accuracy * count, count))}


def print_table(out: TextIO, figures: Classes | Values) -> None:
    """The figures as CSV."""
    rows = csv.writer(out, lineterminator="\n")
    if isinstance(figures, Values):
        rows.writerows((figures._fields, ["" if value is None else f"{value:.6g}" for value in figures]))
        return
    rows.writerow([str(T("class")), str(T("images")), str(T("precision")), str(T("recall")), "F1"])
    rows.writerows(
        [cell(c.name), c.images, f"{c.precision:.6g}", f"{c.recall:.6g}", f"{c.f1:.6g}"] for c in figures.classes
    )


def print_members(
    out: Console, names: Sequence[str], weights: Sequence[float], accuracies: Sequence[float], whole: float, count: int
) -> None:
    """The members of an ensemble and the ensemble, each accuracy with its interval."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column(str(T("member")), overflow="fold")
    for heading in (T("weight"), T("accuracy"), T("95 % interval")):
        table.add_column(str(heading), justify="right")
    for name, weight, accuracy in zip(names, weights, accuracies, strict=True):
        table.add_row(clean(name), f"{weight:.3f}", percent(accuracy), _interval(accuracy, count))
    table.add_section()
    table.add_row(Text(str(T("together")), "bold"), "", Text(percent(whole), "bold green"), _interval(whole, count))
    out.print(table)


def _interval(accuracy: float, count: int) -> str:
    low, high = wilson(accuracy * count, count)
    return str(T("{low} to {high}", low=percent(low), high=percent(high)))


def gain_line(gain: tuple[float, float, float], best: str) -> str:
    """What an ensemble has over its best member, and whether that is more than chance."""
    values = {
        "points": f"{100 * gain[0]:+.1f}",
        "low": f"{100 * gain[1]:+.1f}",
        "high": f"{100 * gain[2]:+.1f}",
        "best": clean(best),
    }
    if gain[1] > 0:
        return str(
            T(
                "Together they are better than their best member, {best}: by {points} points ({low} to {high}).",
                **values,
            )
        )
    if gain[2] < 0:
        return str(
            T("Together they are worse than their best member, {best}: by {points} points ({low} to {high}).", **values)
        )
    return str(T("Whether they are better together than their best member, {best}, these images do not tell: {points} points "
                 "({low} to {high}).", **values))  # fmt: skip
