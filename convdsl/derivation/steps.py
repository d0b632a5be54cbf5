"""What a derivation is: data, which renderers (convdsl/report) turn into text, Markdown, LaTeX or JSON."""

from __future__ import annotations

from typing import Any, NamedTuple

from convdsl.algebra.blackboard import Letter
from convdsl.algebra.board import letters
from convdsl.diagnostics import Diagnostic
from convdsl.messages import T
from convdsl.network import Facts, Node


class Derivation(NamedTuple):
    """How one figure comes about.

    `steps` are the formula in letters, the same with numbers, the arithmetic step by step, and the value (see
    convdsl.algebra.board); a shape that needs no arithmetic is a tuple, and the only step. `symbol` is the letter of
    the result, `reason` says in a sentence why the formula is so, `notes` what else there is to know. `axes` are the
    spatial axes (from 0) that it holds for.
    """

    quantity: str
    title: T
    symbol: str
    steps: tuple[Any, ...]
    reason: T | None = None
    notes: tuple[T, ...] = ()
    axes: tuple[int, ...] = ()

    @property
    def value(self) -> Any:
        """The result: a number, or a formula in symbols."""
        last = self.steps[-1]
        return last.value if isinstance(last, Letter) else last

    @property
    def letters(self) -> tuple[Letter, ...]:
        """The letters of the formula with their values."""
        return letters(self.steps[0])


class LayerDerivation(NamedTuple):
    """Everything that is derived for a layer. `as_before` is the index of an earlier layer where all this was said."""

    node: Node
    facts: Facts
    derivations: tuple[Derivation, ...]
    remarks: tuple[Diagnostic, ...] = ()
    as_before: int | None = None


class NetDerivation(NamedTuple):
    """All layers of a network, and the sums."""

    name: str
    input: tuple[Any, ...]
    layers: tuple[LayerDerivation, ...]
    totals: tuple[Derivation, ...]
