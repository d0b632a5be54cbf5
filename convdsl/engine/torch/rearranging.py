"""Where the channels stand: in plans last, for PyTorch's windows first. Nothing is copied: PyTorch's own layout
`channels_last` is what comes out."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from convdsl.engine.plan import Step, Value


def first(x: torch.Tensor, axes: int = 2) -> torch.Tensor:
    """[image, channel, row, column], or with a depth before the rows where there are three axes."""
    return x.permute(0, 4, 1, 2, 3) if axes == 3 else x[:, 0].permute(0, 3, 1, 2)


def last(x: torch.Tensor) -> torch.Tensor:
    """[image, depth, row, column, channel] again."""
    return x.permute(0, 2, 3, 4, 1) if x.dim() == 5 else x.permute(0, 2, 3, 1)[:, None]


def trimmed(x: torch.Tensor, output: Sequence[int]) -> torch.Tensor:
    """The first positions, where windows beyond them would have fitted too."""
    if tuple(x.shape[2:]) == tuple(output):
        return x
    return x[(slice(None), slice(None), *(slice(0, n) for n in output))]


class Join:
    """Steps that copy values into parts of one, done together: a concatenation of channels where they are that, else each
    into its place in zeros."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.value: Value = steps[0].writes["y"]
        self.reads = [step.reads["x"] for step in steps]
        shape = self.value.shape
        self._to, self._of, channels = [], [], 0
        self._side_by_side = True
        for step, x in zip(steps, self.reads, strict=True):
            at = step.settings["at"]
            whole = x.shape[:3] == shape[:3] and tuple(at) == (0, 0, 0, channels)
            self._side_by_side = self._side_by_side and whole
            channels += x.shape[3]
            self._to.append(tuple(slice(max(0, a), a + n) for a, n in zip(at, x.shape, strict=True)))
            self._of.append(tuple(slice(max(0, -a), max(0, m - a)) for a, m in zip(at, shape, strict=True)))
        self._side_by_side = self._side_by_side and channels == shape[3]

    def __call__(self, values: list[torch.Tensor]) -> torch.Tensor:
        if self._side_by_side:
            return torch.cat(values, -1) if len(values) > 1 else values[0]
        result = values[0].new_zeros((len(values[0]), *self.value.shape))
        for x, to, of in zip(values, self._to, self._of, strict=True):
            result[(slice(None), *to)] = x[(slice(None), *of)]
        return result
