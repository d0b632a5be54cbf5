"""A sample of another project's tests as a program of one layer, and what the engine is compared with.

In front of the layer stands a `scale` of ones. Its gradient is the sum of the input's gradient times the input, over
images and positions, for each channel: so the way back to the input is compared too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

import convdsl
from convdsl.engine import Model

TOLERANCE = 1e-4
GRADIENT_TOLERANCE = 3e-4


class Refused(Exception):
    """The language has no words for a sample; the argument says for what."""


@dataclass
class Right:
    """What another project says. `y` and `target` have the batch first and channels last; gradients go by the last word
    of their names ("scale" is that of the factors in front); `slack` is how far that project's own gradients in float32
    are from those in float64."""

    y: np.ndarray | None = None
    loss: float | None = None
    gradients: dict[str, np.ndarray] = field(default_factory=dict)
    target: np.ndarray | None = None
    slack: float = 0.0


@dataclass
class Sample:
    """`x` has the batch first and channels last; weights go by the last word of their names. What is right is computed
    only when it is asked for."""

    program: str
    x: np.ndarray
    right: Callable[[], Right]
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    table: np.ndarray | None = None
    tolerance: float = TOLERANCE

    @property
    def key(self) -> Any:
        """Samples with the same key differ in their numbers only."""
        return self.program, self.x.shape, str(self.options)


class Named(NamedTuple):
    """A sample of an operator, or why there is none."""

    operator: str
    sample: Sample | None
    reason: str = ""


def sizes(values: Any) -> str:
    return "x".join(str(int(n)) for n in values)


def difference(found: np.ndarray, wanted: np.ndarray, scale: float = 0.0) -> float:
    """The largest difference, as a share of the largest value wanted (or `scale`); infinite where shapes or what is no
    number differ."""
    if found.shape != wanted.shape:
        return float("inf")
    a, b = np.float64(found), np.float64(wanted)
    odd = ~np.isfinite(b)
    if not np.array_equal(a[odd], b[odd], equal_nan=True) or not np.isfinite(a[~odd]).all():
        return float("inf")
    a, b = a[~odd], b[~odd]
    return float(np.abs(a - b).max() / max(np.abs(b).max(), scale, 1e-5)) if b.size else 0.0


def assert_equal(sample: Sample) -> None:
    """Size, values, loss and gradients. Raises ProgramError where `check` refuses the program, AssertionError where
    something differs."""
    right = sample.right()
    front = "scale -> " if right.gradients else ""
    text = f"input {sizes(sample.x.shape[1:])} -> {front}{sample.program}"
    net = convdsl.parse(text)
    if right.y is not None:
        assert tuple(net.report.output) == right.y.shape[1:], f"{text}: size {net.report.output}, not {right.y.shape}"
    if not len(sample.x):
        return
    model = Model(net, batch=len(sample.x), threads=1, **{"loss": "mse", **sample.options})
    if sample.table is not None:
        model.weigh(sample.table)
    _fill(model, sample.weights, bool(front))
    if right.y is not None:
        gap = difference(model.activations(sample.x, len(net.nodes)), right.y)
        assert gap <= sample.tolerance, f"{text}: values differ by {gap:.2g}"
    if right.loss is not None:
        found = model.evaluate(sample.x, right.target).loss
        assert difference(np.array([found]), np.array([right.loss])) <= TOLERANCE, f"{text}: {found}, not {right.loss}"
    if not right.gradients:
        return
    found = {
        "scale" if name.startswith("1.") else name.split(".", 2)[2]: gradient
        for name, gradient in model.gradients(sample.x, right.target).items()
    }
    assert set(found) == set(right.gradients), f"{text}: {sorted(found)}, not {sorted(right.gradients)}"
    largest = max(float(np.abs(g).max(initial=0)) for g in right.gradients.values())
    allowed = GRADIENT_TOLERANCE + 10 * right.slack
    for name, wanted in right.gradients.items():
        gap = difference(found[name], wanted, 1e-2 * largest)
        assert gap <= allowed or largest < 1e-7, f"{text}: gradient of {name} differs by {gap:.2g} of {largest:.2g}"


def _fill(model: Model, weights: dict[str, np.ndarray], front: bool) -> None:
    mine, given = {**model.weights, **model.buffers}, {}
    for name, value in mine.items():
        last = name.split(".", 2)[2]
        given[name] = np.ones_like(value) if front and name.startswith("1.") else weights.get(last, value)
    model.load_weights(given)
    names = {name.split(".", 2)[2] for name in mine}
    assert set(weights) <= names, f"no weights called {set(weights) - names}; there are {sorted(mine)}"
