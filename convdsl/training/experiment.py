"""A whole run on one page: data and network made ready, the training, its files, the evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from convdsl import caches
from convdsl.datasets.summary import summarise
from convdsl.engine.backend import Maker
from convdsl.engine.ranks import ALONE, Ranks
from convdsl.messages import T
from convdsl.network.view import WrittenNet
from convdsl.training import trained
from convdsl.training.aftermath import Aftermath, first_filters
from convdsl.training.clock import Clock
from convdsl.training.curves import read_curves
from convdsl.training.evaluating import evaluate, thresholds_of
from convdsl.training.events import Ended, EpochDone, Event, Finished, Interrupted, Note, Progress, Saved, Started
from convdsl.training.examples import answers_to, examples_from, inputs_for
from convdsl.training.facts import facts_of
from convdsl.training.files import FileTrouble
from convdsl.training.folder import RunFolder, new_folder
from convdsl.training.health import examine
from convdsl.training.loop import Examples, train
from convdsl.training.metrics import Figures, Together, as_data
from convdsl.training.model import Model
from convdsl.training.origin import describe, names_in_english, settle
from convdsl.training.preparing import others_of, taken_as
from convdsl.training.schedule import learning_rate
from convdsl.training.settings import Settings
from convdsl.training.splitting import limited
from convdsl.training.state import State
from convdsl.training.task import Task, targets_for, task_for
from convdsl.training.together import Onlooker, load_state
from convdsl.training.trainable import Trainable
from convdsl.training.transfer import read_start, start_from


@dataclass
class Experiment:
    """What a run is made of. Without a `folder` it makes one. `call` is how it was asked for (kept in config.json, for
    `--resume`); `save_every` are the seconds between two checkpoints within an epoch. `engine` makes what computes, in
    the place of a device's; it may do so in several processes, `ranks`, which all run the same experiment."""

    net: WrittenNet
    settings: Settings
    data: Any
    folder: RunFolder | None
    resume: bool = False
    device: str = "cpu"
    threads: int | None = None
    init_from: Path | None = None
    map: Path | None = None
    save_every: float = 60.0
    stop: Callable[[], bool] = lambda: False
    call: dict[str, Any] = field(default_factory=dict)
    task: Task | None = None
    engine: Maker | None = None
    ranks: Ranks = ALONE

    def settled(self) -> Task:
        """What is to be answered, from the data unless it is given; the labels are then what it takes them for. Raises
        Unsuitable."""
        if self.task is None:
            labels = answers_to(self.data.train_images, self.data.train_labels, self.settings)
            self.task = task_for(self.net, labels, self.settings, self.data.classes, others_of(self.data))
            self.data = taken_as(self.data, self.task)
        return self.task


def run(experiment: Experiment) -> Iterator[Event]:
    """Trains, saves and evaluates. The last event is Ended, or Interrupted where `stop` said so.

    Raises FileTrouble where files cannot be written or read, Changed where `resume` meets another run, Unsuitable,
    and the engine's errors.
    """
    clock = Clock()
    task = experiment.settled()
    net, data = experiment.net, experiment.data
    start = None
    if experiment.init_from and not experiment.resume:
        start = read_start(experiment.init_from, net.analysis, experiment.map)
    watch = None if data.validation_images is None else (data.validation_images, data.validation_labels)
    examples = examples_from(net, data.train_images, data.train_labels, experiment.settings, watch, task)
    settings = replace(experiment.settings, loss=task.loss)
    batch = min(settings.batch or len(examples.train), len(examples.train))
    model = Model(
        net,
        batch=batch,
        device=experiment.device,
        threads=experiment.threads,
        settings=settings,
        maker=experiment.engine,
    )
    model.settle(task)
    if batch < model.smallest_batch:
        model.refuse_batch(batch)
    for line in caches.told():
        yield Note(line, warning=True)
    if start is not None:
        yield from map(Note, start.told)
        yield from start_from(model, start.tensors, experiment.init_from)
    folder = Onlooker() if experiment.ranks.number else experiment.folder or new_folder(net.name)
    with folder.held(experiment.resume):
        yield from _run(experiment, folder, model, examples, settings, clock)


