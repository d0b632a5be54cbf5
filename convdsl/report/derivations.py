"""Derivations as text for the terminal, as a document for slides and pages, and as data for JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.text import Text

from convdsl.derivation import Derivation, LayerDerivation, NetDerivation
from convdsl.derivation.lettering import legend
from convdsl.document import Formula, Heading, Label, Node, Sentence
from convdsl.layers import formula_shape, show_shape
from convdsl.messages import T
from convdsl.report.console import print_text
from convdsl.report.data import diagnostic_data, plain
from convdsl.report.diagnostics import clean
from convdsl.report.formulas import as_latex, as_sympy, as_text

_MARGIN = "    "


# Text.


def print_net(out: Console, net: NetDerivation) -> None:
    """All layers whose sizes are known, then the sums."""
    out.print(Text.assemble((clean(net.name), "bold"), f"  {formula_shape(net.input)}"))
    for layer in net.layers:
        if layer.derivations or layer.as_before is not None or layer.facts.output is not None:
            out.print()
            print_layer(out, layer)
    if net.totals:
        out.print()
        out.print(Text(str(T("all layers")), "bold"))
        for total in net.totals:
            print_text(out, _block(total, out.width))


def print_layer(out: Console, layer: LayerDerivation) -> None:
    """A layer's derivations, one paragraph for each figure, and warnings. (Errors are printed with their place.)"""
    print_text(out, _heading(layer))
    if layer.as_before is not None:
        print_text(out, Text(_MARGIN + str(T("The same as layer {n}.", n=layer.as_before))))
    for derivation in layer.derivations:
        print_text(out, _block(derivation, out.width))
    for remark in layer.remarks:
        if remark.severity == "error":
            continue
        for line in (remark.message, remark.formula, remark.note, remark.help):
            if line:
                mark = f"[{remark.code}] " if line is remark.message else " " * (len(remark.code) + 3)
                print_text(out, Text.assemble(_MARGIN, (mark, "yellow"), clean(str(line))), hang=len(mark))


def _heading(layer: LayerDerivation) -> Text:
    inputs = " + ".join(formula_shape(x) for x in layer.facts.inputs)
    sizes = f"   {inputs} → {formula_shape(layer.facts.output)}" if layer.facts.output else ""
    return Text.assemble((f"{layer.node.index}  ", "dim"), (clean(layer.node.text), "bold"), sizes)


def _block(derivation: Derivation, width: int) -> Text:
    """Title and formula, then substitution and arithmetic below it, the equals signs in one column."""
    first, *others = map(as_text, derivation.steps)
    symbol = f"{derivation.symbol} = "
    text = Text.assemble("  ", (str(derivation.title), "cyan"), "\n", _MARGIN, symbol, (first, "bold"), "\n")
    column = " " * (len(_MARGIN) + len(symbol) - 2)
    for line in _joined(others, width - len(column)):
        text.append(f"{column}{line}\n")
    explained = ", ".join(f"{letter}: {means}" for letter, means in legend(derivation.letters))
    if explained:
        text.append(f"{_MARGIN}{explained}\n", "dim")
    for sentence in (derivation.reason, *derivation.notes):
        if sentence is not None:
            text.append(f"{_MARGIN}{sentence}\n")
    text.rstrip()
    return text


def _joined(steps: list[str], width: int) -> Iterator[str]:
    """The substitution on a line of its own, the arithmetic behind it on one line as long as there is room."""
    line = ""
    for number, step in enumerate(steps):
        if line and (number == 1 or len(line) + len(step) + 3 > width):
            yield line
            line = ""
        line += f"{' ' if line else ''}= {step}"
    if line:
        yield line


# As a document.


def document(layers: tuple[LayerDerivation, ...], totals: tuple[Derivation, ...]) -> Iterator[Node]:
    """A section for each layer, and the sums."""
    for title, derivations in _sections(layers, totals):
        yield Heading(title)
        for derivation in derivations:
            yield Label(str(derivation.title))
            yield Formula(tuple(_latex_lines(derivation)), tuple(_text_lines(derivation)), aligned=True)
            yield from (Sentence(str(s)) for s in (derivation.reason, *derivation.notes) if s is not None)


def _sections(
    layers: tuple[LayerDerivation, ...], totals: tuple[Derivation, ...]
) -> Iterator[tuple[str, tuple[Derivation, ...]]]:
    for layer in layers:
        if layer.derivations:
            output = formula_shape(layer.facts.output) if layer.facts.output else "?"
            yield f"{layer.node.text}: {formula_shape(layer.facts.inputs[0])} → {output}", layer.derivations
    if totals:
        yield str(T("all layers")), totals


def _latex_lines(derivation: Derivation) -> Iterator[str]:
    symbol = rf"\mathrm{{{derivation.symbol}}}" if len(derivation.symbol) > 2 else derivation.symbol
    for number, step in enumerate(derivation.steps):
        yield f"{'' if number else symbol} &= {as_latex(step)}"


def _text_lines(derivation: Derivation) -> Iterator[str]:
    for number, step in enumerate(derivation.steps):
        yield f"{'' if number else f'{derivation.symbol} '}= {as_text(step)}"


# Data.


def net_data(name: str, layers: tuple[LayerDerivation, ...], totals: tuple[Derivation, ...]) -> dict[str, Any]:
    """Derivations as JSON holds them; formulas are strings that sympy reads, letters those of the board."""
    return {"net": name, "layers": [_layer_data(layer) for layer in layers], "total": [_data(d) for d in totals]}


def _layer_data(layer: LayerDerivation) -> dict[str, Any]:
    return {
        "index": layer.node.index,
        "op": layer.node.op,
        "source": layer.node.text,
        "inputs": [plain(x) for x in layer.facts.inputs],
        "output": plain(layer.facts.output),
        "same_as": layer.as_before,
        "derivations": [_data(d) for d in layer.derivations],
        "diagnostics": [diagnostic_data(d) for d in layer.remarks],
    }


def _data(derivation: Derivation) -> dict[str, Any]:
    formula, *rest = derivation.steps
    return {
        "quantity": derivation.quantity,
        "title": str(derivation.title),
        "symbol": derivation.symbol,
        "formula": _step_data(formula),
        "letters": {letter.name: plain(letter.value) for letter in derivation.letters},
        "steps": [_step_data(step) for step in rest],
        "result": plain(derivation.value),
        "reason": str(derivation.reason) if derivation.reason is not None else None,
        "notes": [str(note) for note in derivation.notes],
    }


def _step_data(step: Any) -> str:
    return show_shape(step, "x") if isinstance(step, tuple) and not hasattr(step, "kind") else as_sympy(step)
