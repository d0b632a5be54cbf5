"""A model that computes nothing: for tests of the loop alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

import convdsl
from convdsl.engine.model import Evaluation, Loaded
from convdsl.engine.plan import Memory
from convdsl.training.loop import Examples
from convdsl.training.task import Task
from convdsl.training.trainable import Tensors, Trainable


class Step(NamedTuple):
    index: tuple[int, ...]  # type: ignore[assignment]  # tuple.index, which nobody asks a step for
    lr: float
    seed: int


class FakeModel:
    """Notes its steps. Validation losses come from a list, one for each evaluation; the one weight counts the steps."""

    device = "none"
    threads = 1
    smallest_batch = 1
    counts_right = True
    memory = Memory(0, 0, 0, 0)

    def __init__(self, batch: int = 4, val_losses: tuple[float, ...] = (), losses: Mapping[int, float] | None = None):
        self.net = convdsl.parse("input 2x2x1 -> dense 2")
        self.batch = batch
        self.val_losses = list(val_losses)
        self.losses = losses or {}
        self.steps: list[Step] = []
        self.weights = {"1.dense.weight": np.zeros((1, 1), np.float32)}
        self.buffers: dict[str, np.ndarray] = {}

    def train_step(
        self, images: Any, labels: np.ndarray, lr: float, step_seed: int = 0, index: np.ndarray | None = None
    ) -> tuple[float, int]:
        chosen = np.arange(len(labels)) if index is None else index
        self.steps.append(Step(tuple(chosen.tolist()), lr, step_seed))
        self.weights = {"1.dense.weight": np.full((1, 1), len(self.steps), np.float32)}
        return self.losses.get(len(self.steps), 1.0), len(chosen) // 2

    def evaluate(self, images: Any, labels: Any, index: np.ndarray | None = None, each: Any = None) -> Evaluation:
        return Evaluation(self.val_losses.pop(0), 0.5, self.predict(images, index))

    def predict(self, images: np.ndarray, index: np.ndarray | None = None) -> np.ndarray:
        return np.zeros(len(images) if index is None else len(index), np.int64)

    def activations(self, images: np.ndarray, layer: int) -> np.ndarray:
        return np.zeros((len(images), 2), np.float32)

    def answers(self, labels: np.ndarray, index: np.ndarray | None = None) -> int:
        return len(labels) if index is None else len(index)

    def hold(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Has nowhere to keep them."""

    def augmenter(self, changes: Any, seed: int) -> Any:
        raise NotImplementedError

    def optimizer_state(self) -> dict[str, np.ndarray]:
        return {}

    def load_optimizer_state(self, tensors: Tensors) -> None:
        """Has none."""

    def load_weights(self, tensors: Tensors, strict: bool = True) -> Loaded:
        self.weights = dict(tensors)
        return Loaded(list(tensors), [], [], [])


FAKE: type[Trainable] = FakeModel
"""mypy holds it to what a trainable has."""


def examples(train: int = 10, validation: int = 2) -> Examples:
    images = np.zeros((train + validation, 2, 2, 1), np.uint8)
    labels = np.zeros(train + validation, np.int64)
    task = Task("classes", "cross_entropy", ("0", "1"))
    return Examples(images, labels, np.arange(train), np.arange(train, train + validation), task)