def _run(
    experiment: Experiment,
    folder: RunFolder,
    model: Trainable,
    examples: Examples,
    settings: Settings,
    clock: Clock,
) -> Iterator[Event]:
    """All that is done in the run's folder."""
    first = first_filters(model, _started_from(experiment))
    task = experiment.settled()
    net, data = experiment.net, experiment.data
    before = (folder.config() or {}) if experiment.resume else {}
    settle(folder, describe(experiment, model, examples), experiment.resume)
    state = load_state(folder, model, experiment.ranks) if experiment.resume else None
    yield from (Note(text, warning=True) for text in folder.notes)
    if state is None:
        state = State()
        if experiment.init_from and experiment.resume:
            start = read_start(experiment.init_from, net.analysis, experiment.map)
            yield from start_from(model, start.tensors, experiment.init_from)
        elif not experiment.init_from and any(node.frozen and net.report[node.index].params for node in net.nodes):
            yield Note(
                T(
                    "The layers in `freeze` keep the weights that chance gave them; `--init-from` takes those of another "
                    "run."
                ),
                warning=True,
            )
        folder.save_state(model, state)
    elif before and state.epoch > settings.epochs:
        folder.write_config(before)  # what was trained is what was planned then
    test = limited(len(data.test_images), settings)
    yield Started(
        net.name,
        data.name,
        task.classes,
        len(examples.train),
        len(examples.validation),
        len(test),
        net.report.total.params,
        net.report.total.trainable,
        model.memory.total,
        model.device,
        model.threads,
        model.batch,
        settings.epochs,
        state.epoch,
        folder.path,
        summarise(data, "pictures" if task.kind == "pictures" and not task.itself else None),
        experiment.ranks.size,
    )
    yield from _remarks(experiment, examples, settings, state, before)
    restored = 0
    clock.spent("ready")
    for event in _with_checkpoints(experiment, folder, model, examples, settings, state, clock):
        if isinstance(event, Interrupted):
            with _recoverable(folder):
                saved = folder.save_state(model, state)
                folder.write_metrics(state.history)
            yield Interrupted(saved, event.epoch, event.step)
            return
        if isinstance(event, Finished):
            restored = event.restored
        yield event
    with _recoverable(folder):
        folder.write_metrics(state.history)
        weights = folder.write_weights(
            model,
            trained.describe(net, data, settings, task, experiment.call.get("set", ())),
        )
    clock.spent("saving")
    figures = evaluate_test(model, experiment, test, examples)
    with _recoverable(folder):
        folder.write_evaluation(as_data(figures, names_in_english(data, task)))
    facts = facts_of(model, examples, settings, figures)
    health = examine(model, examples.images, examples.train)
    reading = read_curves(state.history, settings, facts, restored, health)
    if reading and reading[0].kind == "not_learning":
        health = examine(model, examples.images, examples.train, layers=None)
        reading = read_curves(state.history, settings, facts, restored, health)
    clock.spent("test")
    stopped = state.best_epoch if state.finished == "early_stop" else 0
    yield Ended(
        figures,
        reading,
        tuple(state.history),
        state.epoch,
        sum(clock.seconds.values()),
        model.device,
        weights,
        folder.path,
        Aftermath(model, task, settings, data, test, first, stopped, clock.seconds),
    )


def _started_from(experiment: Experiment) -> Mapping[str, np.ndarray]:
    """For a run that goes on, the weights that it was started from, where they are still there. One that begins has its
    model's."""
    if not (experiment.resume and experiment.init_from):
        return {}
    try:
        return read_start(experiment.init_from, experiment.net.analysis, experiment.map).tensors
    except FileTrouble:
        return {}


