"""`convdsl convolve … -o x.svg`: a window that slides, as a film; of numbers, or of a layer of a program."""

from __future__ import annotations

import argparse
from typing import Any

from convdsl import files
from convdsl.cli.parsing import CallError, read_program
from convdsl.drawing.moving.film import ending, written
from convdsl.drawing.picture import CannotDraw
from convdsl.messages import T, reason
from convdsl.report.arithmetic import Notation
from convdsl.report.convolution_film import film_of
from convdsl.teaching.worked.convolution import Correlation, Operation, Options, Pooling, Transposed
from convdsl.teaching.worked.kernels import Kernel
from convdsl.teaching.worked.tasks import Work

LARGEST = 12
"""Rows and columns of a layer's input that are shown; of larger ones a part."""
PLACES = 4
"""Outputs along each side, where a part is shown."""


def write_film(work: Work, notation: Notation, out: str, reading: str, numbers: bool = True, note: str = "") -> None:
    """Writes the film of a work. Raises CallError."""
    try:
        format = ending(out)
        content = written(film_of(work, notation, numbers=numbers, reading=reading, note=note), format)
    except CannotDraw as error:
        raise CallError(error.message) from None
    try:
        files.write(out, (content,))
    except OSError as error:
        raise CallError(T("{name} cannot be written: {reason}.", name=out, reason=reason(error))) from None


def film_of_layer(options: argparse.Namespace) -> None:
    """The film of a layer of a program: its window, stride, padding and dilation, without numbers. Raises CallError."""
    from convdsl.network import analyse

    if not options.out:
        raise CallError(T("`-o` says where the film goes: .svg, .gif, .html or .tex."))
    try:
        ending(options.out)
    except CannotDraw as error:
        raise CallError(error.message) from None
    analysis = analyse(read_program(options.of))
    if analysis.failed:
        from convdsl.diagnostics import ProgramError

        raise ProgramError(analysis.diagnostics)
    nodes = analysis.network.nodes
    if not 1 <= options.layer <= len(nodes):
        raise CallError(T("There is no layer {layer}; the last one is {last}.", layer=options.layer, last=len(nodes)))
    node = nodes[options.layer - 1]
    shape = analysis.report[node.index].inputs[0]
    name = f"{node.index} {node.text}"
    if not hasattr(node.layer, "geometry") or not 2 <= len(shape) <= 3:
        raise CallError(T("Layer {layer} has no window that slides over rows and columns.", layer=name))
    if not all(isinstance(n, int) for n in shape):
        raise CallError(
            T("The input of layer {layer} has no numbers: it is {size}.", layer=name, size="×".join(map(str, shape)))
        )
    work, part = _operation(node.layer, node.op, shape)
    note = T("Layer {layer}, on one channel.", layer=name)
    if part:
        note = T("Layer {layer}, on one channel of {part} instead of {whole}.", layer=name, part="×".join(map(str, part)),
                 whole="×".join(map(str, shape[:-1])))  # fmt: skip
    write_film(work, Notation(), options.out, options.reading, numbers=False, note=str(note))


def _operation(layer: Any, op: str, shape: tuple[int, ...]) -> tuple[Operation, tuple[int, ...]]:
    """The layer's window over an input without numbers, and the size of that where it is a part of the layer's."""
    axes = layer.geometry(shape)
    word = isinstance(layer.p, str)
    sizes = [n if n <= LARGEST else _smaller(a, op, word) for n, a in zip(shape[:-1], axes, strict=True)]
    part = tuple(sizes) if tuple(sizes) != tuple(shape[:-1]) else ()
    if len(sizes) == 1:
        sizes, axes = [1, *sizes], (None, *axes)
    matrix = tuple((0,) * sizes[1] for _ in range(sizes[0]))
    down, right = axes
    window = (1 if down is None else down.k, right.k)
    kernel = Kernel(None, tuple((1,) * window[1] for _ in range(window[0])))
    flat = down is None
    padding = layer.p if word else tuple(layer.p)
    how = Options((right.s,) if flat else (down.s, right.s), padding, (right.d,) if flat else (down.d, right.d),
                  tuple(getattr(layer, "op", (0,))))  # fmt: skip
    if op == "tconv":
        return Transposed(matrix, kernel, how), part
    if op.endswith("pool"):
        return Pooling(matrix, op.removesuffix("pool"), window, how), part
    return Correlation(matrix, kernel, how), part


def _smaller(axis: Any, op: str, word: bool) -> int:
    """A size on which the window has a few places."""
    if op == "tconv":
        return PLACES
    if word:
        return max(PLACES * axis.s, axis.extent)
    return max(axis.extent - axis.before - axis.after + (PLACES - 1) * axis.s, axis.d + 1, 1)
