"""A model that computes nothing: for tests of the loop alone."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from convdsl.training.loop import Examples
from convdsl.training.task import Task


class Step(NamedTuple):
    index: tuple[int, ...]
    lr: float
    seed: int


class FakeModel:
    """Notes its steps. Validation losses come from a list, one for each evaluation; the one weight counts the steps."""

    def __init__(self, batch: int = 4, val_losses: tuple[float, ...] = (), losses: Mapping[int, float] | None = None):
        self.batch = batch
        self.threads = 1
        self.positions = 1
        self.smallest_batch = 1
        self.counts_right = True
        self.loss = SimpleNamespace(kind="cross_entropy")
        self.val_losses = list(val_losses)
        self.losses = losses or {}
        self.steps: list[Step] = []
        self.weights = {"1.dense.weight": np.zeros((1, 1), np.float32)}
        self.buffers: dict[str, np.ndarray] = {}

    def train_step(self, images: Any, labels: Any, lr: float, seed: int, index: np.ndarray) -> tuple[float, int]:
        self.steps.append(Step(tuple(index.tolist()), lr, seed))
        self.weights = {"1.dense.weight": np.full((1, 1), len(self.steps), np.float32)}
        return self.losses.get(len(self.steps), 1.0), len(index) // 2

    def evaluate(self, images: Any, labels: Any, index: np.ndarray) -> Any:
        return SimpleNamespace(loss=self.val_losses.pop(0), accuracy=0.5, predictions=np.zeros(len(index), np.int64))

    def answers(self, labels: Any, index: np.ndarray | None = None) -> int:
        return len(labels) if index is None else len(index)

    def hold(self, images: Any, labels: Any) -> None:
        """Has nowhere to keep them."""

    def optimizer_state(self) -> dict[str, np.ndarray]:
        return {}

    def load_weights(self, tensors: Mapping[str, np.ndarray]) -> None:
        self.weights = dict(tensors)


def examples(train: int = 10, validation: int = 2) -> Examples:
    images = np.zeros((train + validation, 2, 2, 1), np.uint8)
    labels = np.zeros(train + validation, np.int64)
    task = Task("classes", "cross_entropy", ("0", "1"))
    return Examples(images, labels, np.arange(train), np.arange(train, train + validation), task)
