"""`convdsl export`: a network with its weights in the format of another framework."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from convdsl import files
from convdsl.bridges.weighted import not_installed
from convdsl.cli.parsing import CallError, add_unknowns, given_from, read_program
from convdsl.cli.using import answered
from convdsl.diagnostics import ProgramError
from convdsl.messages import Grouped, T, reason
from convdsl.net import Net
from convdsl.training import checked

FORMATS = {"onnx": ".onnx", "torch": ".py", "keras": ".py"}
"""What can be written, and how the name of such a file ends."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("to", choices=tuple(FORMATS), metavar="FORMAT", help=" | ".join(FORMATS))
    parser.add_argument("file", metavar="FILE", help=str(T("a program, or the folder of a run")))
    parser.add_argument(
        "--weights",
        metavar="RUN",
        type=Path,
        help=str(
            T("the folder of a run, or a file of weights; without it the weights are those that training starts from")
        ),
    )
    parser.add_argument("-o", "--out", metavar="FILE", type=Path, help=str(T("where to write it (NAME.onnx, NAME.py)")))
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help=str(T("where chance begins for weights that nobody gives (0)"))
    )
    add_unknowns(parser)


def run(options: argparse.Namespace) -> int:
    with answered():
        net, weights, about, said = _network(options)
    out = options.out or Path(f"{net.name or 'network'}{FORMATS[options.to]}")
    write = {"onnx": _onnx, "torch": _torch, "keras": _keras}[options.to]
    try:
        written, notes = write(net, weights, about, out)
    except ValueError as error:
        raise CallError(str(error)) from None
    for path, content in written.items():
        try:
            files.write(path, [content])
        except OSError as error:
            raise CallError(T("{name} cannot be written: {reason}.", name=path, reason=reason(error))) from None
    params = Grouped(net.report.total.params)
    print(T("{file} is written ({params} parameters): {weights}.", file=out, params=params, weights=said))
    for note in notes:
        print(note)
    return 0


Written = tuple[dict[Path, bytes], list[T]]
"""The files with their contents, and what is to be said of them."""


def _onnx(net: Net, weights: Any, about: dict[str, str], out: Path) -> Written:
    try:
        from convdsl.bridges.giving import onnx_bytes

        content = onnx_bytes(net, weights, about)
    except ImportError:
        raise CallError(not_installed("onnx")) from None
    exits = any(node.exit is not None for node in net.nodes)
    return {out: content}, [T("Side exits (`aux`) are for training and are not in it.")] if exits else []


def _torch(net: Net, weights: Any, about: dict[str, str], out: Path) -> Written:
    from safetensors.numpy import save

    from convdsl.bridges.giving import torch_source

    if out.suffix != ".py":
        raise CallError(T("PyTorch's file is a Python file: `-o {name}`.", name=out.with_suffix(".py")))
    module, tensors = torch_source(net, weights)
    beside = out.with_suffix(".safetensors")
    notes = [T("The class is {name}; its weights are in {file}.", name=module.name, file=beside)]
    if module.side_exits:
        notes.append(T("In training it also gives its side exits (`aux`)."))
    if module.left_out:
        notes.append(T("Side exits (`aux`) within blocks are for training and are not in it."))
    return {beside: save(tensors), out: module.text.encode()}, notes


def _keras(net: Net, weights: Any, about: dict[str, str], out: Path) -> Written:
    if out.suffix != ".py":
        raise CallError(T("The file of Keras is a Python file: `-o {name}`.", name=out.with_suffix(".py")))
    try:
        from convdsl.bridges.giving import keras_source

        script, content = keras_source(net, weights)
    except ImportError:
        raise CallError(not_installed("keras")) from None
    beside = out.with_suffix(".h5")
    notes = [
        T('The function is {name}; `model.load_weights("{file}", by_name=True)` takes its weights.',
          name=script.function, file=beside)
    ]  # fmt: skip
    if any(node.exit is not None for node in net.nodes):
        notes.append(T("Side exits (`aux`) are for training and are not in it."))
    return {beside: content, out: script.text.encode()}, notes


def _network(options: argparse.Namespace) -> tuple[Any, Any, dict[str, str], T]:
    """The network, its weights, what the file should say besides, and in words where the weights are from."""
    place = Path(options.file)
    run = options.weights or (place if place.is_dir() else None)
    if run is not None:
        from convdsl.training.trained import trained

        if not run.exists():
            raise CallError(T("there is no run {path}.", path=run))
        one = trained(run, Net, device="plain")
        about = {"classes": "\n".join(one.classes), "images": one.metadata.get("images", "")}
        return one.net if place.is_dir() else _read(options), one.model, about, T("the weights of {run}", run=run)
    net = _read(options)
    open_sizes = net.analysis.network.symbols or net.analysis.network.holes
    model = None if open_sizes else net.compile(batch=1, device="plain", seed=options.seed)
    return net, model, {}, T("the weights that training starts from")


def _read(options: argparse.Namespace) -> Net:
    analysis = checked(read_program(options.file), **given_from(options))
    if analysis.failed:
        raise ProgramError(analysis.diagnostics)
    return Net(analysis)
