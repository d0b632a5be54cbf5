"""What is asked of a matrix, separated from the matrix: the same task is done on rows of numbers or on a picture."""

from __future__ import annotations

from typing import NamedTuple

from convdsl.teaching.worked.chains import Chain, Gradient, chain
from convdsl.teaching.worked.channels import Channels, over_channels
from convdsl.teaching.worked.convolution import Correlation, Operation, Options, Pooling, Transposed
from convdsl.teaching.worked.exact import Number
from convdsl.teaching.worked.kernels import Kernel
from convdsl.teaching.worked.matrix import Rows

Work = Operation | Chain | Gradient | Channels


class Task(NamedTuple):
    """Kernels or a pooling, and how the window slides.

    `kind` is `kernels` (one, or several in turn), `transposed`, `gradient` (two kernels, for x and y) or `pool`. `more`
    are further channels with their slices of the kernel; `bias` and `relu` come after the sum.
    """

    kind: str
    how: Options
    kernels: tuple[Kernel, ...] = ()
    true: bool = False
    mode: str = ""
    window: tuple[int, ...] = ()
    name: str = ""
    more: tuple[tuple[Rows, Kernel], ...] = ()
    bias: Number = 0
    relu: bool = False

    @property
    def signed(self) -> bool:
        """Whether the values are differences by nature: a kernel's entries add up to 0."""
        return self.kind == "gradient" or any(k.total == 0 for k in self.kernels)

    @property
    def fractions(self) -> bool:
        """Whether a kernel is written in fractions."""
        return any(k.fractions for k in (*self.kernels, *(kernel for _, kernel in self.more)))

    @property
    def layer_like(self) -> bool:
        """Whether there is more to it than one matrix and one kernel: channels, a bias, a ReLU."""
        return bool(self.more or self.bias or self.relu)


def perform(task: Task, matrix: Rows) -> Work:
    """Does what is asked. Raises SizeError, MatrixError."""
    if task.kind == "pool":
        return pooling(task, matrix)
    if task.kind == "transposed":
        return Transposed(matrix, task.kernels[0], task.how, task.true)
    if task.kind == "gradient":
        x, y = (Correlation(matrix, k, task.how) for k in task.kernels)
        return Gradient(task.name, x, y)
    if task.layer_like:
        pairs = [(matrix, task.kernels[0]), *task.more]
        return over_channels(pairs, task.how, task.true, task.bias, task.relu)
    if len(task.kernels) > 1:
        return chain(matrix, task.kernels, task.how, task.true)
    return Correlation(matrix, task.kernels[0], task.how, task.true)


def pooling(task: Task, matrix: Rows) -> Pooling:
    """A pooling; one number for its window is a square, on a signal a length."""
    height, width = task.window[0], task.window[-1]
    if len(matrix) == 1 and len(task.window) == 1:
        height = 1
    return Pooling(matrix, task.mode, (height, width), task.how)


def last_operation(work: Work) -> Operation:
    """The operation that is looked into place by place: of several, the last."""
    if isinstance(work, Chain):
        return work.steps[-1]
    if isinstance(work, Channels):
        return work.parts[-1]
    return work.x if isinstance(work, Gradient) else work


def output_of(work: Work) -> Rows:
    """What comes out at the end; of a gradient, the squares of its magnitudes."""
    if isinstance(work, Channels):
        return work.output
    return work.squares if isinstance(work, Gradient) else last_operation(work).output
