"""What processes that train one network together tell one another, and how it is for one that is alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from convdsl.engine.errors import EngineError

if TYPE_CHECKING:
    import numpy as np
    import torch


class Lost(EngineError):
    """Another process has ended, or is silent."""


class Ranks:
    """This process among others: its `number` of `size`, and `local` of those `here`, on the same machine. Alone it says
    everything to itself."""

    number, size, local, here = 0, 1, 0, 1
    asked: Callable[[], bool] = staticmethod(lambda: False)
    """Whether somebody wants this process to stop."""
    stopping = False
    """Whether somebody wants any of them to stop, as of the last step of training."""

    def part(self) -> None:
        """From now on each computes for itself."""

    def slice(self, count: int) -> tuple[int, int]:
        """From where to where the images of a batch are this process's."""
        return count * self.number // self.size, count * (self.number + 1) // self.size

    def spread(self, module: torch.nn.Module, place: torch.device) -> Any:
        """A module whose gradients are the means of all processes."""
        return module

    def add(self, tensor: torch.Tensor) -> None:
        """Adds a tensor up over all processes, in place."""

    def told(self, loss: float, right: float) -> tuple[float, float]:
        """Sums over all processes; and whether somebody wants to stop is told with them."""
        return loss, right

    def collect(self, out: np.ndarray, places: np.ndarray, rows: torch.Tensor) -> None:
        """The rows of all processes, each at its place."""
        out[...] = rows.cpu().numpy()

    def gather(self, value: Any) -> list[Any]:
        """What each process has, in their order."""
        return [value]

    def share(self, value: Any) -> Any:
        """What the first process has."""
        return value

    def lost(self, error: Exception) -> Lost | None:
        """An error of PyTorch's, if it says that another process is gone."""
        return None


ALONE = Ranks()
