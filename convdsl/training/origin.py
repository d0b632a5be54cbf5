"""Where a result comes from: config.json, and whether a run that goes on is still the same run."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from convdsl.messages import T, in_english
from convdsl.training.folder import RunFolder
from convdsl.training.loop import Examples
from convdsl.training.settings import Settings
from convdsl.training.trainable import Trainable

if TYPE_CHECKING:
    from convdsl.training.experiment import Experiment


class Changed(Exception):
    """A run cannot go on, because what it was started with is another now; `what` names the difference."""

    def __init__(self, what: T) -> None:
        self.what = what
        super().__init__(str(what))


def describe(experiment: Experiment, model: Trainable, examples: Examples) -> dict[str, Any]:
    """Everything that the result depends on, as JSON can hold it."""
    from convdsl.version import VERSION

    data, net = experiment.data, experiment.net
    return {
        "net": net.name,
        "program": net.text,
        "input": list(net.input),
        "call": experiment.call,
        "settings": experiment.settings.as_data(),
        "seed": experiment.settings.seed,
        "device": model.device,
        "data": {
            "name": data.name,
            "source": data.source,
            "sha256": checksum(data),
            "shape": list(data.shape),
            "classes": names_in_english(data, examples.task),
            "train": len(examples.train),
            "validation": len(examples.validation),
            "test": len(data.test_images),
        },
        "params": net.report.total.params,
        "versions": {
            "convdsl": VERSION,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "numba": version("numba") if find_spec("numba") else None,
            **({"torch": version("torch")} if model.device.startswith("torch") else {}),
        },
    }


def names_in_english(data: Any, task: Any) -> list[str]:
    """The classes of a task as files name them, whatever the language in use."""
    return [*(in_english(name) for name in data.classes), *task.classes[len(data.classes) :]]


def checksum(data: Any) -> str:
    """SHA-256 of all images and labels, in the order train, validation (where there is such a part), test."""
    digest = hashlib.sha256()
    watched = () if data.validation_images is None else (data.validation_images, data.validation_labels)
    for array in (data.train_images, data.train_labels, *watched, data.test_images, data.test_labels):
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def settle(folder: RunFolder, config: dict[str, Any], resume: bool) -> None:
    """Writes config.json, or compares with what a run that goes on was started with. Raises Changed, FileTrouble."""
    before = folder.config() if resume else None
    if before is None:
        folder.write_config(config)
        return
    folder.believe(before)
    if before["program"] != config["program"]:
        raise Changed(T("The program has changed since the run in {folder} began.", folder=folder))
    if before["data"]["sha256"] != config["data"]["sha256"]:
        raise Changed(T("The data are not the same as when the run in {folder} began.", folder=folder))
    free = {"epochs": None, "data": None, "init_from": None}  # that the data are the same has been seen
    old = {**json.loads(json.dumps(Settings().as_data())), **before["settings"], **free}
    new = {**json.loads(json.dumps(config["settings"])), **free}
    for name, value in new.items():
        if old.get(name) != value:
            raise Changed(T("`{name}` is another than when the run in {folder} began.", name=name, folder=folder))
    if any(before["settings"].get(name) != config["settings"][name] for name in free):
        place = {name: config["data"][name] for name in ("name", "source")}
        data = {**before["data"], **place}
        folder.write_config({**before, "settings": config["settings"], "call": config["call"], "data": data})
