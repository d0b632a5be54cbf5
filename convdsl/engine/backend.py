"""What runs a plan: the protocol that every device keeps to (`devices.py` lists them). A model knows only this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from convdsl.engine.plan import Memory, Parameter, Plan, Target


@dataclass(frozen=True)
class Batch:
    """Images (n, *input), uint8 or float32, C-contiguous; labels for all of them, int64 or float32; which of them are
    meant (all, if None), and how many these are; the sum of the weights of their answers, where the loss weighs them."""

    images: Any
    labels: np.ndarray | None
    index: np.ndarray | None
    count: int
    weight: float = 0.0


class Resident:
    """A batch of images that a backend keeps where it computes; nobody else looks into it."""


class Outcome(NamedTuple):
    """The mean loss, how many answers were right, and whether the loss is a number."""

    loss: float
    right: int
    finite: bool


class Backend(Protocol):
    """Arrays that parameters are given and taken in are in the engine's layout (`Parameter.layout`)."""

    device: str
    plan: Plan
    threads: int
    """Of the CPU."""
    positions: int
    """Answers for one image: 1, or one at each position of a map."""

    def __init__(self, plan: Plan) -> None: ...

    @staticmethod
    def target(threads: int | None) -> Target:
        """What plans need to know of this machine."""

    @staticmethod
    def free_memory() -> int | None:
        """Bytes that are free, where the system tells."""

    @property
    def memory(self) -> Memory: ...

    def weights(self, parameter: Parameter) -> np.ndarray: ...

    def set_weights(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Takes parameters by name."""

    def weigh(self, table: np.ndarray) -> None:
        """Takes the weights of classes, float32: one for each, or of no and of yes for each output."""

    def gradient(self, parameter: Parameter) -> np.ndarray: ...

    def state(self, name: str, parameter: Parameter) -> np.ndarray:
        """What the optimiser remembers for each weight under one name."""

    def set_state(self, name: str, parameter: Parameter, array: np.ndarray) -> None: ...

    def forget(self) -> None:
        """Sets all that the optimiser remembers to zero."""

    def train(self, batch: Batch, lr: float, step: int, seed: int, update: bool) -> Outcome:
        """Forward, loss, backward and, with `update`, the change of the weights, the `step`-th from 1 on."""

    def infer(self, upto: int | None, batch: Batch, out: np.ndarray | None) -> Outcome:
        """Forward to a node, or to the end. Results go to `out`, if it is given; there is a loss if there are labels."""

    def hits(self, count: int) -> np.ndarray:
        """The classes of the last run, (count, positions)."""

    def hold(self, *arrays: np.ndarray) -> None:
        """Promises that these arrays, whole sets of images and labels, do not change while batches are taken of them."""

    def augmenter(self, changes: Any, shape: tuple[int, ...], seed: int) -> Any:
        """What changes images at random, where this backend keeps them; see convdsl.engine.augment."""


class Maker(Protocol):
    """What makes a backend of a plan: a class of backends, or what has settings for one."""

    def __call__(self, plan: Plan) -> Backend: ...

    def target(self, threads: int | None) -> Target: ...

    def free_memory(self) -> int | None: ...
