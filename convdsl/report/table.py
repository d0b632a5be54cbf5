"""The table that `check` shows: a row for each layer, groups for blocks, totals and shares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from convdsl.algebra import is_number, simplify
from convdsl.layers import COMBINATIONS, show_shape
from convdsl.messages import T
from convdsl.network import Analysis, Facts, Node, Report
from convdsl.report.diagnostics import clean
from convdsl.report.numbers import formula, grouped, memory, share, short

MOST_ROWS = 48
"""Longer tables fold the layers of a block into one row, unless they are asked for."""


class Row(NamedTuple):
    """A layer, or a block of them folded into one line."""

    number: str
    name: str
    output: str
    params: Any
    macs: Any
    field: str
    style: str = ""


def print_table(console: Console, analysis: Analysis, expand: bool = False) -> None:
    """The table of a network, with totals below it."""
    report = analysis.report
    rows = list(layer_rows(report))
    if len(rows) > MOST_ROWS and not expand:
        rows = list(_folded(report))
    console.print(_heading(analysis))
    console.print(_fitting(console, rows, report))
    if report.complete:
        for line in _totals(report):
            console.print(line)


def _heading(analysis: Analysis) -> Text:
    network = analysis.network
    shape = show_shape(network.input)
    output = analysis.report.output
    arrow = f"  {shape} → {show_shape(output)}" if output else f"  {shape}"
    return Text.assemble((clean(network.name), "bold"), arrow.replace("**", "^").replace("*", "·").replace("-", "−"))


def _fitting(console: Console, rows: list[Row], report: Report) -> Table:
    """The table as a terminal has room for it: the shares give way first, then names are folded, numbers last."""
    if not all(is_number(row.params) and is_number(row.macs) for row in rows):
        return _table(rows, report)
    table = _table(rows, report, shares=report.complete, whole=True)
    if _measured(console, table).maximum <= console.width:
        return table
    table = _table(rows, report, whole=True, narrow=True)
    return table if _measured(console, table).minimum <= console.width else _table(rows, report, narrow=True)


def _measured(console: Console, table: Table) -> Measurement:
    return Measurement.get(console, console.options.update(width=10_000), table)


def _table(rows: list[Row], report: Report, *, shares: bool = False, whole: bool = False, narrow: bool = False) -> Table:
    """The rows, with `shares` in percent or without; `whole` numbers are not broken over lines."""
    field = str(T("receptive field"))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_footer=False)
    table.add_column("#", justify="right", style="dim")
    table.add_column(str(T("layer")), overflow="fold")
    table.add_column(str(T("output")), justify="right", overflow="fold", no_wrap=whole)
    table.add_column(str(T("parameters")), justify="right", overflow="fold", no_wrap=whole)
    if shares:
        table.add_column("%", justify="right", style="dim")
    table.add_column("MACs", justify="right", overflow="fold", no_wrap=whole)
    if shares:
        table.add_column("%", justify="right", style="dim")
    table.add_column(field.replace(" ", "\n") if narrow else field, justify="right", overflow="fold", no_wrap=whole)
    total = report.total
    for row in rows:
        cells: list[str | Text] = [row.number, Text(clean(row.name)), _broken(row.output),
                                   grouped(row.params) if row.params != 0 else ""]
        if shares:
            cells.append(share(row.params, total.params))
        cells.append(short(row.macs) if row.macs != 0 else "")
        if shares:
            cells.append(share(row.macs, total.macs))
        cells.append(row.field)
        table.add_row(*cells, style=row.style)
    return table


def _broken(shape: str) -> str:
    """Long formulas of a shape, one below the other: `(floor((N − 5)/2) + 1)×` and what follows."""
    return shape.replace(")×(", ")×\n(") if len(shape) > 32 else shape


def layer_rows(report: Report, first: int = 1) -> Iterator[Row]:
    """Every layer from number `first` on, indented by the braces around it."""
    before: tuple[str, ...] = ()
    for node, facts in report:
        if node.index < first:
            continue
        path = _levels(node.path)
        common = 0
        while common < min(len(before), len(path)) and before[common] == path[common]:
            common += 1
        for depth in range(common, len(path)):
            yield Row("", "│ " * depth + _title(path[depth]), "", 0, 0, "", "dim")
        before = path
        yield _row(node, facts, "│ " * len(path) + node.text)


def _row(node: Node, facts: Facts, name: str) -> Row:
    output = formula_shape(facts.output) if facts.output else "?"
    suffix = f" ({T('frozen')})" if node.frozen and facts.params != 0 else ""
    return Row(str(node.index), name + suffix, output, facts.params, facts.macs, _field(facts))


def _field(facts: Facts) -> str:
    """The receptive field; `all` where it is the whole input and a formula would say less."""
    if facts.output is None:
        return ""
    sizes = facts.receptive_field
    if all(f.places == 1 for f in facts.field) and not all(map(is_number, sizes)):
        return str(T("all"))
    return "×".join(f"({s})" if " " in s and len(sizes) > 1 else s for s in map(formula, sizes))


def formula_shape(shape: tuple[Any, ...]) -> str:
    """`28×28×6`, formulas as on a blackboard."""
    return show_shape(shape).replace("**2", "²").replace("**", "^").replace("*", "·").replace("-", "−")


def _levels(path: str) -> tuple[str, ...]:
    """`bottleneck.add.1` as ("bottleneck", "add.1"): a branch and its number are one level, a turn of `repeat` is one."""
    levels: list[str] = []
    for part in path.split(".") if path else ():
        if part.isdigit() and levels and _base(levels[-1]) in COMBINATIONS:
            levels[-1] += f".{part}"
        else:
            levels.append(part)
    return tuple(levels)


def _base(level: str) -> str:
    """The name of a block or a brace without the number that tells it from its namesakes."""
    name, _, number = level.rpartition("_")
    return name if name and number.isdigit() else level


def _title(level: str) -> str:
    name, _, branch = level.partition(".")
    if name.isdigit():
        return f"repeat {name}"
    return str(T("{name}: branch {number}", name=_base(name), number=branch)) if branch else _base(name)


def _folded_title(level: str, times: int) -> str:
    name = "repeat" if level.isdigit() else _title(level.partition(".")[0])
    return f"▸ {name} × {times}" if times > 1 else f"▸ {name}"


def _folded(report: Report) -> Iterator[Row]:
    """One row for each outermost block; equal neighbours are one row with their number."""
    groups: list[tuple[str, list[tuple[Node, Facts]]]] = []
    for node, facts in report:
        top = _levels(node.path)[0] if node.path else ""
        if top and groups and groups[-1][0] == top:
            groups[-1][1].append((node, facts))
        else:
            groups.append((top, [(node, facts)]))
    merged: list[tuple[str, int, list[tuple[Node, Facts]]]] = []
    for top, members in groups:
        if top and merged and merged[-1][0] and _alike(merged[-1][2], members):
            title, times, first = merged[-1]
            merged[-1] = (title, times + 1, [*first, *members])
        else:
            merged.append((top, 1, members))
    for title, times, members in merged:
        if not title:
            yield _row(*members[0], members[0][0].text)
            continue
        last = members[-1][1]
        name = T("{title} ({n} layer)", "{title} ({n} layers)", title=_folded_title(title, times), n=len(members))
        yield Row(f"{members[0][0].index}–{members[-1][0].index}", str(name),
                  formula_shape(last.output) if last.output else "?", simplify(sum(f.params for _, f in members)),
                  simplify(sum(f.macs for _, f in members)), _field(last))


def _alike(group: list[tuple[Node, Facts]], members: list[tuple[Node, Facts]]) -> bool:
    """Whether a group ends with layers that read like these."""
    tail = group[-len(members):]
    return len(tail) == len(members) and all(
        a.text == b.text and f.output == g.output for (a, f), (b, g) in zip(tail, members, strict=True)
    )


def _totals(report: Report) -> Iterator[Text]:
    total = report.total
    details = []
    if total.trainable != total.params:
        details.append(str(T("{n} trainable", n=grouped(total.trainable))))
    if total.buffers != 0:
        details.append(str(T("with {buffers} running statistics {all}, as Keras counts", buffers=grouped(total.buffers),
                             all=grouped(simplify(total.params + total.buffers)))))
    yield _line(T("parameters"), grouped(total.params), details)
    yield _line("MACs", short(total.macs), [grouped(total.macs)] if is_number(total.macs) and total.macs >= 10**6 else [])
    yield _line("FLOPs", short(total.flops), [str(T("a multiply-add is two; biases, activations, pooling and normalisation "
                                                   "included"))])
    if total.inference_bytes is None:
        return
    parts = [str(T("weights {size}", size=memory(total.parameter_bytes))),
             str(T("activations {size}", size=memory(total.activation_bytes))),
             str(T("at least {size} to predict", size=memory(total.inference_bytes))),
             str(T("{size} to train with Adam", size=memory(total.training_bytes)))]
    yield _line(T("memory"), str(T("for one image, float32")), parts)


def _line(name: T | str, value: str, details: list[str]) -> Text:
    line = Text.assemble((f"{name}", "bold"), f" {value}")
    if details:
        line.append(f"  ({'; '.join(details)})", "dim")
    return line
