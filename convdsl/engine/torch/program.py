"""The way forward of a plan as a module of PyTorch: its parameters, and a run of it over some images of a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from convdsl.engine.plan import LOSSES, WEIGHED, Parameter, Program, Step, Value
from convdsl.engine.torch.losses import loss_of
from convdsl.engine.torch.rearranging import Join
from convdsl.engine.torch.steps import STEPS


class Run:
    """One pass over some images of a batch, and what the steps ask for.

    `places` are the numbers of these images in the whole batch, of `count` images, and `weight` is the sum of the weights
    of all its answers. `labels`, and what comes out in `outs`, are by the place of an output in records. `counted` says
    which of the images count (None: all), `over_all` adds up over all processes.
    """

    def __init__(self, weights: dict[Parameter, Tensor], table: Tensor, images: Tensor, labels: Mapping[int, Tensor] | None,
                 places: np.ndarray, count: int, weight: float, seed: int) -> None:  # fmt: skip
        self.weights, self.table, self.images, self.labels = weights, table, images, labels
        self.places, self.count, self.weight, self.seed = places, count, weight, seed
        self.counted: Tensor | None = None
        self.over_all: Callable[[Tensor], None] | None = None
        self.hits: Tensor | None = None
        self.right: Tensor | None = None
        self.outs: dict[int, Tensor] = {}

    def labels_of(self, step: Step) -> Tensor | None:
        """What is known of one exit's answers; None where there is nothing."""
        return None if self.labels is None else self.labels[step.settings["offset"]]

    def counts(self, step: Step, weighed: Tensor, answers: Tensor) -> Tensor:
        """How much each answer counts in the mean."""
        if not step.settings["weighted"] or step.kind not in WEIGHED:
            return torch.full_like(answers, 1 / (self.count * answers[0].numel()), dtype=self.images.dtype)
        return weighed / self.weight if self.weight > 0 else weighed * 0


class Forward:
    """The steps of a program that lead to its losses and to what it emits, each made ready once."""

    def __init__(self, program: Program) -> None:
        self.weights: set[Parameter] = set()
        """Those that it reads."""
        wanted: set[Value] = set()
        used: list[Step] = []
        for step in reversed(program.steps):
            if step.kind in LOSSES or step.kind == "emit" or any(value in wanted for value in step.writes.values()):
                wanted.update(step.reads.values())
                used.append(step)
                self.weights.update(step.weights.values())
        self._acts: list[Callable[[Run, dict[Value, Tensor]], Tensor | None]] = []
        last = {value: number for number, step in enumerate(reversed(used)) for value in step.reads.values()}
        self._act(used[::-1], last)

    def _act(self, steps: list[Step], last: dict[Value, int]) -> None:
        number = 0
        while number < len(steps):
            step, begin = steps[number], number
            if step.kind == "copy":
                while number + 1 < len(steps) and steps[number + 1].kind == "copy" and (
                    steps[number + 1].writes["y"] is step.writes["y"]
                ):  # fmt: skip
                    number += 1
                act = _joined(Join(steps[begin : number + 1]))
            else:
                act = _done(step)
            number += 1
            self._acts.append(act)
            over = {v for one in steps[begin:number] for v in one.reads.values() if last[v] < number}
            if over:
                self._acts.append(_forgotten(tuple(over)))

    def __call__(self, run: Run) -> Tensor | None:
        """The loss of these images, their part of the mean."""
        values: dict[Value, Tensor] = {}
        total: Tensor | None = None
        for act in self._acts:
            loss = act(run, values)
            if loss is not None:
                total = loss if total is None else total + loss
        return total


def _done(step: Step) -> Callable[[Run, dict[Value, Tensor]], Tensor | None]:
    roles = list(step.reads.items())
    if step.kind in LOSSES:
        z = step.reads["z"]
        return lambda run, values: loss_of(run, step, values[z])
    if step.kind == "emit":
        x, offset = step.reads["x"], step.settings["offset"]

        def emit(run: Run, values: dict[Value, Tensor]) -> None:
            run.outs[offset] = values[x]

        return emit
    compute, target = STEPS[step.kind](step), next(iter(step.writes.values()))

    def act(run: Run, values: dict[Value, Tensor]) -> None:
        values[target] = compute(run, **{role: values[value] for role, value in roles})

    return act


def _joined(join: Join) -> Callable[[Run, dict[Value, Tensor]], None]:
    def act(run: Run, values: dict[Value, Tensor]) -> None:
        values[join.value] = join([values[value] for value in join.reads])

    return act


def _forgotten(over: tuple[Value, ...]) -> Callable[[Run, dict[Value, Tensor]], None]:
    """Nobody reads them any more."""

    def act(run: Run, values: dict[Value, Tensor]) -> None:
        for value in over:
            values.pop(value, None)

    return act


class Module(torch.nn.Module):
    """The parameters of a network, as PyTorch's DDP wants them, and the way forward in training."""

    def __init__(self, forward: Forward, weights: dict[Parameter, Tensor]) -> None:
        super().__init__()
        self._forward_in_training = forward
        for parameter, tensor in weights.items():
            name = parameter.name.replace(".", "_")
            if isinstance(tensor, torch.nn.Parameter):
                self.register_parameter(name, tensor)

    def forward(self, run: Run) -> Tensor | None:
        return self._forward_in_training(run)
