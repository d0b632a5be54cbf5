"""Whether data and network fit, and what the data decide about a network that leaves its input open."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from convdsl import algebra
from convdsl.diagnostics import Findings
from convdsl.layers import show_shape
from convdsl.messages import T
from convdsl.source import Span


def open_input(network: Any, shape: tuple[int, ...]) -> tuple[dict[str, int], tuple[int, ...]] | None:
    """Values of the input's symbols, and the input itself, where images of `shape` can give them; None where there are
    no symbols in the input, or the images do not fit them. Without an `input` line images of any rank do."""
    values: dict[str, int] = {}
    if all(map(algebra.is_number, network.input)):
        return None
    if len(network.input) != len(shape):
        return ({}, shape) if network.input_span is None else None
    for size, given in zip(network.input, shape, strict=True):
        names = algebra.symbols_of(size)
        if not names:
            if size != given:
                return None
        elif algebra.text(size) in names and values.setdefault(algebra.text(size), given) != given:
            return None
    return values, shape


def check_images(net: Any, shape: tuple[int, ...], data: str, findings: Findings) -> None:
    """Adds E320 where images of `shape` are not what the network takes. A flat input takes any shape of its size, and a
    single channel need not be written."""
    wanted = tuple(net.input)
    if wanted in (shape, (prod(shape),)) or (*wanted, 1) == shape:
        return
    span = net.analysis.network.input_span or Span(0, 1)
    written = "x".join(map(str, shape))
    help = T("Write `input {shape}`", shape=written)
    others = [name for name, size in _known_shapes() if size == wanted]
    if others:
        way = T("{write}, or take other data: `--data {name}`.", write=help, name=others[0])
    else:
        way = T("{write}, or call `convdsl run` with `--input {shape}`.", write=help, shape=written)
    note = None
    if len(wanted) == len(shape) == 3 and (shape[2], *shape[:2]) == wanted:
        note = T("The input is written with the channels last: height x width x channels.")
    findings.add(
        "E320",
        span,
        T(
            "The images of {data} are {given}, and the network takes {wanted}.",
            data=data,
            given=show_shape(shape),
            wanted=show_shape(wanted),
        ),
        note=note,
        help=way,
    )


def _known_shapes() -> list[tuple[str, tuple[int, ...]]]:
    from convdsl.datasets.registry import KNOWN

    return [(known.name, known.shape) for known in KNOWN]


def check_outputs(
    net: Any, classes: Sequence[str], targets: int, data: str, findings: Findings, lowest: int = 0
) -> None:
    """Adds E321 where the network's outputs are not one for each class (or for each of `targets` numbers, without
    classes), W520 where there are outputs that no class uses. `lowest` is the first class that has an image."""
    output = tuple(net.report.output)
    number = prod(output)
    wanted = len(classes) or targets
    node = _last_weighted(net)
    if node is None or number == wanted:
        return
    span = node.places.get("units") or node.places.get("filters") or node.span
    spread = len(output) > 1 and prod(output[:-1]) > 1
    line = f"dense {wanted} softmax" if classes else f"dense {wanted}"
    if spread:
        way = T("Put `gap -> {line}` at the end.", line=line)
    elif "units" in node.places or "filters" in node.places:
        way = T("Write {number} there.", number=wanted)
    else:
        way = T("Put `{line}` at the end.", line=line)
    if classes and lowest == 1 and number == wanted - 1:
        way = T("The labels begin at 1: `--labels-from 1`, or `labels_from 1` in the `train` block, counts from there.")
    if not classes:
        findings.add(
            "E321",
            span,
            T(
                "The labels of {data} are {wanted} numbers for each image, and the network gives {given}.",
                data=data,
                wanted=wanted,
                given=show_shape(output),
            ),
            help=way,
        )
    elif number > wanted and not spread:
        findings.add(
            "W520",
            span,
            T(
                "The network has {given} outputs, and {data} only {wanted} classes.",
                data=data,
                wanted=wanted,
                given=number,
            ),
            note=T("The outputs beyond learn that they are never right."),
            help=way,
        )
    else:
        findings.add(
            "E321",
            span,
            T(
                "{data} has {wanted} classes, and the network's output is {given}.",
                data=data,
                wanted=wanted,
                given=show_shape(output),
            ),
            help=way,
        )


def _last_weighted(net: Any) -> Any:
    """The last layer with weights on the way to the output, else the last of all."""
    index = net.output
    while index:
        node = net.nodes[index - 1]
        if node.op in ("dense", "conv", "tconv", "local") or len(node.inputs) != 1:
            return node
        index = node.inputs[0]
    return net.nodes[net.output - 1] if net.output else None
