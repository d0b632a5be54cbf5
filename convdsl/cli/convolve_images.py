"""`convdsl convolve` on an image: the only part of it that needs numpy, and Pillow for files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.text import Text

from convdsl import document
from convdsl.cli.matrices import place_in
from convdsl.cli.parsing import CallError
from convdsl.datasets import DataError
from convdsl.messages import T, decimals, reason
from convdsl.report.arithmetic import Notation
from convdsl.report.console import console
from convdsl.report.convolution import facts
from convdsl.report.convolution_document import Told
from convdsl.report.json_writer import print_json
from convdsl.report.pictures import print_picture
from convdsl.report.printing import print_document
from convdsl.teaching.worked.convolution import Correlation, Operation
from convdsl.teaching.worked.images import (
    AsBytes,
    Picture,
    apply,
    as_bytes,
    grey,
    picture_of,
    read_picture,
    write_picture,
)
from convdsl.teaching.worked.tasks import Task, last_operation, perform

_CHANNELS = {1: ("",), 3: (T("red"), T("green"), T("blue"))}


def run_on_picture(found: Path | str, task: Task | None, options: argparse.Namespace) -> int:
    """Filters a picture, says what became of its values, and writes or shows it. Raises CallError."""
    try:
        return _run(_read(found), task, options)
    except DataError as error:
        raise CallError(str(error)) from None
    except MemoryError:
        raise CallError(T("The image is too large for the memory.")) from None


def _read(found: Path | str) -> Picture:
    if isinstance(found, Path):
        try:
            return read_picture(found)
        except FileNotFoundError:
            raise CallError(T("there is no file {name}.", name=found)) from None
        except OSError as error:
            raise CallError(T("{name} cannot be read: {reason}.", name=found, reason=reason(error))) from None
    picture = picture_of(found)
    if picture is None:
        raise CallError(T("`{name}` is no matrix, no file and no data set.", name=found))
    return picture


def _run(picture: Picture, task: Task | None, options: argparse.Namespace) -> int:
    if task is None or options.steps or options.flatten or options.format in document.FORMATS:
        raise CallError(T("`--steps`, `--flatten` and the formats for slides are for matrices."))
    if options.grey:
        picture = grey(picture)
    if options.padding is None and task.kind != "transposed" and (task.kernels or not options.pool):
        task = task._replace(how=task.how._replace(p="same"))
    operations, values = _filter(picture.pixels, task)
    shown = as_bytes(values, options.map, task.signed)
    if options.out:
        _write(shown, Path(options.out))
    if options.format == "json":
        print_json(_data(picture, shown, options.out))
    else:
        _print(picture, operations, shown, task, options)
    return 0


def _filter(pixels: np.ndarray, task: Task) -> tuple[list[Operation], np.ndarray]:
    """The operations in turn, and what comes out: (H, W, C) as float64."""
    if task.kind == "gradient":
        x, y = (Correlation(_rows(pixels), k, task.how) for k in task.kernels)
        return [x], np.hypot(apply(pixels, x), apply(pixels, y))
    done: list[Operation] = []
    for kernel in task.kernels or (None,):
        work = perform(task if kernel is None else task._replace(kernels=(kernel,)), _rows(pixels))
        assert isinstance(work, Operation)
        done.append(work)
        pixels = apply(pixels, work)
    return done, pixels


class _Channel:
    """One channel of a picture as rows of numbers, each row made when it is asked for."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels = pixels

    def __len__(self) -> int:
        return int(self.pixels.shape[0])

    def __getitem__(self, row: int) -> list[int]:
        return self.pixels[row].tolist()


class _Outputs:
    """What an operation gives, as rows whose values are worked out when they are asked for."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation

    def __len__(self) -> int:
        return self.operation.size[0]

    def __getitem__(self, row: int) -> _OutputRow:
        return _OutputRow(self.operation, row)


class _OutputRow:
    def __init__(self, operation: Operation, row: int) -> None:
        self.operation = operation
        self.row = row

    def __len__(self) -> int:
        return self.operation.size[1]

    def __getitem__(self, column: int) -> Any:
        return self.operation.value(self.row, column)


def _rows(pixels: np.ndarray, channel: int = 0) -> Any:
    return _Channel(pixels[:, :, channel])


def _write(shown: AsBytes, path: Path) -> None:
    try:
        write_picture(shown.pixels, path)
    except OSError as error:
        raise CallError(T("{name} cannot be written: {reason}.", name=path, reason=reason(error))) from None


def _data(picture: Picture, shown: AsBytes, out: str | None) -> dict[str, Any]:
    return {
        "image": picture.name,
        "input": list(picture.pixels.shape),
        "output": list(shown.pixels.shape),
        "low": shown.low,
        "high": shown.high,
        "mapped": str(shown.how),
        "cut": shown.cut,
        "file": out,
    }


def _print(
    picture: Picture, operations: list[Operation], shown: AsBytes, task: Task, options: argparse.Namespace
) -> None:
    out = console()
    sizes = "×".join(map(str, picture.pixels.shape)), "×".join(map(str, shown.pixels.shape))
    out.print(Text(f"{picture.name}: {sizes[0]} → {sizes[1]}", "bold"))
    for line in [*map(str, picture.notes), *(line for o in operations for line in facts(o))]:
        out.print(Text(line), soft_wrap=True)
    low, high = (decimals(f"{v:.6g}").replace("-", "−") for v in (shown.low, shown.high))
    out.print(Text(str(T("Values from {low} to {high}: {how}.", low=low, high=high, how=shown.how))), soft_wrap=True)
    if shown.cut:
        out.print(Text(str(T("{n} of {total} values were cut off.", n=shown.cut, total=shown.pixels.size))))
    if options.at:
        _print_places(out, picture, task, options)
    if options.out:
        out.print(Text(str(T("Written to {name}.", name=options.out))), soft_wrap=True)
    else:
        print_picture(out, shown.pixels)


def _print_places(out: Console, picture: Picture, task: Task, options: argparse.Namespace) -> None:
    notation = Notation(task.fractions, options.decimals)
    for channel, name in enumerate(_CHANNELS[picture.pixels.shape[2]]):
        rows = _rows(picture.pixels, channel)
        *earlier, last = task.kernels if task.kind == "kernels" else (None,)
        for kernel in earlier:
            step = perform(task._replace(kernels=(kernel,)), rows)
            assert isinstance(step, Operation)
            rows = _Outputs(step)
        work = perform(task if last is None else task._replace(kernels=(last,)), rows)
        at = place_in(options.at, last_operation(work))
        assert at is not None
        out.print()
        if str(name):
            out.print(Text(str(name), "bold"))
        if earlier:
            out.print(Text(str(T("Step {n}", n=len(task.kernels))), "bold"))
        print_document(out, Told(notation).place(work, *at))
