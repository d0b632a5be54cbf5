"""Runs a plan step by step in NumPy: the arrays of a model, one run of a program, and what changes the weights."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from convdsl.engine.backend import Batch, Outcome
from convdsl.engine.machine import free_memory
from convdsl.engine.plain.steps import STEPS
from convdsl.engine.plain.steps.registry import part_of
from convdsl.engine.plan import LOSSES, Memory, Parameter, Plan, Program, Step, Target, Value
from convdsl.engine.plan.rewrites import REWRITES

TARGET = Target(lanes=1, registers=255, threads=1, whole_batch=True, without=frozenset(REWRITES))
"""Each step for the whole batch, and nothing rewritten."""


class PlainBackend:
    device = "plain"
    threads = 1
    dtype: Any = np.float32
    """What is computed in. The tests take float64 too, where what is wrong cannot hide behind what is rounded."""
    rule = "true"
    """What rectifiers let through on the way back; see convdsl/engine/sensitivity.py."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        outputs = [plan.net.report.shape(o.node) for o in plan.net.outputs]
        self.positions = max(prod(output[:-1]) for output in outputs)
        self._weights = {p: np.zeros(p.shape, self.dtype) for p in plan.parameters.values()}
        self._gradients: dict[Parameter, Any] = {}
        self._states = {
            name: {p: np.zeros(p.shape, self.dtype) for p in plan.trained} for name in plan.optimizer.states
        }
        for owner, again in plan.again:
            self._weights[again] = self._weights[owner]
        self._table = np.ones(2 * max(output[-1] for output in outputs), self.dtype)
        self._hits = np.zeros((0, self.positions), np.int64)

    @staticmethod
    def target(threads: int | None) -> Target:
        return TARGET

    @staticmethod
    def free_memory() -> int | None:
        return free_memory()

    @property
    def memory(self) -> Memory:
        return self.plan.memory

    def weights(self, parameter: Parameter) -> np.ndarray:
        return parameter.layout.pack(self._weights[parameter])

    def set_weights(self, arrays: Mapping[str, np.ndarray]) -> None:
        for name, array in arrays.items():
            parameter = self.plan.parameters[name]
            self._weights[parameter][...] = parameter.layout.unpack(array)

    def weigh(self, table: np.ndarray) -> None:
        self._table[: table.size] = table

    def gradient(self, parameter: Parameter) -> np.ndarray:
        return parameter.layout.pack(self._gradients[parameter])

    def state(self, name: str, parameter: Parameter) -> np.ndarray:
        return parameter.layout.pack(self._states[name][parameter])

    def set_state(self, name: str, parameter: Parameter, array: np.ndarray) -> None:
        self._states[name][parameter][...] = parameter.layout.unpack(array)

    def forget(self) -> None:
        for states in self._states.values():
            for state in states.values():
                state[...] = 0

    def hits(self, count: int) -> np.ndarray:
        return self._hits[:count]

    def hold(self, *arrays: np.ndarray) -> None:
        """Nothing is copied, and nothing need be done."""

    def augmenter(self, changes: Any, shape: tuple[int, ...], seed: int) -> Any:
        from convdsl.engine.plain.augment import PlainAugmenter

        return PlainAugmenter(changes, shape, seed)

    def train(self, batch: Batch, lr: float, step: int, seed: int, update: bool) -> Outcome:
        trained = [p for p in self.plan.packed if p.trainable]
        self._gradients = {p: np.zeros(p.shape, self.dtype) for p in trained}
        run = Run(self, batch, seed, None)
        run.program(self.plan.training)
        for owner, again in self.plan.again:
            if owner.trainable:
                self._gradients[owner] += self._gradients[again]
        outcome = self._outcome(run)
        if update and outcome.finite:
            for parameter in self.plan.trained:
                self._update(parameter, lr, step)
        return outcome

    def infer(self, upto: int | None, batch: Batch, out: np.ndarray | None) -> Outcome:
        run = Run(self, batch, 0, out)
        run.program(self.plan.inference if upto is None else self.plan.inference_upto(upto))
        return self._outcome(run)

    def _outcome(self, run: Run) -> Outcome:
        self._hits, loss = run.hits, sum(run.losses)
        return Outcome(loss, run.right if len(self.plan.losses) == 1 else 0, abs(loss) * run.batch.count < 1e30)

    def _update(self, p: Parameter, lr: float, step: int) -> None:
        """The optimisers' formulas are PyTorch's; see convdsl/engine/optimizer.py."""
        o, w, d = self.plan.optimizer, self._weights[p], self._gradients[p]
        states = [state[p] for state in self._states.values()]
        if o.kind == "adamw":
            w *= 1 - lr * o.weight_decay
        else:
            d = d + o.weight_decay * w
        if o.kind in ("adam", "adamw"):
            m, v = states
            m += (d - m) * (1 - o.beta1)
            v[...] = o.beta2 * v + (1 - o.beta2) * d * d
            d = m / (1 - o.beta1**step) / (np.sqrt(v / (1 - o.beta2**step)) + o.eps)
        elif o.kind == "adagrad":
            states[0] += d * d
            d = d / (np.sqrt(states[0]) + o.eps)
        elif o.kind == "rmsprop":
            states[0][...] = o.alpha * states[0] + (1 - o.alpha) * d * d
            d = d / (np.sqrt(states[0]) + o.eps)
            if o.momentum:
                states[1][...] = o.momentum * states[1] + d
                d = states[1]
        elif o.momentum:
            states[0][...] = d if step == 1 else o.momentum * states[0] + d
            d = d + o.momentum * states[0] if o.nesterov else states[0]
        w -= lr * d


