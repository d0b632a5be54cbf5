"""What a network asks of a GPU, without one: its launches, as they are bound."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from convdsl.engine.cuda.bind import Work


class Recorder:
    """A device that hands out addresses and does nothing else."""

    capability = (9, 0)
    blas = False

    def __init__(self) -> None:
        self._next = 4096

    def allocate(self, size: int) -> int:
        address = self._next
        self._next += -(-size // 256) * 256
        return address

    def free_memory(self) -> int:
        return 1 << 40

    def upload(self, address: int, array: np.ndarray) -> None: ...

    def download(self, address: int, array: np.ndarray) -> None: ...

    def fill_zero(self, address: int, size: int) -> None: ...

    def prepare(self, launches: Sequence[Work]) -> None: ...

    def release(self, programs: Sequence[Sequence[Work]], addresses: Sequence[int]) -> None: ...

    def run(self, launches: Sequence[Work], count: int) -> None: ...
