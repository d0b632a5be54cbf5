"""Whether data and network fit, and what the data decide about a network that leaves its input open."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from convdsl import algebra
from convdsl.diagnostics import Findings, Fix, written
from convdsl.layers import show_shape
from convdsl.messages import Rounded, T
from convdsl.network.ending import ending
from convdsl.network.floors import bounded_answers, bounded_scores
from convdsl.network.graph import Network, Node
from convdsl.network.view import NetView, WrittenNet
from convdsl.source import Span
from convdsl.training.task import Task


def open_input(network: Network, shape: tuple[int, ...]) -> tuple[dict[str, int], tuple[int, ...]] | None:
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


def check_images(net: WrittenNet, shape: tuple[int, ...], data: str, findings: Findings, whole: bool = False) -> None:
    """Adds E320 where images of `shape` are not what the network takes. A flat input takes any shape of its size, and a
    single channel need not be written; with `whole`, images that are to be answered whole may be larger than the input."""
    wanted = net.input
    if wanted in (shape, (prod(shape),)) or (*wanted, 1) == shape:
        return
    if whole and len(wanted) == len(shape) and all(n % m == 0 for n, m in zip(shape, wanted, strict=True)):
        return
    span = net.analysis.network.input_span or Span(0, 1)
    line = "x".join(map(str, shape))
    help = T("Write `input {shape}`", shape=line)
    others = [name for name, size in _known_shapes() if size == wanted]
    if others:
        way = T("{write}, or take other data: `--data {name}`.", write=help, name=others[0])
    else:
        way = T("{write}, or call `convdsl run` with `--input {shape}`.", write=help, shape=line)
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
        help=written(span, f"input {line}", way) if net.analysis.network.input_span else way,
    )


def _known_shapes() -> list[tuple[str, tuple[int, ...]]]:
    from convdsl.datasets.registry import KNOWN

    return [(known.name, known.shape) for known in KNOWN]


def check_outputs(net: NetView, data: Any, task: Task, findings: Findings) -> None:
    """Adds E321 where the network's outputs are not those of the task, W520 where there are outputs that no class uses,
    W521 where an activation bounds the scores of classes."""
    node = _last_weighted(net)
    if node is None:
        return
    if task.kind == "pictures":
        _pictures(net, data, task, node, findings)
    elif task.kind == "map":
        _maps(net, data, task, node, findings)
    else:
        _single(net, data, task, node, findings)
    if task.answers_classes and task.loss == "cross_entropy" and not findings.failed:
        bounded_scores(net.nodes, net.output, net.report.shape()[-1], findings)
    if task.kind in ("values", "pictures") and not findings.failed:
        targets = data.train_images if task.itself else data.train_labels
        scale = 255 if task.kind == "pictures" and targets.dtype == np.uint8 else 1
        ends = (float(targets.min()) / scale, float(targets.max()) / scale) if targets.size else (0.0, 0.0)
        bounded_answers(net.nodes, net.output, *ends, findings)


def _place(node: Node) -> Span:
    return node.places.get("units") or node.places.get("filters") or node.span


def _answers(net: NetView) -> str:
    """The shape of the output, as it is written."""
    return show_shape(net.report.shape())


def _pictures(net: NetView, data: Any, task: Task, node: Node, findings: Findings) -> None:
    output = net.report.shape()
    shape = tuple((data.train_images if task.itself else data.train_labels).shape[1:])
    if shape in (output, (*output, 1)) or (*shape, 1) == output or (prod(shape),) == output:
        return
    findings.add(
        "E321",
        _place(node),
        T(
            "The pictures to be answered are {wanted}, and the network gives {given}.",
            wanted=show_shape(shape),
            given=_answers(net),
        ),
        help=T("`conv {channels} k1` sets the channels; `tconv` and `upsample` make maps larger, strides smaller.",
               channels=shape[-1] if len(shape) > 2 else 1),
    )  # fmt: skip


def _maps(net: NetView, data: Any, task: Task, node: Node, findings: Findings) -> None:
    output = net.report.shape()
    shape = tuple(data.train_labels.shape[1:])
    shape = shape[:-1] if len(shape) == len(output) and shape[-1] == 1 else shape
    if shape != output[:-1]:
        findings.add(
            "E321",
            _place(node),
            T(
                "The masks of {data} are {wanted}, and the network answers at {given} places.",
                data=data.name,
                wanted="×".join(map(str, shape)),
                given="×".join(map(str, output[:-1])) or 1,
            ),
            help=T("The output must be as high and wide as the masks: `tconv` and `upsample` make maps larger, `p same` "
                   "keeps their size."),
        )  # fmt: skip
        return
    count, wanted = output[-1], task.occurring
    if count >= wanted or (count == 1 and wanted <= 2 and task.loss != "cross_entropy"):
        return
    files = getattr(data, "seen_in", ())
    first = files[wanted - 1] if len(files) >= wanted else ""
    note = T("Class {number} is in {file}.", number=wanted - 1, file=first) if first else None
    way = _number_there(node, wanted)
    few = _occurring(data.train_labels, wanted)
    if few and few[-1] == wanted - 1 and _gaps(few, count):
        way = _renumber(few, count)
    findings.add(
        "E321",
        _place(node),
        T(
            "The masks of {data} have {wanted} classes, and the network answers {given}.",
            data=data.name,
            wanted=wanted,
            given=count,
        ),
        note=note,
        help=way,
    )


def _occurring(labels: np.ndarray, classes: int) -> list[int]:
    """Which of so many numbers occur as labels; those that cannot be counted are not among them."""
    flat = np.asarray(labels).reshape(-1)
    flat = flat[(flat >= 0) & (flat < classes)].astype(np.int64)
    return [int(i) for i in np.flatnonzero(np.bincount(flat, minlength=1))]


def _gaps(numbers: list[int], outputs: int) -> bool:
    """Whether classes are better numbered anew than answered by an output for each number up to the highest: where the
    outputs are enough for those that occur, or most numbers never do."""
    return len(numbers) > 1 and (len(numbers) <= outputs or 2 * len(numbers) <= numbers[-1])


def _renumber(numbers: list[int], outputs: int) -> T:
    """What to do where few of the numbers up to the highest occur."""
    shown = ", ".join(map(str, numbers[:6])) + (" …" if len(numbers) > 6 else "")
    if len(numbers) <= outputs:
        return T(
            "Of these numbers only {numbers} occur: the classes are to be numbered from 0 to {last}, as "
            "`np.unique(labels, return_inverse=True)` does.",
            numbers=shown,
            last=len(numbers) - 1,
        )
    return T(
        "Of these numbers only {numbers} occur: the classes are to be numbered from 0 to {last}, as "
        "`np.unique(labels, return_inverse=True)` does, and the network needs {count} outputs.",
        numbers=shown,
        last=len(numbers) - 1,
        count=len(numbers),
    )


def _single(net: NetView, data: Any, task: Task, node: Node, findings: Findings) -> None:
    """One answer for each image: a class, labels or numbers."""
    output = net.report.shape()
    number, span = prod(output), _place(node)
    wanted = len(task.classes) or prod(data.train_labels.shape[1:])
    yes_or_no = task.kind == "classes" and number == 1 and task.loss == "binary_cross_entropy"
    if number == wanted or (yes_or_no and wanted == 2):
        return
    spread = len(output) > 1 and prod(output[:-1]) > 1
    line = {"classes": f"dense {wanted} softmax", "labels": f"dense {wanted} sigmoid"}.get(task.kind, f"dense {wanted}")
    if spread:
        way: T | Fix = T("Put `gap -> {line}` at the end.", line=line)
    elif "units" in node.places or "filters" in node.places:
        way = _number_there(node, wanted)
    else:
        way = T("Put `{line}` at the end.", line=line)
    lowest = data.train_labels.min() if task.kind == "classes" and len(data.train_labels) else 0
    if lowest == 1 and number == wanted - 1:
        way = T("The labels begin at 1: `--labels-from 1`, or `labels_from 1` in the `train` block, counts from there.")
    elif (
        task.kind == "classes"
        and (few := _occurring(data.train_labels, wanted))
        and number <= few[-1]
        and _gaps(few, number)
    ):
        way = _renumber(few, number)
    elif task.kind == "values" and data.train_labels.ndim == 1 and ending(net.nodes, net.output).scores == "softmax":
        low, high = float(data.train_labels.min()), float(data.train_labels.max())
        way = T("Classes are whole numbers from 0 on, and these labels go from {low} to {high}. For numbers: `{line}`.",
                low=Rounded(low, ".6g"), high=Rounded(high, ".6g"), line=line)  # fmt: skip
    if task.kind == "values":
        findings.add(
            "E321",
            span,
            T(
                "The labels of {data} are {wanted} numbers for each image, and the network gives {given}.",
                data=data.name,
                wanted=wanted,
                given=_answers(net),
            ),
            help=way,
        )
    elif task.kind == "labels":
        findings.add(
            "E321",
            span,
            T(
                "{data} has {wanted} labels that an image may have at once, and the network's output is {given}.",
                data=data.name,
                wanted=wanted,
                given=_answers(net),
            ),
            help=way,
        )
    elif number > wanted and not spread:
        findings.add(
            "W520",
            span,
            T(
                "The network has {given} outputs, and {data} only {wanted} classes.",
                data=data.name,
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
                data=data.name,
                wanted=wanted,
                given=_answers(net),
            ),
            help=way,
        )


def _number_there(node: Node, wanted: int) -> T | Fix:
    """The layer's outputs as many as they should be."""
    place = node.places.get("units") or node.places.get("filters")
    title = T("Write {number} there.", number=wanted)
    return written(place, str(wanted), title) if place is not None else title


def _last_weighted(net: NetView) -> Node | None:
    """The last layer with weights on the way to the output, else the last of all."""
    index = net.output
    while index:
        node = net.nodes[index - 1]
        if node.op in ("dense", "conv", "tconv", "local") or len(node.inputs) != 1:
            return node
        index = node.inputs[0]
    return net.nodes[net.output - 1] if net.output else None
