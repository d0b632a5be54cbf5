"""Where a training stands between two steps: all that it takes to go on as if nothing had happened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convdsl.messages import T
from convdsl.training.events import EpochRecord
from convdsl.training.schedule import Patience
from convdsl.training.trainable import Trainable

OPTIMIZER, BEST = "optimizer/", "best/"
"""What stands before the names of tensors that are no weights of the moment."""


@dataclass
class State:
    """Counts, sums and memories of a training.

    `epoch` epochs are complete and `step` steps of the next are done, `steps` of all. The sums are over the images seen
    in the current epoch, `answers` those that could be right. `best` are the weights and running statistics of the best
    epoch so far, with early stopping.
    """

    epoch: int = 0
    step: int = 0
    steps: int = 0
    loss_sum: float = 0.0
    right: int = 0
    seen: int = 0
    answers: int = 0
    first_loss: float | None = None
    history: list[EpochRecord] = field(default_factory=list)
    plateau: Patience = field(default_factory=Patience)
    reductions: int = 0
    stopping: Patience = field(default_factory=Patience)
    best_epoch: int = 0
    best: dict[str, np.ndarray] = field(default_factory=dict)
    finished: str = ""

    def to_json(self) -> str:
        """The numbers, exactly; tensors are kept apart."""
        figures = {k: v for k, v in vars(self).items() if k not in ("history", "plateau", "stopping", "best")}
        figures["history"] = [list(r) for r in self.history]
        figures["plateau"] = [repr(self.plateau.best), self.plateau.waits]
        figures["stopping"] = [repr(self.stopping.best), self.stopping.waits]
        return json.dumps(figures)

    @classmethod
    def from_json(cls, text: str, best: dict[str, np.ndarray]) -> State:
        """The state that `to_json` wrote. Raises ValueError, KeyError or TypeError for anything else."""
        figures: dict[str, Any] = json.loads(text)
        if not isinstance(figures, dict) or figures.keys() != json.loads(cls().to_json()).keys():
            raise ValueError(T("its counts are not those of a run"))
        for name, value in figures.items():
            standard = getattr(cls(), name)
            if not (
                _is_count(value)
                if isinstance(standard, int)
                else isinstance(value, str)
                if isinstance(standard, str)
                else isinstance(value, list)
                if isinstance(standard, list | Patience)
                else _is_number(value) or (value is None and standard is None)
            ):
                raise ValueError(T("what stands at `{name}` is nothing that a run writes there", name=name))
        for row in figures["history"]:
            if not (isinstance(row, list) and len(row) == len(EpochRecord._fields) and _is_count(row[0])):
                raise ValueError(T("what stands at `{name}` is nothing that a run writes there", name="history"))
            if not all(value is None or _is_number(value) for value in row[1:]):
                raise ValueError(T("what stands at `{name}` is nothing that a run writes there", name="history"))
        figures["history"] = [EpochRecord(*row) for row in figures["history"]]
        for name in ("plateau", "stopping"):
            figure, waits = figures[name]
            if not isinstance(figure, str) or not _is_count(waits):
                raise ValueError(T("what stands at `{name}` is nothing that a run writes there", name=name))
            figures[name] = Patience(float(figure), waits)
        return cls(**figures, best=best)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def tensors_of(model: Trainable, state: State) -> dict[str, np.ndarray]:
    """All arrays of a checkpoint by name: weights and running statistics, optimiser, best weights. Their order is the
    model's, whatever order they were read in: a run that went on leaves the same bytes."""
    now = {**model.weights, **model.buffers}
    return {
        **now,
        **{OPTIMIZER + n: v for n, v in model.optimizer_state().items()},
        **{BEST + n: state.best[n] for n in now if n in state.best},
    }


def restore(model: Trainable, tensors: Mapping[str, np.ndarray], text: str) -> State:
    """Puts what `tensors_of` gave back into a model; returns the state. Raises ValueError, KeyError or TypeError."""
    best = {n.removeprefix(BEST): v for n, v in tensors.items() if n.startswith(BEST)}
    state = State.from_json(text, best)
    shapes = {n: v.shape for n, v in {**model.weights, **model.buffers}.items()}
    for name, tensor in best.items():
        if shapes.get(name) != tensor.shape:
            raise ValueError(T("the tensor {name} is of another size", name=BEST + name))
    plain = {n: v for n, v in tensors.items() if "/" not in n}
    model.load_weights(plain)
    model.load_optimizer_state({n.removeprefix(OPTIMIZER): v for n, v in tensors.items() if n.startswith(OPTIMIZER)})
    return state


def learned(model: Trainable) -> dict[str, np.ndarray]:
    """Copies of the weights and running statistics."""
    return {**model.weights, **model.buffers}
