"""Runs in a table, and the means over seeds."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Any, TextIO

from rich import box
from rich.console import Console
from rich.table import Table

from convdsl.messages import T
from convdsl.report.diagnostics import clean
from convdsl.report.evaluation import percent
from convdsl.report.numbers import grouped
from convdsl.report.predictions import cell
from convdsl.training.comparing import Mean
from convdsl.training.runs import Group, Run, differences, main_figures

_SHARES = ("accuracy", "val_accuracy", "balanced_accuracy", "mean_iou", "macro_f1")
_HEADINGS = {
    "network": T("network"),
    "data": T("data"),
    "accuracy": T("test accuracy"),
    "val_accuracy": T("validation accuracy"),
    "balanced_accuracy": T("balanced accuracy"),
    "mean_iou": T("mean IoU"),
    "psnr": T("PSNR"),
    "mse": T("squared error"),
    "mae": T("absolute error"),
    "r2": T("R²"),
    "loss": T("test loss"),
}


def print_runs(out: Console, runs: Sequence[Run], repeated: Sequence[Group]) -> None:
    """A line for each run; below, the means of those that differ in their seed only."""
    differ, figures = differences(runs), main_figures(runs)
    shown_differ = {name: values for name, values in differ.items() if name != "epochs"}  # those done have a column
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column(str(T("run")), overflow="fold")
    for name in shown_differ:
        table.add_column(str(_HEADINGS.get(name, name)), overflow="fold")
    seeds = len({run.seed for run in runs}) > 1
    for heading, wanted in ((T("seed"), seeds), (T("epochs"), True), (T("parameters"), True)):
        if wanted:
            table.add_column(str(heading), justify="right")
    for name in figures:
        table.add_column(str(_HEADINGS[name]), justify="right")
    for number, run in enumerate(runs):
        row = [clean(str(run.path)), *(clean(values[number]) for values in shown_differ.values())]
        row += [str(run.seed) if run.seed is not None else "–"] if seeds else []
        row += [str(run.epochs or "–"), "–" if run.params is None else grouped(run.params)]
        table.add_row(*row, *(shown(name, run.figures.get(name)) for name in figures))
    out.print(table)
    for group in repeated:
        _print_group(out, group, [name for name in figures if name in group.means], differ, runs)
    if any(not run.finished for run in runs):
        out.print(str(T("A dash: the run has not come to its end.")), style="dim")


def _print_group(
    out: Console, group: Group, names: Sequence[str], differ: dict[str, list[str]], runs: Sequence[Run]
) -> None:
    number = next(i for i, run in enumerate(runs) if run.path == group.runs[0].path)
    what = ", ".join(
        f"{_HEADINGS.get(name, name)} {clean(values[number])}" for name, values in differ.items() if values[number]
    )
    figures = ", ".join(f"{_HEADINGS[name]} {mean_text(name, group.means[name])}" for name in names)
    head = T("{n} seeds", n=len(group.runs))
    out.print(f"{head}{f' ({what})' if what else ''}: {figures}", soft_wrap=not out.is_terminal)


def mean_text(name: str, mean: Mean) -> str:
    """`0.883 ± 0.004`, shares in percent: the mean and half of its interval of 95 %."""
    if mean.half is None:
        return shown(name, mean.value)
    if name in _SHARES:
        return f"{100 * mean.value:.2f} ± {100 * mean.half:.2f} %"
    return f"{mean.value:.4g} ± {mean.half:.2g}"


def shown(name: str, value: float | None) -> str:
    """A figure; shares in percent, a dash where there is none."""
    if value is None:
        return "–"
    return percent(value) if name in _SHARES else f"{value:.4g}"


def print_csv(out: TextIO, runs: Sequence[Run]) -> None:
    """The table for spreadsheets; figures as they are."""
    differ, figures = differences(runs), main_figures(runs)
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["run", *differ, "seed", "epochs", "params", *figures])
    for number, run in enumerate(runs):
        facts = [run.seed, run.epochs, run.params, *(run.figures.get(name) for name in figures)]
        rows.writerow(
            [cell(str(run.path)), *(cell(v[number]) for v in differ.values()), *("" if f is None else f for f in facts)]
        )


def runs_data(runs: Sequence[Run], repeated: Sequence[Group]) -> dict[str, Any]:
    """All of it as JSON can hold it."""
    differ = differences(runs)
    return {
        "runs": [
            {
                "run": str(run.path),
                "differs": {name: values[number] for name, values in differ.items()},
                "seed": run.seed,
                "epochs": run.epochs,
                "params": run.params,
                "members": run.members or None,
                "figures": dict(run.figures),
            }
            for number, run in enumerate(runs)
        ],
        "seeds": [
            {
                "runs": [str(run.path) for run in group.runs],
                "means": {n: {"mean": m.value, "half_95": m.half} for n, m in group.means.items()},
            }
            for group in repeated
        ],
    }
