"""A small training for tests: broken off after some steps, so that two checkpoints are there, or run to its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import convdsl
from convdsl.datasets.dataset import Dataset
from convdsl.training.events import Event
from convdsl.training.experiment import Experiment, run
from convdsl.training.folder import RunFolder
from convdsl.training.preparing import configure

PROGRAM = """net small
input 6x6x1
conv 2 k3 -> bn relu
flatten
dense 3 softmax
train {
  optimizer adam lr=0.01
  batch 8
  epochs 2
  early_stop patience=5
}
"""
CALL: dict[str, Any] = {"settings": {}, "set": [], "input": None, "init_from": None}


@cache
def data() -> Dataset:
    draw = np.random.default_rng(1)
    images = draw.integers(0, 256, (48, 6, 6, 1), np.uint8)
    labels = np.arange(48) % 3
    return Dataset("noise", images[:40], labels[:40], images[40:], labels[40:], ("a", "b", "c"), "here")


def experiment(folder: Path, *, resume: bool = False, steps: int | None = None, **changes: Any) -> Experiment:
    """A run in `folder` that is broken off after `steps` steps, and saves after each."""
    net = convdsl.parse(PROGRAM, "small.cnn")
    settings = replace(configure(net.analysis, {}), **changes)
    count = iter(range(10**9))
    stop = (lambda: next(count) >= steps - 1) if steps is not None else (lambda: False)
    return Experiment(
        net, settings, data(), RunFolder(folder), resume=resume, threads=1, save_every=0.0, stop=stop, call=CALL
    )


def events(folder: Path, **options: Any) -> list[Event]:
    return list(run(experiment(folder, **options)))


def notes(found: Iterator[Event] | list[Event]) -> list[str]:
    from convdsl.training.events import Note

    return [str(event.text) for event in found if isinstance(event, Note)]


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@cache
def model_of() -> Any:
    return convdsl.parse(PROGRAM).compile(threads=1)
