"""What a training yields while it runs. The loop says nothing by itself; reports are made from these."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from convdsl.messages import T


class Started(NamedTuple):
    """All is ready. Counts are images; `memory` is bytes, of each of the `processes`; `done` epochs were trained by an earlier
    run; `taken` says what the data were taken for (datasets.summary.Summary)."""

    net: str
    data: str
    classes: tuple[str, ...]
    train: int
    validation: int
    test: int
    params: int
    trainable: int
    memory: int
    device: str
    threads: int
    batch: int
    epochs: int
    done: int
    folder: Path | None
    taken: Any = None
    processes: int = 1


class Note(NamedTuple):
    """Something worth knowing; `warning` if it may be unwelcome."""

    text: T | str
    warning: bool = False


class Preparing(NamedTuple):
    """The first step comes next: it compiles code where none is kept from an earlier run."""


class Progress(NamedTuple):
    """Within an epoch. `loss` and `accuracy` are means from its start; `step` of `steps` are done."""

    epoch: int
    step: int
    steps: int
    loss: float
    accuracy: float | None
    lr: float
    images_per_second: float


class EpochRecord(NamedTuple):
    """An epoch in figures, the same on every machine. Accuracies are shares; None where there is none. The last ones
    belong to some kinds of targets only: the mean IoU of maps, the PSNR of pictures in dB, the mean F1 of several labels,
    the balanced accuracy where classes have weights, of several outputs the loss of each and its accuracy, if it has one."""

    epoch: int
    lr: float
    loss: float
    accuracy: float | None
    val_loss: float | None
    val_accuracy: float | None
    val_iou: float | None = None
    val_psnr: float | None = None
    val_f1: float | None = None
    val_balanced_accuracy: float | None = None
    val_outputs: dict[str, dict[str, float]] | None = None

    def present(self) -> dict[str, Any]:
        """By name, without those last ones that there are none of."""
        return {n: v for i, (n, v) in enumerate(self._asdict().items()) if i < 6 or v is not None}


class EpochDone(NamedTuple):
    """An epoch is over. `best` tells whether the figure that early stopping watches was never better."""

    record: EpochRecord
    epochs: int
    seconds: float
    images_per_second: float
    best: bool


class Saved(NamedTuple):
    """The state was written; a run can go on from here."""

    path: Path
    epoch: int
    step: int


class Interrupted(NamedTuple):
    """Somebody stopped the training; the state is in `path` (None: nowhere)."""

    path: Path | None
    epoch: int
    step: int


class Finished(NamedTuple):
    """The epochs are over. `why` is "epochs" or "early_stop"; `restored` the epoch whose weights came back, or 0."""

    why: str
    epochs: int
    restored: int
    seconds: float


class Ended(NamedTuple):
    """The end of a run. `evaluation` are figures on the test images (metrics.Figures), `reading`
    what the curves say (curves.Remark), `after` what a report can look into (aftermath.Aftermath)."""

    evaluation: Any
    reading: tuple[Any, ...]
    history: tuple[EpochRecord, ...]
    epochs: int
    seconds: float
    device: str
    weights: Path | None
    folder: Path | None
    after: Any = None


Event = Started | Note | Preparing | Progress | EpochDone | Saved | Interrupted | Finished | Ended
