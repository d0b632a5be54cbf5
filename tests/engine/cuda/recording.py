"""What a network asks of a GPU, without one: its launches, as they are bound."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

import convdsl
from convdsl.engine.cuda.bind import Arrays, Launch
from convdsl.engine.cuda.bindings import bind_inference, bind_training
from convdsl.engine.optimizer import Optimizer
from convdsl.engine.plan import plan
from convdsl.engine.plan.values import GPU

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks"))
from networks import NETWORKS


class Recorder:
    """A device that hands out addresses and does nothing else."""

    capability = (9, 0)

    def __init__(self) -> None:
        self._next = 4096

    def allocate(self, size: int) -> int:
        address = self._next
        self._next += -(-size // 256) * 256
        return address

    def free(self, address: int) -> None: ...

    def free_memory(self) -> int:
        return 1 << 40

    def upload(self, address: int, array: np.ndarray) -> None: ...

    def download(self, address: int, array: np.ndarray) -> None: ...

    def fill_zero(self, address: int, size: int) -> None: ...

    def prepare(self, launches: Sequence[Launch]) -> None: ...

    def run(self, launches: Sequence[Launch], count: int) -> None: ...


@cache
def launches(text: str, batch: int = 128) -> list[Launch]:
    """Of a step of training and of a prediction."""
    found = plan(convdsl.parse(text), batch, Optimizer("sgd", momentum=0.9), GPU)
    arrays = Arrays(found, Recorder())
    return [
        *bind_training(found, arrays).launches,
        *bind_inference(found, found.inference, arrays).launches,
    ]


def network(name: str) -> list[Launch]:
    """Of one of the benchmarks' networks."""
    return launches(NETWORKS[name])
