"""A network from elsewhere, before it is a program: layers of the language with edges and weights, in the order of the data.

Every reader of a format makes these; `bracing.py` finds the braces among the edges, `folding.py` blocks and repeats, and
`program.py` writes the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from convdsl.layers import Layer
from convdsl.layers.activation import Activation
from convdsl.messages import T


@dataclass(eq=False)
class Piece:
    """A layer with what it reads: `inputs` are numbers of pieces, counted from 1, and 0 is the network's input.

    `weights` are those of its roles (see `Weighted`), laid out as here; `name` is what it was called elsewhere.
    """

    layer: Layer
    inputs: tuple[int, ...]
    activation: Activation | None = None
    weights: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    frozen: bool = False

    def text(self) -> str:
        """As it is written, without the branches that it joins."""
        return " ".join(part.text() for part in (self.layer, self.activation) if part is not None)


@dataclass
class Flow:
    """All pieces; `output` is the number of the last one, `shape` that of the input, channels last. `about` is what the
    file says besides."""

    name: str
    shape: tuple[int, ...]
    pieces: list[Piece]
    output: int
    about: Mapping[str, str] = field(default_factory=dict)


class Unusable(ValueError):
    """Why a file cannot be read, as a text of ours; those of libraries are in English alone, and speak of their own insides."""


def why(error: Exception) -> T:
    """What is told of an error that came up in the midst of reading."""
    return error.args[0] if isinstance(error, Unusable) else T("it is damaged, or only a part of one")


class Foreign(Exception):
    """What a file holds is no network of the language. The text says what, by the name that it has there."""

    def __init__(self, message: Any, help: Any = None) -> None:
        self.message, self.help = message, help
        super().__init__(message)

    def __str__(self) -> str:
        return f"{self.message} {self.help}" if self.help else str(self.message)
