"""A network as those see it who compute with it. `convdsl.net.Net` is one; whatever else has these is as good.

There is no error in it, and nothing open: all sizes are numbers (`Report.shape`).
"""

from __future__ import annotations

from typing import Protocol

from convdsl.language.tree import Setting
from convdsl.network.analysis import Analysis
from convdsl.network.graph import Node, Output
from convdsl.network.sizes import Report


class NetView(Protocol):
    """What the engine needs of a network."""

    @property
    def name(self) -> str: ...

    @property
    def input(self) -> tuple[int, ...]:
        """Shape of an image, channels last."""

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All layers in the order of the data; the first one has the index 1."""

    @property
    def output(self) -> int:
        """Index of the layer whose output is the network's; of several outputs, the last one's."""

    @property
    def outputs(self) -> tuple[Output, ...]:
        """All outputs; the only one of most networks has no name."""

    @property
    def report(self) -> Report: ...


class WrittenNet(NetView, Protocol):
    """With the program that it stands in, where messages point, and which files carry along."""

    @property
    def analysis(self) -> Analysis: ...

    @property
    def text(self) -> str: ...

    @property
    def train(self) -> tuple[Setting, ...]:
        """The lines of the `train` block."""
