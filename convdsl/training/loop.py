"""The loop: epochs of steps over shuffled images, a validation part, schedules, early stopping. Yields events and
prints nothing.

All chance comes from counters (seed, epoch, step), so that a state that was saved between any two steps and taken up
again leads to the same weights, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf, isfinite
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from convdsl.messages import Rounded, T
from convdsl.training.clock import Clock
from convdsl.training.evaluating import accuracy, evaluate, score
from convdsl.training.events import EpochDone, EpochRecord, Event, Finished, Interrupted, Note, Preparing, Progress
from convdsl.training.schedule import learning_rate
from convdsl.training.settings import Settings
from convdsl.training.state import State, learned
from convdsl.training.task import Task, Unsuitable
from convdsl.training.trainable import Trainable

PROGRESS_SECONDS = 0.1
"""How often the loop tells how far it is within an epoch."""
EXPLODED = 1e4
"""A loss so many times the first one (or 1) is given up."""

if TYPE_CHECKING:
    from convdsl.engine.cpu.moving import TargetMover


class Examples(NamedTuple):
    """Images with labels as the engine takes them, which of them are to train and to validate (indices), and what is to
    be answered."""

    images: np.ndarray
    labels: np.ndarray
    train: np.ndarray
    validation: np.ndarray
    task: Task


class Exploded(ArithmeticError):
    """The loss has grown beyond reason, though it is still a number. `layer` and `name` are the layer with the largest
    weights."""

    def __init__(self, loss: float, first: float, name: str) -> None:
        self.layer, self.name = int(name.split(".")[0]), name
        text = T(
            "The loss has exploded, from {first} to {loss}. The largest weights are in layer {name}.",
            first=Rounded(first, ".3g"),
            loss=Rounded(loss, ".3g"),
            name=" ".join(name.split(".")[:2]),
        )
        super().__init__(str(text))


def train(
    model: Trainable,
    examples: Examples,
    settings: Settings,
    state: State | None = None,
    *,
    epochs: int | None = None,
    stop: Callable[[], bool] = lambda: False,
    clock: Clock | None = None,
) -> Iterator[Event]:
    """Trains `model` until `epochs` epochs are complete (those in `state` counted), or early stopping ends it. `clock` is
    told where the time goes.

    Between two events `state` and the model belong together, and may be saved. `stop` is asked after each step; when it
    says so, `Interrupted` is the last event, else `Finished`. Raises the engine's NotFinite, or Exploded.
    """
    state = state or State()
    loop = _Loop(model, examples, settings, state, settings.epochs if epochs is None else epochs, clock or Clock())
    began = perf_counter()
    if state.epoch < loop.epochs and not state.finished:
        if loop.leaves_one_out:
            yield Note(
                T(
                    "The last batch of an epoch would be one image: it is left out, another one each time, because `bn` "
                    "needs at least two values for its statistics."
                )
            )
        yield Preparing()
    while state.epoch < loop.epochs and not state.finished:
        if loop.images_left():
            yield from loop.steps(stop)
        if loop.images_left():
            yield Interrupted(None, state.epoch, state.step)
            return
        yield from loop.end_of_epoch()
        if stop() and state.epoch < loop.epochs and not state.finished:
            yield Interrupted(None, state.epoch, 0)
            return
    restored = loop.restore()
    yield Finished(state.finished or "epochs", state.epoch, restored, perf_counter() - began)


class _Loop:
    def __init__(
        self, model: Trainable, examples: Examples, settings: Settings, state: State, epochs: int, clock: Clock
    ) -> None:
        self.model, self.examples, self.settings, self.state = model, examples, settings, state
        self.epochs, self.clock = epochs, clock
        self.size = model.batch
        self.per_epoch = -(-len(examples.train) // self.size)
        self.leaves_one_out = len(examples.train) > 1 == len(examples.train) % self.size < model.smallest_batch
        self.per_epoch -= self.leaves_one_out
        self.counts_right = model.counts_right
        model.hold(examples.images, examples.labels)
        self.augmenter: Any = None
        self.mover: TargetMover | None = None
        self.compiled = False
        self.seconds, self.timed = 0.0, 0
        if settings.augment:
            self.augmenter = model.augmenter(settings.augment, settings.seed)
            if examples.task.kind in ("map", "pictures"):
                kept = examples.task.kind == "pictures"
                shapes = examples.images.shape[1:], examples.labels.shape[1:]
                self.mover = _mover(settings, *shapes, smooth=kept)

    def images_left(self) -> bool:
        return self.state.step < self.per_epoch

    def rate(self) -> float:
        """The learning rate of the next step."""
        state = self.state
        return learning_rate(
            self.settings.schedule,
            self.settings.lr,
            state.epoch + state.step / self.per_epoch,
            self.epochs,
            state.reductions,
        )

    def steps(self, stop: Callable[[], bool]) -> Iterator[Event]:
        """The rest of an epoch's steps."""
        state, size = self.state, self.size
        order = self.examples.train[shuffled(len(self.examples.train), self.settings.seed, state.epoch)]
        self.began = told = perf_counter()
        self.timed = 0
        while self.images_left():
            index = order[state.step * size : (state.step + 1) * size]
            self.step(index, self.rate())
            now = perf_counter()
            if not self.compiled:  # the first step also compiles, and says nothing about the speed
                self.compiled, self.began = True, now
                self.clock.spent("first")
            else:
                self.timed += len(index)
            self.seconds = now - self.began
            if now - told >= PROGRESS_SECONDS or not self.images_left():
                told = now
                yield Progress(
                    state.epoch + 1,
                    state.step,
                    self.per_epoch,
                    state.loss_sum / state.seen,
                    self.accuracy(),
                    self.rate(),
                    self.speed(),
                )
            if self.images_left() and stop():
                return

    def step(self, index: np.ndarray, lr: float) -> None:
        """One step of the optimiser; raises before the state counts it if the loss is beyond reason."""
        state, examples = self.state, self.examples
        if self.augmenter is None:
            loss, right = self.model.train_step(examples.images, examples.labels, lr, self.step_seed(), index)
            answers = self.model.answers(examples.labels, index) if self.counts_right else 0
        else:
            images = self.augmenter.apply(examples.images, index, state.epoch)
            labels = examples.labels[index]
            if self.mover is not None:
                labels = self.mover.apply(labels, index, state.epoch)
            loss, right = self.model.train_step(images, labels, lr, self.step_seed())
            answers = self.model.answers(labels) if self.counts_right else 0
        state.step += 1
        state.steps += 1
        state.loss_sum += loss * len(index)
        state.right += right
        state.seen += len(index)
        state.answers += answers
        if state.first_loss is None:
            state.first_loss = loss
        elif loss > EXPLODED * max(state.first_loss, 1.0):
            weights = self.model.weights
            largest = max(weights, key=lambda name: float(np.abs(weights[name]).mean()))
            raise Exploded(loss, state.first_loss, largest)

    def step_seed(self) -> int:
        """For dropout: another number in each step."""
        return (self.settings.seed * 0x9E3779B1 + self.state.steps * 0x85EBCA77) & 0x7FFFFFFF

    def accuracy(self) -> float | None:
        """Of the images seen in this epoch, as they were when they were seen."""
        if not self.counts_right or not self.state.answers:
            return None
        return self.state.right / self.state.answers

    def speed(self) -> float:
        return self.timed / self.seconds if self.seconds > 0 and self.timed else 0.0

    def end_of_epoch(self) -> Iterator[Event]:
        """Validation, and what the schedule and early stopping decide; then the state is at the next epoch's start."""
        state, settings = self.state, self.settings
        self.clock.spent("steps")
        lr = learning_rate(
            settings.schedule,
            settings.lr,
            state.epoch + (state.step - 1) / self.per_epoch,
            self.epochs,
            state.reductions,
        )
        examples = self.examples
        val_loss = val_accuracy = None
        more: dict[str, Any] = {}
        if len(examples.validation):
            figures = evaluate(self.model, examples.task, examples.images, examples.labels, examples.validation)
            val_loss, val_accuracy = figures.loss, accuracy(figures)
            more = score(figures, examples.task)
            self.clock.spent("validation")
        mean = state.loss_sum / max(state.seen, 1)
        record = EpochRecord(state.epoch + 1, lr, mean, self.accuracy(), val_loss, val_accuracy, **more)
        state.history.append(record)
        state.epoch, state.step = state.epoch + 1, 0
        state.loss_sum, state.right, state.seen, state.answers = 0.0, 0, 0, 0
        best = self.judge(record)
        reduced = settings.schedule.kind == "plateau" and self.stands_still(record)
        yield EpochDone(record, self.epochs, self.seconds, self.speed(), best)
        if reduced and not state.finished:
            yield Note(T("The loss stands still: the learning rate falls to {lr}.", lr=f"{self.rate():.3g}"))

    def stands_still(self, record: EpochRecord) -> bool:
        """Whether the schedule has waited long enough for progress; the learning rate falls then."""
        state = self.state
        if (
            state.plateau.better(_watched(record, "loss"), 1e-4)
            or state.plateau.waits < self.settings.schedule.patience
        ):
            return False
        state.reductions += 1
        state.plateau.waits = 0
        return True

    def judge(self, record: EpochRecord) -> bool:
        """Notes the epoch for early stopping; whether it was the best so far."""
        state, rule = self.state, self.settings.early_stop
        if rule is None:
            return False
        figure = _watched(record, rule.monitor)
        best = state.stopping.better(figure, rule.min_delta)
        if best:
            state.best_epoch = record.epoch
            if rule.restore:
                state.best = learned(self.model)
        elif state.stopping.waits >= rule.patience:
            state.finished = "early_stop"
        return best

    def restore(self) -> int:
        """Back to the best weights, if early stopping kept them; returns their epoch."""
        if not self.state.best or self.state.best_epoch == self.state.epoch:
            return 0
        self.model.load_weights(self.state.best)
        return self.state.best_epoch


