"""Runs in a table, and the means over seeds."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from convdsl.algebra.numbers import grouped
from convdsl.messages import T, decimals
from convdsl.report.diagnostics import clean
from convdsl.report.evaluation import percent
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


SHORT = 30
"""The longest difference between networks that is written out; else the networks are named."""
GAP = 3
"""Between two columns."""
ROOM = 20
"""Columns that paths and differences keep in a narrow terminal, where figures give way."""
FEW = 3
"""So few runs have a wide interval."""


def print_runs(out: Console, runs: Sequence[Run], repeated: Sequence[Group]) -> None:
    """A line for each run; below, the means of those that differ in their seed only."""
    differ, figures = differences(runs), main_figures(runs)
    told = {name: values for name, values in differ.items() if name != "epochs"}  # those done have a column
    if max(map(cell_len, told.get("network", ("",)))) > SHORT:
        told["network"] = [run.name for run in runs]
    columns, left = _columns(runs, told, figures, out.width)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for one in columns:
        table.add_column(one.heading, justify="left" if one.words else "right", overflow="fold", width=one.width)
    for row in zip(*(one.cells for one in columns), strict=True):
        table.add_row(*row)
    out.print(table)
    if left:
        names = ", ".join(str(_HEADINGS[name]) for name in left)
        out.print(str(T("Left out for want of room: {names}. `--csv` has all.", names=names)), style="dim")
    for group in repeated:
        _print_group(out, group, [name for name in figures if name in group.means], told, runs)
    if repeated and (few := min(len(group.runs) for group in repeated)) <= FEW:
        wide = T(
            "An interval of {n} runs is wide, because so few tell little of their spread; five or more make it narrower.",
            n=few,
        )
        out.print(str(wide), style="dim", soft_wrap=not out.is_terminal)
    if any(not run.finished for run in runs):
        out.print(str(T("A dash: the run has not come to its end.")), style="dim")


class _Column(NamedTuple):
    """`words` may be folded; `width` is None where there is room enough."""

    heading: str
    cells: list[str]
    words: bool = False
    width: int | None = None

    @property
    def wide(self) -> int:
        """Its width where nothing is folded, with the space beside it."""
        return GAP + max(map(cell_len, (self.heading, *self.cells)))

    @property
    def narrow(self) -> int:
        """Its width where the heading is broken between words."""
        return GAP + max(map(cell_len, (*self.heading.split(), *self.cells)))


def _columns(
    runs: Sequence[Run], told: dict[str, list[str]], figures: list[str], width: int
) -> tuple[list[_Column], list[str]]:
    """The columns of a table that is not wider than `width`, if it can be; and the figures that had no room.

    What differs has a column each; in a narrow terminal all of it shares one, paths are cut to what tells them apart,
    headings are broken, and the last figures are left out."""
    first = _Column(str(T("run")), [clean(str(run.path)) for run in runs], True)
    each = [_Column(str(_HEADINGS.get(n, n)), [clean(v) for v in values], True) for n, values in told.items()]
    facts = []
    if len({run.seed for run in runs}) > 1:
        facts.append(_Column(str(T("seed")), ["–" if run.seed is None else str(run.seed) for run in runs]))
    facts.append(_Column(str(T("epochs")), [str(run.epochs or "–") for run in runs]))
    parameters = _Column(str(T("parameters")), ["–" if run.params is None else grouped(run.params) for run in runs])
    facts.append(parameters)
    results = [_Column(str(_HEADINGS[n]), [shown(n, run.figures.get(n)) for run in runs]) for n in figures]
    if sum(one.wide for one in (first, *each, *facts, *results)) <= width:
        return [first, *each, *facts, *results], []
    first = first._replace(cells=_apart([run.path for run in runs]))
    facts.pop()  # parameters stand beside the network that has them
    if each:
        heads = ["" if name == "network" else f"{name} " for name in told]
        sizes = [f" ({one})" if "network" in told else "" for one in parameters.cells]
        each[0] = each[0]._replace(cells=[c + size for c, size in zip(each[0].cells, sizes, strict=True)])
        rows = zip(*(one.cells for one in each), strict=True)
        cells = [", ".join(h + v for h, v in zip(heads, row, strict=True) if v) for row in rows]
        each = [_Column(str(T("what differs")), cells, True)]
    wanted = [min(first.wide, ROOM), *(min(one.wide, ROOM) for one in each)]
    kept = list(results)
    while len(kept) > 1 and sum(wanted) + sum(one.narrow for one in (*facts, *kept)) > width:
        kept.pop()
    numbers = [one._replace(width=one.narrow - GAP) for one in (*facts, *kept)]
    room = width - sum(one.narrow for one in numbers)
    if each:  # what is left is for words
        path = min(first.narrow, max(room - each[0].narrow, ROOM))
        each = [each[0]._replace(width=max(min(each[0].narrow, room - path) - GAP, 8))]
        room = path
    return [first._replace(width=max(min(first.narrow, room) - GAP, 8)), *each, *numbers], figures[len(kept) :]


def _apart(paths: Sequence[Path]) -> list[str]:
    """Paths from the innermost folder that all of them share."""
    shared = os.path.commonpath([path.parent.absolute() for path in paths])
    return [clean(os.path.relpath(path.absolute(), shared)) for path in paths]


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
        return decimals(f"{100 * mean.value:.2f} ± {100 * mean.half:.2f} %")
    return decimals(f"{mean.value:.4g} ± {mean.half:.2g}")


def shown(name: str, value: float | None) -> str:
    """A figure; shares in percent, a dash where there is none."""
    if value is None:
        return "–"
    if name == "r2" and value < 0:
        return "< 0"
    return percent(value) if name in _SHARES else decimals(f"{value:.4g}")


def print_csv(out: TextIO, runs: Sequence[Run]) -> None:
    """The table for spreadsheets; figures as they are."""
    differ, figures = differences(runs), main_figures(runs)
    differ.pop("epochs", None)  # those that were trained have a column of their own
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
