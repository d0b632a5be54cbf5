"""A network's table as data: a row for each layer, groups for blocks, totals and shares, in the words and numbers of the
language in use. The terminal sets it (`table.py`), and so does the page in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convdsl.algebra import is_number, simplify
from convdsl.algebra.numbers import formula, grouped, memory, share, short
from convdsl.layers import formula_shape
from convdsl.messages import T
from convdsl.network import Analysis, Facts, Node, Report
from convdsl.network.outline import Group, Level, Path, outline
from convdsl.records import NamedTuple

MOST_ROWS = 48
"""Longer tables fold the layers of a block into one row, unless they are asked for."""

HEADINGS: tuple[T | str, ...] = ("#", T("layer"), T("output"), T("parameters"), "%", "MACs", "%", T("receptive field"))
"""Of the columns that `cells` fills."""


class Row(NamedTuple):
    """A layer, or a block of them folded into one line."""

    number: str
    name: str
    output: str
    params: Any
    macs: Any
    field: str
    style: str = ""


class Total(NamedTuple):
    """A sum over all layers: what it is of, and what else is said of it."""

    name: T | str
    value: str
    details: list[str]


def title(analysis: Analysis) -> tuple[str, str]:
    """The network's name, and what becomes of what: `28×28×1 → 10`."""
    network = analysis.network
    sizes = [(output.name, analysis.report[output.node].output) for output in network.outputs]
    ends = ", ".join(f"{name} {formula_shape(size)}".strip() for name, size in sizes if size)
    arrow = formula_shape(network.input) + (f" → {ends}" if ends else "")
    return network.name, arrow.replace("**", "^").replace("*", "·").replace("-", "−")


def table_rows(report: Report, expand: bool = False) -> list[Row]:
    """The rows of a table; of a long one, a row for each block, unless `expand`."""
    rows = list(layer_rows(report))
    return rows if expand or len(rows) <= MOST_ROWS else list(folded_rows(report))


def cells(row: Row, report: Report) -> tuple[str, ...]:
    """The texts of a row, one for each of HEADINGS."""
    total = report.total
    params = grouped(row.params) if row.params != 0 else ""
    macs = short(row.macs) if row.macs != 0 else ""
    return (
        row.number,
        row.name,
        row.output,
        params,
        share(row.params, total.params),
        macs,
        share(row.macs, total.macs),
        row.field,
    )


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
    if level.name == "output":
        return f"output {level.arguments[0]}"
    return str(T("{name}: branch {number}", name=level.name, number=level.branch)) if level.branch else level.name


def folded_rows(report: Report) -> Iterator[Row]:
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


def totals(report: Report) -> Iterator[Total]:
    """What all layers have together; nothing where the size of one is not known."""
    if not report.complete:
        return
    total = report.total
    details: list[str] = []
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
    yield Total(T("parameters"), grouped(total.params), details)
    yield Total(
        "MACs", short(total.macs), [grouped(total.macs)] if is_number(total.macs) and total.macs >= 10**6 else []
    )
    yield Total(
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
    yield Total(T("memory"), str(T("for one image, float32")), parts)
