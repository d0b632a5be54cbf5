"""A whole run on one page: data and network made ready, the training, its files, the evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from convdsl import caches
from convdsl.datasets.summary import summarise
from convdsl.messages import T, in_english
from convdsl.training.curves import read_curves
from convdsl.training.events import Ended, EpochDone, Event, Finished, Interrupted, Note, Progress, Saved, Started
from convdsl.training.examples import examples_from, images_for, labels_for, loss_for
from convdsl.training.files import FileTrouble, read_tensors
from convdsl.training.folder import RunFolder, new_folder
from convdsl.training.health import examine
from convdsl.training.loop import Examples, train
from convdsl.training.metrics import Classes, Values, as_data, classification, regression
from convdsl.training.model import Model
from convdsl.training.origin import describe, settle
from convdsl.training.settings import Settings
from convdsl.training.splitting import limited
from convdsl.training.state import State
from convdsl.training.transfer import start_from


@dataclass
class Experiment:
    """What a run is made of. Without a `folder` it makes one. `call` is how it was asked for (kept in config.json, for
    `--resume`); `save_every` are the seconds between two checkpoints within an epoch."""

    net: Any
    settings: Settings
    data: Any
    folder: RunFolder | None
    resume: bool = False
    device: str = "cpu"
    threads: int | None = None
    init_from: Path | None = None
    save_every: float = 60.0
    stop: Callable[[], bool] = lambda: False
    call: dict[str, Any] = field(default_factory=dict)


def run(experiment: Experiment) -> Iterator[Event]:
    """Trains, saves and evaluates. The last event is Ended, or Interrupted where `stop` said so.

    Raises FileTrouble where files cannot be written or read, Changed where `resume` meets another run, Unsuitable,
    and the engine's errors.
    """
    began = perf_counter()
    net, data = experiment.net, experiment.data
    start = None
    if experiment.init_from and not experiment.resume:
        start, _ = read_tensors(experiment.init_from)
    watch = None if data.validation_images is None else (data.validation_images, data.validation_labels)
    examples = examples_from(net, data.train_images, data.train_labels, experiment.settings, watch)
    settings = replace(experiment.settings, loss=loss_for(data.train_labels, experiment.settings))
    batch = min(settings.batch or len(examples.train), len(examples.train))
    model = Model(net, batch=batch, device=experiment.device, threads=experiment.threads, settings=settings)
    for line in caches.told():
        yield Note(line, warning=True)
    if start is not None:
        yield from start_from(model, start, experiment.init_from)
    folder = experiment.folder or new_folder(net.name)
    with folder.held(experiment.resume):
        yield from _run(experiment, folder, model, examples, settings, began)


def _run(
    experiment: Experiment,
    folder: RunFolder,
    model: Model,
    examples: Examples,
    settings: Settings,
    began: float,
) -> Iterator[Event]:
    """All that is done in the run's folder."""
    net, data = experiment.net, experiment.data
    settle(folder, describe(experiment, model, examples), experiment.resume)
    state = folder.load_state(model) if experiment.resume else None
    yield from (Note(text, warning=True) for text in folder.notes)
    if state is None:
        state = State()
        if experiment.init_from and experiment.resume:
            yield from start_from(model, read_tensors(experiment.init_from)[0], experiment.init_from)
        elif not experiment.init_from and any(node.frozen and net.report[node.index].params for node in net.nodes):
            yield Note(
                T(
                    "The layers in `freeze` keep the weights that chance gave them; `--init-from` takes those of another "
                    "run."
                ),
                warning=True,
            )
        folder.save_state(model, state)
    test = limited(len(data.test_images), settings)
    yield Started(
        net.name,
        data.name,
        tuple(map(str, data.classes)),
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
        summarise(data),
    )
    restored = 0
    for event in _with_checkpoints(experiment, folder, model, examples, settings, state):
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
            {
                "net": net.name,
                "program": net.text,
                "input": list(net.input),
                "classes": [in_english(name) for name in data.classes],
                "settings": settings.as_data(),
                "data": data.name,
            },
        )
    figures = evaluate(model, data, test)
    with _recoverable(folder):
        folder.write_evaluation(as_data(figures, [in_english(name) for name in data.classes]))
    classes = len(figures.classes) if isinstance(figures, Classes) else 0
    health = examine(model, examples.images, examples.train)
    reading = read_curves(state.history, settings, classes, restored, health)
    if reading and reading[0].kind == "not_learning":
        health = examine(model, examples.images, examples.train, layers=None)
        reading = read_curves(state.history, settings, classes, restored, health)
    yield Ended(
        figures,
        reading,
        tuple(state.history),
        state.epoch,
        perf_counter() - began,
        model.device,
        weights,
        folder.path,
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
    experiment: Experiment, folder: RunFolder, model: Model, examples: Examples, settings: Settings, state: State
) -> Iterator[Event]:
    """The loop's events, with the state saved after every epoch, and within long ones from time to time.

    Where saving fails the training goes on: the last checkpoint is still there.
    """
    saved = perf_counter()
    for event in train(model, examples, settings, state, stop=experiment.stop):
        yield event
        due = isinstance(event, Progress) and perf_counter() - saved >= experiment.save_every
        if due or isinstance(event, EpochDone):
            try:
                yield Saved(folder.save_state(model, state), state.epoch, state.step)
                if isinstance(event, EpochDone):
                    folder.write_metrics(state.history)
            except FileTrouble as problem:
                yield Note(T("The checkpoint was not saved: {problem}", problem=problem), warning=True)
            saved = perf_counter()


def evaluate(model: Model, data: Any, rows: np.ndarray) -> Classes | Values:
    """Figures on the test images `rows`."""
    images = images_for(model.net, data.test_images)
    labels, classes = labels_for(model.net, data.test_labels, model.loss.kind)
    seen = model.evaluate(images, labels, rows)
    if data.regression:
        return regression(seen.loss, seen.predictions, labels[rows])
    answers = seen.predictions
    if model.loss.kind == "mse":
        answers = answers.reshape(len(answers), -1).argmax(1)
    true = labels[rows] if classes is None else classes[rows]
    return classification(seen.loss, answers, true, tuple(map(str, data.classes)))
