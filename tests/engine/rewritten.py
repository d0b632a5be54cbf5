"""Whether what plans rewrite leaves every result as it was: plans for several targets, interpreted in float64 (laid_out.py),
against the plan without any rewrite, and that one against PyTorch where it is installed. Nothing is compiled, so that a
network takes tenths of a second; the kernels are held by agreement.py."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from random import Random
from typing import Any
from zlib import crc32

import numpy as np

import convdsl
from convdsl.engine.backend import Batch
from convdsl.engine.initial import initial_weights
from convdsl.engine.optimizer import Optimizer
from convdsl.engine.plain.backend import TARGET
from convdsl.engine.plan import Plan, Target, answers_of, plan
from convdsl.engine.plan.rewrites import REWRITES
from convdsl.engine.records import Records
from tests.engine.agreement import IMAGES, Results, one_thread, opinion, pytorch
from tests.engine.checking import labels_of
from tests.engine.laid_out import LaidOut
from tests.random_networks import TARGETS, as_if_large

TOLERANCE = 1e-7


class Case:
    """A network with weights away from their beginnings, running statistics as after a while, images and labels."""

    def __init__(self, text: str, images: int = 0, seed: int = 0) -> None:
        self.net = convdsl.parse(text)
        self.images = images or IMAGES[crc32(text.encode()) % len(IMAGES)]
        rng = np.random.default_rng(seed)
        parameters = plan(self.net, self.images, Optimizer("sgd"), TARGET).parameters
        self.weights: dict[str, Any] = {}
        self.buffers: dict[str, Any] = {}
        self.fixed: dict[str, Any] = {}
        for name, begun in initial_weights(self.net, parameters, seed).items():
            parameter, noise = parameters[name], 0.2 * rng.standard_normal(begun.shape)
            if parameter.learned:
                self.weights[name] = begun + noise
            elif np.ndim(parameter.value):
                self.fixed[name] = np.asarray(parameter.value)
            else:
                self.buffers[name] = rng.uniform(0.5, 2, begun.shape) if name.endswith("var") else begun + noise
        self.x = rng.standard_normal((self.images, *self.net.input))
        self.labels = labels_of(self.net, self.images, rng)

    def results(self, target: Target, large: bool = False) -> Results:
        """The prediction, the gradients and the loss of one step."""
        with as_if_large() if large else nullcontext():
            made = plan(self.net, self.images + 1, Optimizer("sgd"), target)
        laid = LaidOut(made)
        laid.fill({**self.weights, **self.buffers, **self.fixed})
        outputs = zip(self.net.outputs, answers_of(self.net), strict=True)
        shapes = {f"prediction {o.name}": (at.offset, self.net.report.shape(o.node)) for o, at in outputs}
        predicted = {name: (offset, np.empty((self.images, *shape))) for name, (offset, shape) in shapes.items()}
        laid.infer(None, Batch(self.x, None, None, self.images), dict(predicted.values()))  # type: ignore[arg-type]
        outcome = laid.train(Batch(self.x, self.targets(made), None, self.images), 0.0, 1, 7, False)
        predictions = {name: values for name, (_, values) in predicted.items()}
        return {**predictions, "loss": np.array(outcome.loss), **laid.gradients()}

    def targets(self, made: Plan) -> np.ndarray:
        """The labels as they lie in records, where there are several outputs."""
        if not isinstance(self.labels, dict):
            return self.labels
        records = np.zeros(self.images, Records(self.net).targets(made.losses))
        for name, labels in self.labels.items():
            records[name] = labels.reshape(records[name].shape)
        return records


def faults(text: str, images: int = 0) -> list[str]:
    """What is not as it must be, a line for each value of each target; twice, with other numbers, so that a maximum or a
    kink that rounding decides does not count."""
    return _compared(text, images, 0) and _compared(text, images, 1)


def _compared(text: str, images: int, seed: int) -> list[str]:
    case = Case(text, images, seed)
    wanted = case.results(TARGET)
    found = []
    if pytorch is not None and not any(node.op in ("dropout", "droppath") for node in case.net.nodes):
        with one_thread():
            found += _different("nothing rewritten", wanted, opinion(case, case.x, case.labels))
    for what, target, large in _targets(text):
        found += _different(what, case.results(target, large), wanted)
    return found


def _targets(text: str) -> list[tuple[str, Target, bool]]:
    """All, with every rewrite, one of them as if all were large; and one with some rewrites, so that none hides another."""
    rng = Random(text)
    some = frozenset(rng.sample(sorted(REWRITES), rng.randint(1, len(REWRITES) - 1)))
    large, one = rng.choice(TARGETS), replace(rng.choice(TARGETS), without=some)
    found = [(_name(target), target, False) for target in TARGETS if target is not large]
    return [*found, (f"{_name(large)}, large", large, True), (f"{_name(one)} without {sorted(some)}", one, True)]


def _name(target: Target) -> str:
    return "GPU" if target.whole_batch else f"{target.lanes} lanes, {target.registers} registers"


def _different(what: str, found: Results, wanted: Results) -> list[str]:
    scale = max(
        (float(np.abs(wanted[n]).max()) for n in found if not n.startswith(("prediction", "loss"))), default=0.0
    )
    lines = []
    for name, value in found.items():
        here = wanted[name]
        error = float(np.abs(value - here).max() / max(np.abs(here).max(), 1e-2 * scale, 1e-3))
        if not error < TOLERANCE:
            lines.append(f"{what}: {name}: relative error {error:.1e}")
    return lines
