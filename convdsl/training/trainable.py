"""What is trained, as the loop, the state, the files of a run and the evaluation see it: another engine need be no more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from convdsl.engine.model import Evaluation, Loaded
from convdsl.engine.plan import Memory
from convdsl.network.view import WrittenNet

Tensors = Mapping[str, np.ndarray]


class Trainable(Protocol):
    """A network with weights. Arrays that it gives are copies; images and labels are what `examples_from` makes."""

    batch: int
    """Most images of a step."""
    device: str

    @property
    def net(self) -> WrittenNet: ...

    @property
    def threads(self) -> int: ...

    @property
    def memory(self) -> Memory: ...

    @property
    def smallest_batch(self) -> int:
        """Fewest images of a step."""

    @property
    def counts_right(self) -> bool:
        """Whether answers are right or wrong with its loss."""

    # weights and what belongs to them

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """By name, in the public layout, in the order of the layers."""

    @property
    def buffers(self) -> dict[str, np.ndarray]:
        """Running statistics by name."""

    def load_weights(self, tensors: Tensors, strict: bool = True) -> Loaded: ...

    def optimizer_state(self) -> dict[str, np.ndarray]:
        """All that the optimiser remembers: enough to go on as if nothing had happened."""

    def load_optimizer_state(self, tensors: Tensors) -> None: ...

    # running

    def hold(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Is told that these do not change while steps are made with an index into them."""

    def augmenter(self, changes: Any, seed: int) -> Any:
        """What changes batches of images at random; `train_step` takes them."""

    def train_step(
        self, images: Any, labels: np.ndarray, lr: float, step_seed: int = 0, index: np.ndarray | None = None
    ) -> tuple[float, int]:
        """Forward, loss, backward, update. Returns the mean loss and how many answers were right."""

    def answers(self, labels: np.ndarray, index: np.ndarray | None = None) -> int:
        """How many answers can be right: those whose label is known."""

    def evaluate(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        index: np.ndarray | None = None,
        each: Callable[[np.ndarray, Any], None] | None = None,
    ) -> Evaluation:
        """Loss and answers as at inference; `each` is given them batch by batch, with the numbers of the images. Of several
        outputs, answers are dicts by name."""

    def predict(self, images: np.ndarray, index: np.ndarray | None = None) -> Any:
        """The network's outputs (n, *output); of several a dict of them."""

    def activations(self, images: np.ndarray, layer: int) -> np.ndarray:
        """The output of one layer (n, *shape), as at inference."""
