"""Derivations as a document, and as data for JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convdsl.derivation import Derivation, LayerDerivation, NetDerivation
from convdsl.derivation.lettering import legend
from convdsl.diagnostics import Diagnostic
from convdsl.document import Formula, Heading, Items, Label, Node, Sentence
from convdsl.layers import formula_shape, show_shape
from convdsl.messages import T, quoted, with_decimals
from convdsl.report.data import diagnostic_data, plain
from convdsl.report.formulas import as_latex, as_sympy, as_text

# As a document.


def document(net: NetDerivation) -> Iterator[Node]:
    """A section for each layer whose sizes are known, and the sums."""
    yield Heading(quoted(net.name), 2, formula_shape(net.input))
    for layer in net.layers:
        if layer.derivations or layer.as_before is not None or layer.facts.output is not None:
            yield from layer_document(layer)
    if net.totals:
        yield Heading(str(T("all layers")))
        for total in net.totals:
            yield from _told(total)


def layer_document(layer: LayerDerivation) -> Iterator[Node]:
    """One layer: its derivations and what is to be remarked. (Errors are printed with their place.)"""
    inputs = " + ".join(formula_shape(x) for x in layer.facts.inputs)
    sizes = f"{inputs} → {formula_shape(layer.facts.output)}" if layer.facts.output else ""
    yield Heading(layer.node.text, beside=sizes, number=str(layer.node.index))
    if layer.as_before is not None:
        yield Sentence(str(T("The same as layer {n}.", n=layer.as_before)))
    for derivation in layer.derivations:
        yield from _told(derivation)
    remarks = [remark for remark in layer.remarks if remark.severity != "error"]
    if remarks:
        yield Items([_remark(remark) for remark in remarks], [f"[{remark.code}]" for remark in remarks])


def _told(derivation: Derivation) -> Iterator[Node]:
    yield Label(str(derivation.title))
    yield Formula(tuple(_latex_lines(derivation)), tuple(_text_lines(derivation)), aligned=True)
    explained = ", ".join(f"{letter}: {means}" for letter, means in legend(derivation.letters))
    if explained:
        yield Sentence(explained, quiet=True)
    yield from (Sentence(str(s)) for s in (derivation.reason, *derivation.notes) if s is not None)


def _remark(remark: Diagnostic) -> tuple[Node, ...]:
    return tuple(
        Sentence(str(line))
        for line in (remark.message, with_decimals(remark.formula), remark.note, remark.help)
        if line is not None and str(line)
    )


def _latex_lines(derivation: Derivation) -> Iterator[str]:
    symbol = rf"\mathrm{{{derivation.symbol}}}" if len(derivation.symbol) > 2 else derivation.symbol
    for number, step in enumerate(derivation.steps):
        yield f"{'' if number else symbol} &= {as_latex(step)}"


def _text_lines(derivation: Derivation) -> Iterator[str]:
    for number, step in enumerate(derivation.steps):
        yield f"{'' if number else f'{derivation.symbol} '}= {as_text(step)}"


# Data.


def net_data(name: str, layers: tuple[LayerDerivation, ...], totals: tuple[Derivation, ...] = ()) -> dict[str, Any]:
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
