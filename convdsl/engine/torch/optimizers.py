"""PyTorch's optimisers, with what they remember under the names that every engine of ours has for it."""

from __future__ import annotations

from typing import Any

import torch

from convdsl.engine.optimizer import Optimizer

_NAMES = {
    ("sgd", "momentum"): "momentum_buffer",
    ("rmsprop", "square"): "square_avg",
    ("rmsprop", "momentum"): "momentum_buffer",
    ("adagrad", "sum"): "sum",
    ("adam", "m"): "exp_avg",
    ("adam", "v"): "exp_avg_sq",
    ("adamw", "m"): "exp_avg",
    ("adamw", "v"): "exp_avg_sq",
}


class Updates:
    """What changes weights by their gradients."""

    def __init__(self, optimizer: Optimizer, weights: list[torch.nn.Parameter]) -> None:
        self._kind, self._names = optimizer.kind, optimizer.states
        self._torch = _made(optimizer, weights) if weights else None

    def apply(self, lr: float, step: int) -> None:
        """The `step`-th change, from 1 on."""
        if self._torch is None:
            return
        self._torch.param_groups[0]["lr"] = lr
        for state in self._torch.state.values():
            if "step" in state:
                state["step"].fill_(step - 1)
        self._torch.step()

    def state(self, name: str, weight: torch.Tensor) -> torch.Tensor:
        """What is remembered for each number of a weight."""
        kept = self._torch.state.get(weight, {}).get(_NAMES[self._kind, name]) if self._torch else None
        return torch.zeros_like(weight) if kept is None else kept

    def set_state(self, name: str, weight: torch.Tensor, values: torch.Tensor) -> None:
        assert self._torch is not None
        state: dict[str, Any] = self._torch.state[weight]
        if self._kind != "sgd" and "step" not in state:
            state["step"] = torch.zeros((), dtype=torch.float32)
        for every in self._names:
            state.setdefault(_NAMES[self._kind, every], torch.zeros_like(weight, requires_grad=False).detach())
        state[_NAMES[self._kind, name]].copy_(values)

    def forget(self) -> None:
        if self._torch is None:
            return
        if self._kind != "adagrad":
            self._torch.state.clear()
        for state in self._torch.state.values():
            state["sum"].zero_()


def _made(o: Optimizer, weights: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
    decay = o.weight_decay
    if o.kind == "sgd":
        nesterov = o.nesterov and o.momentum > 0
        return torch.optim.SGD(weights, 0.0, o.momentum, weight_decay=decay, nesterov=nesterov)
    if o.kind == "rmsprop":
        return torch.optim.RMSprop(weights, 0.0, o.alpha, o.eps, decay, o.momentum)
    if o.kind == "adagrad":
        return torch.optim.Adagrad(weights, 0.0, weight_decay=decay, eps=o.eps)
    kind = torch.optim.Adam if o.kind == "adam" else torch.optim.AdamW
    return kind(weights, 0.0, (o.beta1, o.beta2), o.eps, decay)
