"""`convdsl import`: a network of another framework as a program, and its weights."""

from __future__ import annotations

import argparse
from pathlib import Path

from convdsl import files
from convdsl.bridges import Weighted
from convdsl.cli.foreign import read_foreign
from convdsl.cli.parsing import CallError, shape
from convdsl.messages import Grouped, T, reason


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help=str(T("an ONNX file")))
    parser.add_argument(
        "-o", "--out", metavar="FILE", type=Path, help=str(T("where the program goes; without it, it is printed"))
    )
    parser.add_argument("--weights", metavar="FILE", type=Path, help=str(T("where the weights go, as .safetensors")))
    parser.add_argument("--output", metavar="NAME", help=str(T("which of several outputs, by its name there")))
    parser.add_argument(
        "--input", metavar="224x224x3", type=shape, help=str(T("another size of the input, channels last"))
    )


def run(options: argparse.Namespace) -> int:
    net = read_foreign(options.file, options.input, options.output)
    text = net.analysis.source.text
    if options.out is None:
        print(text, end="")
    else:
        _write(options.out, text.encode())
    if options.weights is not None:
        from convdsl.training.files import FileTrouble, write_tensors

        network = net.analysis.network
        try:
            write_tensors(options.weights, net.weights, {"net": network.name, "program": text})
        except FileTrouble as error:
            raise CallError(str(error)) from None
    if options.out is not None:
        for line in told(net, options):
            print(line)
    return 0


def told(net: Weighted, options: argparse.Namespace) -> list[T]:
    """What was read, in sentences."""
    total = net.analysis.report.total
    lines = [
        T("{file} is written: {layers} layers, {params} parameters, {trainable} of them trainable.", file=options.out,
          layers=len(net.analysis.network.nodes), params=Grouped(total.params), trainable=Grouped(total.trainable))
    ]  # fmt: skip
    eps = sorted({float(e) for n in net.analysis.network.nodes if (e := getattr(n.layer, "eps", None)) is not None})
    if eps:
        lines.append(T("Normalisation adds ε = {eps} to the variance.", eps=", ".join(f"{e:g}" for e in eps)))
    if options.weights is not None:
        lines.append(
            T("The weights are in {file}; `convdsl run … --init-from {file}` starts from them.", file=options.weights)
        )
    return lines


def _write(path: Path, content: bytes) -> None:
    try:
        files.write(path, [content])
    except OSError as error:
        raise CallError(T("{name} cannot be written: {reason}.", name=path, reason=reason(error))) from None
