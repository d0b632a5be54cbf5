"""`convdsl import`: a network of another framework as a program with its weights; or weights alone for a program of here."""

from __future__ import annotations

import argparse
from pathlib import Path

from convdsl import files
from convdsl.bridges import Weighted
from convdsl.cli.foreign import read_foreign
from convdsl.cli.parsing import CallError, read_program, shape
from convdsl.diagnostics import ProgramError
from convdsl.messages import Grouped, T, reason
from convdsl.network import Analysis
from convdsl.training import checked


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        metavar="FILE",
        type=Path,
        nargs="?",
        help=str(T("an ONNX file; with `--net` weights too: .pth, .safetensors, or a base such as efficientnet-lite0")),
    )
    parser.add_argument(
        "--torch",
        metavar="MODULE:FACTORY",
        help=str(
            T("in the place of a file: what gives a module of PyTorch, such as mine.nets:Small; that code is run")
        ),
    )
    parser.add_argument(
        "--net", metavar="FILE", help=str(T("the program that the weights are for; prints which belong to which layer"))
    )
    parser.add_argument(
        "--map", metavar="FILE", type=Path, help=str(T("a list of partners that is used instead, a line each"))
    )
    parser.add_argument(
        "-o", "--out", metavar="FILE", type=Path, help=str(T("where the program goes; without it, it is printed"))
    )
    parser.add_argument("--weights", metavar="FILE", type=Path, help=str(T("where the weights go, as .safetensors")))
    parser.add_argument("--output", metavar="NAME", help=str(T("which of several outputs, by its name there")))
    parser.add_argument(
        "--input", metavar="224x224x3", type=shape, help=str(T("another size of the input, channels last"))
    )


def run(options: argparse.Namespace) -> int:
    if (options.file is None) == (options.torch is None):
        raise CallError(T("give a file, or a module of PyTorch with `--torch package.module:factory`."))
    if options.net is not None:
        if options.torch is not None:
            raise CallError(T("`--net` is for files of weights; a module brings its own network."))
        return _weights(options)
    net = _module(options) if options.torch is not None else read_foreign(options.file, options.input, options.output)
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


def _module(options: argparse.Namespace) -> Weighted:
    """The network of a live module of PyTorch. Raises CallError, NotOurs."""
    import sys

    from convdsl.bridges.pieces import Foreign
    from convdsl.bridges.weighted import not_installed
    from convdsl.cli.parsing import NotOurs

    if "" not in sys.path:
        sys.path.insert(0, "")  # the module may lie where the call is made
    try:
        from convdsl.bridges.torch.exported import example_of, from_module, made
    except ImportError:
        raise CallError(not_installed("torch")) from None
    try:
        return from_module(made(options.torch), example_of(options.input))
    except ImportError:
        raise CallError(not_installed("onnx")) from None
    except Foreign as error:
        raise NotOurs(str(error)) from None


def _weights(options: argparse.Namespace) -> int:
    """Weights for a program that is there: prints the partners, and writes the weights under the names of here."""
    from convdsl.cli.parsing import NotOurs
    from convdsl.training.files import FileTrouble, write_tensors
    from convdsl.training.transfer import described, matched_with

    analysis = program(options)
    try:
        found = matched_with(options.file, analysis, options.map)
        if options.weights is not None:
            write_tensors(options.weights, found.weights, described(options.file, analysis))
    except FileTrouble as error:
        raise NotOurs(str(error)) from None
    width = max((len(mine) for mine, _ in found.pairs), default=0)
    for mine, other in found.pairs:
        print(f"{mine:<{width}} ← {other}")
    for name in found.missing:
        print(T("{name} has no partner: it starts afresh.", name=name))
    for name in found.unused:
        print(T("{name} of the file is not used.", name=name))
    if options.weights is not None:
        print(
            T("The weights are in {file}; `convdsl run … --init-from {file}` starts from them.", file=options.weights)
        )
    return 0


def program(options: argparse.Namespace) -> Analysis:
    """The program that weights are for. Raises ProgramError, CallError where a size is open."""
    analysis = checked(read_program(options.net), input=options.input)
    if analysis.failed:
        raise ProgramError(analysis.diagnostics)
    if analysis.network.symbols or analysis.network.holes:
        raise CallError(T("these sizes are open: {names}. Give them values with `--input`.",
                          names=", ".join(sorted(analysis.network.symbols | set(analysis.network.holes)))))  # fmt: skip
    return analysis


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