class Run:
    """One pass over a batch: the values that there are so far, and what the steps ask for."""

    def __init__(self, backend: PlainBackend, batch: Batch, seed: int, out: np.ndarray | None) -> None:
        self._backend = backend
        self.batch, self.seed, self.out = batch, seed, out
        self.first = 0
        """The number, in the batch, of the first image that values hold."""
        self.dtype, self.table, self.rule = backend.dtype, backend._table, backend.rule
        self.values: dict[Value, Any] = {}
        self.statistics: dict[Any, list[Any]] = {}
        """Of each batch normalisation: count, mean, 1/deviation; on the way back the sums of g and g·x̂ too."""
        self.losses: list[float] = []
        self.right = 0
        self.hits = np.zeros((batch.count, backend.positions), np.int64)

    def program(self, program: Program) -> None:
        with np.errstate(all="ignore"):  # a loss that is not a number is told by the model
            for region in program.regions:
                for step in region.steps:
                    self._do(step)

    def _do(self, step: Step) -> None:
        reads = {role: self.values[value] for role, value in step.reads.items()}
        result = STEPS[step.kind](self, step, **reads)
        target = next(iter(step.writes.values()), None)
        if result is None or target is None or (step.kind in LOSSES and not step.writes):
            return
        result = result.astype(self.dtype, copy=False)
        self.values[target] = self.values[target] + result if step.settings.get("add") else result

    def zeros(self, value: Value) -> Any:
        return np.zeros((self.batch.count, *value.shape), self.dtype)

    def chosen(self, array: Any) -> Any:
        """Those of all images, or of their labels, that are meant."""
        return array if self.batch.index is None else array[self.batch.index]

    def labels(self, step: Step) -> Any:
        """What is known of one exit's answers for all images; None where there is nothing."""
        return part_of(self.batch.labels, step.settings["offset"])

    def targets(self, step: Step, z: Any) -> Any:
        """The targets of regression or of yes-or-no answers, in the shape of z; None where there are none."""
        labels = self.labels(step)
        return None if labels is None else self.chosen(labels.reshape(-1, *z.shape[1:])).astype(self.dtype)

    def counts(self, step: Step, weighed: Any, answers: Any) -> Any:
        """How much each answer counts in the mean."""
        if not step.settings["weighted"]:
            return np.full(answers.shape, 1 / answers.size, self.dtype)
        return (weighed / self.batch.weight if self.batch.weight > 0 else weighed * 0).astype(self.dtype)

    def weight(self, step: Step, role: str) -> Any:
        return self._backend._weights[step.weights[role]]

    def bias(self, step: Step) -> Any:
        return self.weight(step, "bias") if "bias" in step.weights else self.dtype(0)

    def gradient(self, step: Step, role: str, sums: Any) -> None:
        """Adds to the gradient of a weight that is trained."""
        parameter = step.weights.get(role)
        if parameter is not None and parameter.trainable:
            self._backend._gradients[parameter] += sums.reshape(parameter.shape)