def _remarks(
    experiment: Experiment, examples: Examples, settings: Settings, state: State, before: dict[str, Any]
) -> Iterator[Note]:
    """What was taken for what, epochs that are trained already, and a learning rate that a longer training begins anew."""
    for note in experiment.settled().notes:
        yield Note(note)
    planned = before.get("settings", {}).get("epochs", settings.epochs)
    if (ended := _ended(state, settings)) is not None:
        yield Note(ended, warning=True)
        return
    if planned == settings.epochs or not state.history:
        return
    base = (settings.schedule, settings.lr, float(state.epoch))
    was, now = learning_rate(*base, planned, state.reductions), learning_rate(*base, settings.epochs, state.reductions)
    if abs(now - was) > 0.1 * max(now, was):
        yield Note(
            T(
                "The schedule is laid over {epochs} epochs now, and not over {planned}: the learning rate goes from {last} in the "
                "last step to {now}. A new run that starts from these weights (`--init-from`, `--schedule constant`) goes on "
                "without that leap.",
                epochs=settings.epochs,
                planned=planned,
                last=f"{state.history[-1].lr:.3g}",
                now=f"{now:.3g}",
            ),
            warning=True,
        )


def _ended(state: State, settings: Settings) -> T | None:
    """Why a run that is to go on has nothing left to train."""
    if state.finished:
        return T("`early_stop` ended this run after epoch {done}: nothing is left to train.", done=state.epoch)
    if not state.history or state.epoch < settings.epochs:
        return None
    return T(
        "One epoch is asked for, and this run has {done} already: nothing is left to train.",
        "{n} epochs are asked for, and this run has {done} already: nothing is left to train.",
        n=settings.epochs,
        done=state.epoch,
    )


@contextmanager
def _recoverable(folder: RunFolder) -> Iterator[None]:
    """Where something cannot be written, says how to go on once it can."""
    try:
        yield
    except FileTrouble as problem:
        epoch, step = folder.saved
        way = T(
            "When that is mended, `--resume --out {folder}` goes on from the last checkpoint: epoch {epoch}, {step} steps.",
            folder=folder,
            epoch=epoch + 1,
            step=step,
        )
        raise FileTrouble(problem.message, way) from None


def _with_checkpoints(
    experiment: Experiment,
    folder: RunFolder,
    model: Trainable,
    examples: Examples,
    settings: Settings,
    state: State,
    clock: Clock,
) -> Iterator[Event]:
    """The loop's events, with the state saved after every epoch, and within long ones from time to time.

    Where saving fails the training goes on: the last checkpoint is still there.
    """
    saved = perf_counter()
    for event in train(model, examples, settings, state, stop=experiment.stop, clock=clock):
        yield event
        due = isinstance(event, Progress) and perf_counter() - saved >= experiment.save_every
        if due:
            clock.spent("steps")
        if due or isinstance(event, EpochDone):
            try:
                yield Saved(folder.save_state(model, state), state.epoch, state.step)
                if isinstance(event, EpochDone):
                    folder.write_metrics(state.history)
            except FileTrouble as problem:
                yield Note(T("The checkpoint was not saved: {problem}", problem=problem), warning=True)
            saved = perf_counter()
            clock.spent("saving")


def evaluate_test(model: Trainable, experiment: Experiment, rows: np.ndarray, examples: Examples) -> Figures:
    """Figures on the test images `rows`; thresholds of labels are chosen on the validation images."""
    task = experiment.settled()
    data, settings = experiment.data, experiment.settings
    images = inputs_for(model.net, data.test_images, settings)
    targets = targets_for(model.net, answers_to(data.test_images, data.test_labels, settings), task, settings)
    thresholds = None
    if task.kind == "labels" and len(examples.validation):
        thresholds = thresholds_of(model, examples.images, examples.labels, examples.validation)
    figures = evaluate(model, task, images, targets, rows, thresholds)
    assert not isinstance(figures, Together)  # data sets have targets for one output
    return figures
