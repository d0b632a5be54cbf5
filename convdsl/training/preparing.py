"""From a program, data and options to a network that can be trained with them, or to what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Any

from convdsl.diagnostics import Diagnostic, Findings, ProgramError
from convdsl.messages import T
from convdsl.network import Analysis, analyse
from convdsl.source import Source
from convdsl.training.block import read_block
from convdsl.training.configure import assemble, check_lines, lines_from, merge
from convdsl.training.matching import check_images, check_outputs, open_input
from convdsl.training.settings import Settings
from convdsl.training.task import DISTANCES, Task, task_for


class WrongOption(Exception):
    """An option that cannot be used; the text says which and why."""


def configure(analysis: Analysis, options: Mapping[str, str]) -> Settings:
    """The settings of a program, with `options` (texts by the names of lines) on top.

    Raises ProgramError where the program or its block is wrong, WrongOption.
    """
    lines, found = lines_from(options, "--")
    for findings in found:
        _refuse(findings)
    findings = Findings(analysis.source)
    block = read_block(analysis.network.train, findings)
    given = merge(block, lines)
    settings = assemble(given)
    shape = analysis.network.input
    check_lines({n: line for n, line in given.items() if n not in lines}, settings, shape, findings)
    if analysis.failed or findings.failed:
        raise ProgramError((*analysis.diagnostics, *findings.items))
    outside = Findings(Source("", ""))
    check_lines(lines, settings, shape, outside)
    _refuse(outside)
    return settings


def _refuse(findings: Findings) -> None:
    """Raises WrongOption with the first error of some findings about options."""
    for diagnostic in (d for d in findings.items if d.severity == "error"):
        raise WrongOption(_sentence(diagnostic))


def _sentence(diagnostic: Diagnostic) -> str:
    """A diagnostic about an option, without a place."""
    text = f"{diagnostic.message} {diagnostic.help}" if diagnostic.help else str(diagnostic.message)
    return f"{diagnostic.source.name}: {text}" if diagnostic.source.name else text


def settle_input(analysis: Analysis, shape: tuple[int, ...], symbols: Mapping[str, int]) -> Analysis:
    """The analysis with `shape` as the input where the program leaves that open. `symbols` are given from outside.

    Raises ProgramError where the program does not suit the shape, WrongOption where something is still open.
    """
    found = open_input(analysis.network, shape)
    if found is not None:
        values, input = found
        analysis = analyse(analysis.source, symbols={**values, **symbols}, input=input)
    if analysis.failed:
        raise ProgramError(analysis.diagnostics)
    network = analysis.network
    if network.holes:
        names = ", ".join(network.holes)
        raise WrongOption(str(T("the program has holes ({names}); `convdsl solve` finds their values.", names=names)))
    if network.symbols:
        name = min(network.symbols)
        raise WrongOption(str(T("the symbol {name} has no value; give it one with `--set {name}=…`.", name=name)))
    return analysis


def settle_labels(net: Any, data: Any, settings: Settings) -> tuple[Any, T | None]:
    """The data, whose labels are classes where they are whole numbers in float (0.0, 1.0, …) and the network has several
    outputs, and numbers where they are whole ones, the network has one output and a distance is minimised; and what is to
    be said of that."""
    from convdsl.training.examples import whole_classes

    if not data.regression:
        return _numbers(net, data, settings)
    parts = {
        name: whole_classes(net, getattr(data, name), settings.loss)
        for name in _LABELS
        if getattr(data, name) is not None
    }
    if not all(labels.dtype.kind == "i" for labels in parts.values()):
        return data, None
    count = 1 + max(int(labels.max()) for labels in parts.values())
    classes = tuple(str(data.first + i) for i in range(count))
    note = T(
        "The labels of {data} are whole numbers in float, up to {last}: they are taken as classes, because the network "
        "has {outputs} outputs. `--loss mse` takes them as numbers.",
        data=data.name,
        last=count - 1,
        outputs=prod(net.report.output),
    )
    return replace(data, classes=classes, **parts), note


def _numbers(net: Any, data: Any, settings: Settings) -> tuple[Any, T | None]:
    one = data.train_labels.ndim == 1 and prod(net.report.output) == 1
    if settings.loss not in DISTANCES or settings.target == "images" or not one:
        return data, None
    parts = {
        name: (getattr(data, name) + data.first).astype("float32")
        for name in _LABELS
        if getattr(data, name) is not None
    }
    note = T(
        "The labels of {data} are whole numbers: with `loss {loss}` and one output they are numbers to be predicted.",
        data=data.name,
        loss=settings.loss,
    )
    return replace(data, classes=(), **parts), note


_LABELS = ("train_labels", "validation_labels", "test_labels")


def match(net: Any, data: Any, task: Task | None = None) -> tuple[Diagnostic, ...]:
    """Warnings about how data and network go together for a task (None: that of the default settings). Raises
    ProgramError where they do not."""
    task = task or task_for(net, data.train_labels, Settings(), data.classes)
    findings = Findings(net.analysis.source)
    check_images(net, data.shape, data.name, findings, whole=task.itself)
    check_outputs(net, data, task, findings)
    findings.raise_errors()
    return tuple(findings.items)
