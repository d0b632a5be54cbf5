"""The table that `check` shows: a row for each layer, groups for blocks, totals and shares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from rich.console import Console
from rich.text import Text

from convdsl.algebra import is_number, simplify
from convdsl.algebra.numbers import formula, grouped, memory, share, short
from convdsl.layers import formula_shape
from convdsl.messages import T
from convdsl.network import Analysis, Facts, Node, Report
from convdsl.network.outline import Group, Level, Path, outline
from convdsl.report.columns import Column, fits, print_columns, widths
from convdsl.report.diagnostics import clean

MOST_ROWS = 48
"""Longer tables fold the layers of a block into one row, unless they are asked for."""


class _Given(NamedTuple):
    """A column, and how little room there may be before it is left out (see LEFT_OUT)."""

    name: str
    heading: T | str
    until: int = 9
    dim: bool = False


COLUMNS = (
    _Given("number", "#", dim=True),
    _Given("layer", T("layer")),
    _Given("output", T("output")),
    _Given("params", T("parameters")),
    _Given("share", "%", 0, True),
    _Given("macs", "MACs", 2),
    _Given("share", "%", 0, True),
    _Given("field", T("receptive field"), 1),
)
LEFT_OUT = (1, 2, 3)
"""Narrow, narrower, narrowest: the shares are left out, then the receptive field too, then the MACs."""


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
    console.print(_heading(analysis), soft_wrap=True)
    _print_rows(console, rows, report)
    if report.complete:
        for line in _totals(report):
            console.print(line)


def _heading(analysis: Analysis) -> Text:
    network = analysis.network
    shape = formula_shape(network.input)
    output = analysis.report.output
    arrow = f"  {shape} → {formula_shape(output)}" if output else f"  {shape}"
    return Text.assemble((clean(network.name), "bold"), arrow.replace("**", "^").replace("*", "·").replace("-", "−"))


def _print_rows(console: Console, rows: list[Row], report: Report) -> None:
    """The table as a terminal has room for it: the shares give way first, then names are folded, then columns are left
    out. Numbers stay whole; formulas may be folded."""
    numbers = all(is_number(row.params) and is_number(row.macs) for row in rows)
    cells = [_cells(row, report) for row in rows]
    for left_out in (0, *LEFT_OUT) if numbers and report.complete else LEFT_OUT:
        shown = [n for n, column in enumerate(COLUMNS) if column.until >= left_out]
        columns = [_column(COLUMNS[n], numbers, left_out) for n in shown]
        lines = [([texts[n] for n in shown], bool(row.style)) for texts, row in zip(cells, rows, strict=True)]
        found = widths(columns, lines, console.width)
        if fits(found, console.width):
            break
    print_columns(console, columns, lines, found)
    hidden = [str(column.heading) for column in COLUMNS if 0 < column.until < left_out]
    if hidden:
        console.print(Text(str(T("A wider terminal shows more: {columns}.", columns=", ".join(hidden))), "dim"))
        console.print()


def _column(given: _Given, numbers: bool, left_out: int) -> Column:
    """How a column is set; where it is narrow, names may be folded and long headings are."""
    heading = str(given.heading)
    if left_out and given.name == "field":
        heading = heading.replace(" ", "\n")
    if given.name == "layer":
        return Column(heading, right=False, least=12 if left_out else 0)
    return Column(heading, dim=given.dim, least=0 if numbers or given.name == "number" else 10)


def _cells(row: Row, report: Report) -> tuple[str, ...]:
    """The texts of a row, one for each of COLUMNS."""
    total = report.total
    params = grouped(row.params) if row.params != 0 else ""
    macs = short(row.macs) if row.macs != 0 else ""
    return (
        row.number,
        clean(row.name),
        _broken(row.output),
        params,
        share(row.params, total.params),
        macs,
        share(row.macs, total.macs),
        row.field,
    )


def _broken(shape: str) -> str:
    """Long formulas of a shape, one below the other: `(floor((N − 5)/2) + 1)×` and what follows."""
    return shape.replace(")×(", ")×\n(") if len(shape) > 32 else shape


def layer_rows(report: Report, first: int = 1) -> Iterator[Row]:
    """Every layer from number `first` on, indented by the braces around it."""
    before: Path = ()
    for node, facts in report:
        if node.index < first or not node.text:
            continue
        path = node.path
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
    if node.shared and facts.weights:
        suffix = f" ({T('weights of {n}', n=node.shared)})"
    return Row(str(node.index), name + suffix, output, facts.params, facts.macs, _field(facts))


def _field(facts: Facts) -> str:
    """The receptive field; `all` where it is the whole input and a formula would say less."""
    if facts.output is None:
        return ""
    sizes = facts.receptive_field
    if all(f.places == 1 for f in facts.field) and not all(map(is_number, sizes)):
        return str(T("all"))
    return "×".join(f"({s})" if " " in s and len(sizes) > 1 else s for s in map(formula, sizes))


def _title(level: Level) -> str:
    if level.kind == "repeat":
        return f"repeat {level.number}"
    return str(T("{name}: branch {number}", name=level.name, number=level.branch)) if level.branch else level.name


def _folded(report: Report) -> Iterator[Row]:
    """One row for each outermost block and for each layer outside of blocks; equal neighbours are one row with their
    number."""
    facts_of = {node.index: facts for node, facts in report}
    merged: list[tuple[str, int, list[tuple[Node, Facts]]]] = []
    for item in outline(node for node, _ in report if node.text):
        title = item.level.name if isinstance(item, Group) else ""
        members = [(n, facts_of[n.index]) for n in (item.nodes() if isinstance(item, Group) else (item,))]
        if merged and bool(merged[-1][0]) == bool(title) and _alike(merged[-1][2], members):
            title, times, first = merged[-1]
            first += members
            merged[-1] = (title, times + 1, first)
        else:
            merged.append((title, 1, members))
    for title, times, members in merged:
        if not title and times == 1:
            yield _row(*members[0], members[0][0].text)
            continue
        last = members[-1][1]
        shown = f"▸ {title or members[0][0].text}" + (f" × {times}" if times > 1 else "")
        name = T("{title} ({n} layer)", "{title} ({n} layers)", title=shown, n=len(members)) if title else shown
        yield Row(
            f"{members[0][0].index}–{members[-1][0].index}",
            str(name),
            formula_shape(last.output) if last.output else "?",
            simplify(sum(f.params for _, f in members)),
            simplify(sum(f.macs for _, f in members)),
            _field(last),
        )


def _alike(group: list[tuple[Node, Facts]], members: list[tuple[Node, Facts]]) -> bool:
    """Whether a group ends with layers that read like these."""
    tail = group[-len(members) :]
    return len(tail) == len(members) and all(
        a.text == b.text and f.output == g.output for (a, f), (b, g) in zip(tail, members, strict=True)
    )


def _totals(report: Report) -> Iterator[Text]:
    total = report.total
    details = []
    if total.trainable != total.params:
        details.append(str(T("{n} trainable", n=grouped(total.trainable))))
    if total.buffers != 0:
        details.append(
            str(
                T(
                    "with {buffers} running statistics {all}, as Keras counts",
                    buffers=grouped(total.buffers),
                    all=grouped(simplify(total.params + total.buffers)),
                )
            )
        )
    yield _line(T("parameters"), grouped(total.params), details)
    yield _line(
        "MACs", short(total.macs), [grouped(total.macs)] if is_number(total.macs) and total.macs >= 10**6 else []
    )
    yield _line(
        "FLOPs",
        short(total.flops),
        [str(T("a multiply-add is two; biases, activations, pooling and normalisation included"))],
    )
    if total.inference_bytes is None:
        return
    parts = [
        str(T("weights {size}", size=memory(total.parameter_bytes))),
        str(T("activations {size}", size=memory(total.activation_bytes))),
        str(T("at least {size} to predict", size=memory(total.inference_bytes))),
        str(T("{size} to train with Adam", size=memory(total.training_bytes))),
    ]
    yield _line(T("memory"), str(T("for one image, float32")), parts)


def _line(name: T | str, value: str, details: list[str]) -> Text:
    line = Text.assemble((f"{name}", "bold"), f" {value}")
    if details:
        line.append(f"  ({'; '.join(details)})", "dim")
    return line
