"""The table that `check` shows in a terminal, as wide as there is room for (its rows: `rows.py`)."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from convdsl.algebra import is_number
from convdsl.messages import T
from convdsl.network import Analysis, Report
from convdsl.records import NamedTuple
from convdsl.report.columns import Column, fits, print_columns, widths
from convdsl.report.diagnostics import clean
from convdsl.report.rows import HEADINGS, Row, Total, cells, table_rows, title, totals


class _Given(NamedTuple):
    """A column, and how little room there may be before it is left out (see LEFT_OUT)."""

    name: str
    until: int = 9
    dim: bool = False


COLUMNS = (
    _Given("number", dim=True),
    _Given("layer"),
    _Given("output"),
    _Given("params"),
    _Given("share", 0, True),
    _Given("macs", 2),
    _Given("share", 0, True),
    _Given("field", 1),
)
"""Below HEADINGS."""
LEFT_OUT = (1, 2, 3)
"""Narrow, narrower, narrowest: the shares are left out, then the receptive field too, then the MACs."""


def print_table(console: Console, analysis: Analysis, expand: bool = False) -> None:
    """The table of a network, with totals below it."""
    report = analysis.report
    name, arrow = title(analysis)
    console.print(Text.assemble((clean(name), "bold"), f"  {arrow}"), soft_wrap=True)
    _print_rows(console, table_rows(report, expand), report)
    for total in totals(report):
        console.print(_line(total))


def _print_rows(console: Console, rows: list[Row], report: Report) -> None:
    """The table as a terminal has room for it: the shares give way first, then names are folded, then columns are left
    out. Numbers stay whole; formulas may be folded."""
    numbers = all(is_number(row.params) and is_number(row.macs) for row in rows)
    texts = [_cells(row, report) for row in rows]
    for left_out in (0, *LEFT_OUT) if numbers and report.complete else LEFT_OUT:
        shown = [n for n, column in enumerate(COLUMNS) if column.until >= left_out]
        columns = [_column(n, numbers, left_out) for n in shown]
        lines = [([line[n] for n in shown], bool(row.style)) for line, row in zip(texts, rows, strict=True)]
        found = widths(columns, lines, console.width)
        if fits(found, console.width):
            break
    print_columns(console, columns, lines, found)
    hidden = [str(h) for h, column in zip(HEADINGS, COLUMNS, strict=True) if 0 < column.until < left_out]
    if hidden:
        console.print(Text(str(T("A wider terminal shows more: {columns}.", columns=", ".join(hidden))), "dim"))
        console.print()


def _column(place: int, numbers: bool, left_out: int) -> Column:
    """How a column is set; where it is narrow, names may be folded and long headings are."""
    heading, given = str(HEADINGS[place]), COLUMNS[place]
    if left_out and given.name == "field":
        heading = heading.replace(" ", "\n")
    if given.name == "layer":
        return Column(heading, right=False, least=12 if left_out else 0)
    return Column(heading, dim=given.dim, least=0 if numbers or given.name == "number" else 10)


def _cells(row: Row, report: Report) -> list[str]:
    """The texts of a row, as they may be shown in a terminal."""
    number, name, output, *rest = cells(row, report)
    return [number, clean(name), _broken(output), *rest]


def _broken(shape: str) -> str:
    """Long formulas of a shape, one below the other: `(floor((N − 5)/2) + 1)×` and what follows."""
    return shape.replace(")×(", ")×\n(") if len(shape) > 32 else shape


def _line(total: Total) -> Text:
    line = Text.assemble((f"{total.name}", "bold"), f" {total.value}")
    if total.details:
        line.append(f"  ({'; '.join(total.details)})", "dim")
    return line
