"""The model that Python sees: the engine's, with training and files."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from convdsl import engine
from convdsl.datasets.memory import available
from convdsl.diagnostics import Findings
from convdsl.engine.backend import Maker
from convdsl.engine.model import Loaded
from convdsl.engine.model import Model as EngineModel
from convdsl.messages import T
from convdsl.network.view import WrittenNet
from convdsl.training.block import Given, read_block
from convdsl.training.configure import assemble, check_lines, lines_from, merge
from convdsl.training.files import read_tensors, write_tensors
from convdsl.training.history import History
from convdsl.training.settings import Settings
from convdsl.training.state import learned
from convdsl.training.task import Task, default_loss


def settings_of(
    net: WrittenNet, changes: Mapping[str, Any] | None = None, *, standard: Mapping[str, Any] | None = None
) -> Settings:
    """The settings of a network's `train` block with `changes` on top and `standard` below; both as a program writes
    them (`{"schedule": "cosine warmup=1", "lr": 0.01}`). Raises ProgramError."""
    findings = Findings(net.analysis.source)
    given: dict[str, Given] = read_block(net.train, findings)
    findings.raise_errors()
    for texts, above in ((standard, False), (changes, True)):
        lines, found = lines_from(texts or {})
        for one in found:
            one.raise_errors()
        given = merge(given, lines) if above else merge(lines, given)
    settings = assemble(given)
    check_lines(given, settings, net.input, findings, net.outputs)
    findings.raise_errors()
    return settings


def _written(optimizer: engine.Optimizer | str | None) -> str | None:
    """An optimiser as a program writes it."""
    if optimizer is None or isinstance(optimizer, str):
        return optimizer
    text = optimizer.kind + (f" momentum={optimizer.momentum}" if optimizer.momentum else "")
    return text + (" nesterov" if optimizer.nesterov and optimizer.kind == "sgd" else "")


class Model(EngineModel):
    """A network with weights, ready to train.

    Images are (n, H, W, C) uint8 (taken as 0 to 1) or float32; for labels see `fit`. What is not given comes
    from the network's `train` block, or from `settings` in its stead. `optimizer` may be text as in a program, such as
    "sgd momentum=0.9". Raises ProgramError for a wrong setting, ValueError where a size is open, MemoryRefused before
    anything large is allocated.
    """

    net: WrittenNet

    def __init__(
        self,
        net: WrittenNet,
        *,
        batch: int | str | None = None,
        device: str = "cpu",
        seed: int | None = None,
        optimizer: engine.Optimizer | str | None = None,
        loss: str | Mapping[str, str] | None = None,
        label_smoothing: float | None = None,
        init: str | None = None,
        threads: int | None = None,
        memory_limit: int | None = None,
        settings: Settings | None = None,
        maker: Maker | None = None,
    ) -> None:
        given = {
            "batch": batch,
            "seed": seed,
            "loss": loss,
            "label_smoothing": label_smoothing,
            "init": init,
            "optimizer": _written(optimizer),
        }
        unknown = ", ".join(sorted(net.analysis.network.symbols | set(net.analysis.network.holes)))
        if unknown:
            raise ValueError(
                str(
                    T(
                        "A model needs numbers, and these are open: {names}. `convdsl.parse(text, "
                        "symbols={{…}}, input=(…))` gives them values.",
                        names=unknown,
                    )
                )
            )
        self.changes = {name: value for name, value in given.items() if value is not None}
        self.settings = settings or settings_of(net, self.changes)
        size = batch if isinstance(batch, int) else self.settings.batch
        if not size:
            raise ValueError(str(T("`batch full` needs the number of images here: `net.compile(batch=len(images))`.")))
        if not isinstance(optimizer, engine.Optimizer):
            optimizer = self.settings.optimizer
        if memory_limit is None and maker is None and device in ("cpu", "plain"):
            memory_limit = available()
        super().__init__(
            net,
            batch=size,
            device=device,
            seed=self.settings.seed,
            optimizer=optimizer,
            loss=self._first_loss(net),
            label_smoothing=self.settings.label_smoothing,
            init=None if self.settings.init == "auto" else self.settings.init,
            threads=threads,
            memory_limit=memory_limit,
            maker=maker,
        )
        self.epochs_done = 0
        self._trained_in = (os.getpid(), threading.RLock())

    def _first_loss(self, net: WrittenNet) -> Any:
        """The loss, before anybody has seen the targets."""
        if len(net.outputs) > 1:
            from convdsl.training.several import losses_for

            return losses_for(net, self.settings)
        return default_loss(net) if self.settings.loss == "auto" else self.settings.loss

    def settle(self, task: Task) -> None:
        """Takes the loss and the weights of classes of what is to be answered."""
        if task.losses:
            self.change_loss(task.losses)
            return
        self.change_loss(task.loss, task.weighted)
        if task.table is not None:
            self.weigh(task.table)

    def fit(self, images: np.ndarray, labels: Any, epochs: int | None = None, **settings: Any) -> History:
        """Trains on images and labels; returns what each epoch came to. A second call goes on from the first.

        Labels are (n,) whole numbers or, for networks whose output is a map, (n, H, W); (n, C) of 0 and 1 for several
        labels at once; numbers (n,) or (n, k); or pictures (n, H, W, C), where uint8 is taken as 0 to 1. Where no `loss`
        was given, they decide it together with the last layer. For a network with several outputs they are a dict of such
        arrays, by the names of the outputs.

        `settings` are lines of a `train` block: `lr=0.01`, `schedule="cosine warmup=1"`, `augment="flip, shift 2"`,
        `validation=0.1` (0 if neither this nor the block says so), `early_stop="patience=3"`, `seed=1`,
        `class_weights="balanced"` or a list of numbers, `target="images"`, and `progress`,
        a function that is called with every event. Raises ProgramError for a wrong setting, ValueError for images or
        labels that do not fit, and the engine's NotFinite.
        """
        from convdsl.training.fitting import fit

        with self._turn():
            return fit(self, images, labels, epochs, settings)

    def _turn(self) -> threading.RLock:
        """What lets one training of this model follow the other. A child starts without its parent's."""
        if self._trained_in[0] != os.getpid():
            self._trained_in = (os.getpid(), threading.RLock())
        return self._trained_in[1]

    def save(self, path: str | PathLike[str]) -> None:
        """Weights and running statistics as safetensors, with the program's text. Raises FileTrouble."""
        write_tensors(Path(path), learned(self), {"format": "convdsl", "net": self.net.name, "program": self.net.text})

    def load(self, path: str | PathLike[str], strict: bool = True) -> Loaded:
        """Takes weights and running statistics by name. Without `strict`, what does not fit is left out, and the answer
        names it. Raises FileTrouble, BadInput."""
        tensors, _ = read_tensors(Path(path))
        return self.load_weights({n: t for n, t in tensors.items() if "/" not in n}, strict=strict)
