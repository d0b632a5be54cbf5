"""From a program, data and options to a network that can be trained with them, or to what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from convdsl.diagnostics import Diagnostic, Findings, ProgramError
from convdsl.messages import T
from convdsl.network import Analysis, analyse
from convdsl.network.view import WrittenNet
from convdsl.source import Source
from convdsl.training.block import read_block
from convdsl.training.configure import assemble, check_lines, lines_from, merge
from convdsl.training.matching import check_images, check_outputs, open_input
from convdsl.training.settings import Settings
from convdsl.training.task import Task, as_numbers, task_for


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
    outputs = analysis.network.outputs
    check_lines({n: line for n, line in given.items() if n not in lines}, settings, shape, findings, outputs)
    if analysis.failed or findings.failed:
        raise ProgramError((*analysis.diagnostics, *findings.items))
    outside = Findings(Source("", ""))
    check_lines(lines, settings, shape, outside, outputs)
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


def taken_as(data: Any, task: Task) -> Any:
    """The data with labels of the kind that a task takes them for: classes as int64 where they were written as decimals,
    numbers as they stood in the file where they were read as classes."""
    if task.kind == "classes" and data.train_labels.dtype.kind == "f":
        changed = {name: labels.reshape(len(labels)).astype(np.int64) for name, labels in _labels(data)}
        return replace(data, classes=task.classes, **changed)
    if task.kind == "map" and data.train_labels.dtype.kind == "f":
        return replace(data, **{name: labels.astype(np.uint8) for name, labels in _labels(data)})
    if task.kind == "values" and data.classes:
        return replace(data, classes=(), **{n: numbers_of(data, labels) for n, labels in _labels(data)})
    return data


def numbers_of(data: Any, labels: np.ndarray) -> np.ndarray:
    """Labels (n,) that were read as classes, as the numbers that these are called, else as they stood in the file."""
    named = as_numbers(data.classes)
    if named is not None and len(labels) and labels.min() >= 0 and labels.max() < len(named):
        return np.array(named, np.float32)[labels]
    return (labels + data.first).astype(np.float32)


def others_of(data: Any) -> list[np.ndarray]:
    """The labels of the parts that are not trained with."""
    return [labels for name, labels in _labels(data) if name != "train_labels"]


def _labels(data: Any) -> list[tuple[str, np.ndarray]]:
    names = ("train_labels", "validation_labels", "test_labels")
    return [(name, getattr(data, name)) for name in names if getattr(data, name) is not None]


def match(net: WrittenNet, data: Any, task: Task | None = None) -> tuple[Diagnostic, ...]:
    """Warnings about how data and network go together for a task (None: that of the default settings). Raises
    ProgramError where they do not."""
    task = task or task_for(net, data.train_labels, Settings(), data.classes)
    findings = Findings(net.analysis.source)
    check_images(net, data.shape, data.name, findings, whole=task.itself)
    check_outputs(net, data, task, findings)
    findings.raise_errors()
    return tuple(findings.items)