def _mover(settings: Settings, image: tuple[int, ...], target: tuple[int, ...], smooth: bool) -> TargetMover:
    """What moves targets with their images. Raises Unsuitable where that cannot be done."""
    try:
        from convdsl.engine.cpu.moving import TargetMover

        return TargetMover(settings.augment, image, target, settings.seed, smooth)
    except ValueError:
        raise Unsuitable(
            str(
                T(
                    "`shift` and `crop` move whole pixels, and the targets are {target} beside images of {image}. Leave them "
                    "out.",
                    target="x".join(map(str, target)),
                    image="x".join(map(str, image)),
                )
            )
        ) from None


def _watched(record: EpochRecord, monitor: str) -> float:
    """The figure that is to fall: of the validation part, or of the training images where there is none."""
    loss = record.loss if record.val_loss is None else record.val_loss
    accuracy = record.accuracy if record.val_loss is None else record.val_accuracy
    if monitor == "iou" and record.val_iou is not None:
        return -record.val_iou
    figure = loss if monitor != "accuracy" or accuracy is None else -accuracy
    return figure if isfinite(figure) else inf


def shuffled(count: int, seed: int, epoch: int) -> np.ndarray:
    """The numbers 0 … count − 1 in the order of an epoch, the same on every machine."""
    return np.random.RandomState([seed, epoch]).permutation(count)  # its stream is frozen; default_rng's is not
