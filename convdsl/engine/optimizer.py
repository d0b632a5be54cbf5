"""Optimisers: how a gradient changes the weights. The formulas, and the names, are PyTorch's."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("sgd", "rmsprop", "adagrad", "adam", "adamw")


@dataclass(frozen=True)
class Optimizer:
    """`kind` is one of `sgd`, `rmsprop`, `adagrad`, `adam`, `adamw`. The learning rate is an argument of each step.

    Raises ValueError for another kind, or for a value out of range.
    """

    kind: str = "sgd"
    momentum: float = 0.0
    nesterov: bool = False
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    alpha: float = 0.99
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown optimiser {self.kind!r}; there are {', '.join(KINDS)}")
        if not (0 <= self.momentum < 1 and 0 <= self.beta1 < 1 and 0 <= self.beta2 < 1 and self.weight_decay >= 0):
            raise ValueError("momentum and betas lie in [0, 1), weight decay is not negative")

    @property
    def states(self) -> tuple[str, ...]:
        """What is kept for every weight from step to step."""
        if self.kind in ("adam", "adamw"):
            return ("m", "v")
        if self.kind == "adagrad":
            return ("sum",)
        if self.kind == "rmsprop":
            return ("square", "momentum") if self.momentum else ("square",)
        return ("momentum",) if self.momentum else ()

    def __str__(self) -> str:
        name = "nesterov" if self.nesterov and self.momentum else self.kind
        decay = f", weight decay {self.weight_decay:g}" if self.weight_decay else ""
        return name + (f" with momentum {self.momentum:g}" if self.kind == "sgd" and self.momentum else "") + decay
