"""How a network is trained: one frozen configuration. What each setting means to a user stands in lines.py."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from convdsl.engine.optimizer import Optimizer


@dataclass(frozen=True)
class Schedule:
    """How the learning rate changes: see training/schedule.py. `warmup` counts epochs and need not be whole."""

    kind: str = "constant"
    warmup: float = 0.0
    every: int = 10
    gamma: float = 0.1
    factor: float = 0.5
    patience: int = 2
    minimum: float = 0.0


@dataclass(frozen=True)
class Augment:
    """How images are changed at random, anew in each epoch; 0 leaves a change out.

    `flip` is "", "horizontal", "vertical" or "both". `shift`, `crop` and `cutout` are pixels, `rotate` and `shear`
    degrees, `scale` a share of the size; `contrast`, `brightness` and `noise` are shares of the range of values.
    """

    flip: str = ""
    shift: int = 0
    rotate: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    crop: int = 0
    contrast: float = 0.0
    brightness: float = 0.0
    noise: float = 0.0
    cutout: int = 0

    def __bool__(self) -> bool:
        return any(getattr(self, f.name) for f in fields(self))

    @property
    def moves(self) -> tuple[str, ...]:
        """Those of the changes in use that need an image with rows and columns."""
        return tuple(n for n in ("flip", "shift", "rotate", "scale", "shear", "crop", "cutout") if getattr(self, n))


@dataclass(frozen=True)
class EarlyStop:
    """Stop when `monitor` ("loss", "accuracy" or "iou", of the validation part) has not got better by more than `min_delta`
    for `patience` epochs; with `restore`, go back to the weights of the best epoch."""

    patience: int = 3
    min_delta: float = 0.0
    monitor: str = "loss"
    restore: bool = True


@dataclass(frozen=True)
class Settings:
    """Everything that a `train` block or the command line can say.

    `batch` 0 means all images at once. `validation` is a share (< 1) or a number of training images; `limit` 0 takes
    all images; `labels_from` 0 what the data say, `classes` () all classes. `init_from` is a file with weights, a
    folder or a base, "" for none. `loss` and `init` "auto" let the data and the activations decide; `losses`
    are those of outputs with names: name, loss and weight.
    `class_weights` are "balanced", numbers, or "" for none; `target` is "labels" or "images"; `ignore` is a class of masks
    that counts nowhere.
    """

    data: str = "fashion-mini"
    optimizer: Optimizer = field(default_factory=lambda: Optimizer("adam"))
    lr: float = 0.001
    batch: int = 128
    epochs: int = 5
    schedule: Schedule = Schedule()
    augment: Augment = Augment()
    early_stop: EarlyStop | None = None
    validation: float = 0.1
    loss: str = "auto"
    losses: tuple[tuple[str, str, float], ...] = ()
    label_smoothing: float = 0.0
    class_weights: str | tuple[float, ...] = ""
    target: str = "labels"
    ignore: int | None = 255
    init: str = "auto"
    seed: int = 0
    limit: int = 0
    labels_from: int = 0
    classes: tuple[str, ...] = ()
    init_from: str = ""

    def as_data(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)
