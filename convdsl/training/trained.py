"""A network after its training: what it answers, and how sure it says it is.

A run's folder, its `weights.safetensors` alone, and an ensemble (ensemble.py) are used in the same way.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from convdsl.datasets.inputs import Prepared
from convdsl.diagnostics import ProgramError
from convdsl.messages import T
from convdsl.network import Analysis
from convdsl.network.ending import ending
from convdsl.network.view import WrittenNet
from convdsl.source import Source
from convdsl.training.checked import checked
from convdsl.training.examples import answers_to, inputs_for
from convdsl.training.files import FileTrouble, read_tensors
from convdsl.training.metrics import Figures
from convdsl.training.model import Model
from convdsl.training.origin import names_in_english
from convdsl.training.predictions import answered
from convdsl.training.scoring import Score
from convdsl.training.settings import Settings
from convdsl.training.task import DISTANCES, Task, Unsuitable, targets_for, truth

WEIGHTS = "weights.safetensors"
BATCH = 128
"""Images that are answered at a time."""


class Predictor(ABC):
    """What answers images: one network, or several together. `name` is the path that it was read from; `classes` are
    empty where it answers numbers or pictures; `prepared` says how the images of its data were made; `task` what it
    answers, `ends` the smallest and the largest target of its training."""

    name: str
    classes: tuple[str, ...]
    prepared: Prepared
    data: str
    loss: str
    task: Task
    settings: Settings
    ends: tuple[float, float]

    @abstractmethod
    def answers(self, images: np.ndarray) -> np.ndarray:
        """For images (n, H, W, C) made ready as in training, by the kind of `task` (see task.py):

            classes   probabilities of the classes (n, classes)
            labels    the probability of each label (n, labels)
            map       probabilities of the classes at each position (n, …, classes)
            values    numbers (n, outputs)
            pictures  images (n, H, W, C)

        Raises Unsuitable."""

    @property
    @abstractmethod
    def takes(self) -> tuple[int, ...]:
        """The shape of an image as the network takes it; that of `prepared` may be a multiple of it where images are to
        be answered that are larger than the input."""

    @property
    @abstractmethod
    def net(self) -> WrittenNet:
        """The network, or the first of several."""

    def targets(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """What should be answered, as losses take it (`targets_for`). Raises Unsuitable."""
        targets = targets_for(self.net, answers_to(images, labels, self.settings), self.task, self.settings)
        if self.task.kind == "map" and int(truth(targets, self.task).max(initial=0)) >= len(self.classes):
            text = T("The masks have a class beyond the {count} that the network answers.", count=len(self.classes))
            raise Unsuitable(str(text))
        return targets

    def score(self) -> Score:
        """What adds up figures of its answers."""
        return Score(self.task, self.classes, self.ends)

    def evaluate(self, images: np.ndarray, labels: np.ndarray) -> Figures:
        """Figures on images with their labels, in which all classes count alike; see scoring.py."""
        targets, score = self.targets(images, labels), self.score()
        for start in range(0, len(images), BATCH):
            rows = slice(start, start + BATCH)
            score.add(self.answers(images[rows]), targets[rows])
        return score.figures()


@dataclass(frozen=True, eq=False)
class Trained(Predictor):
    """One network with its weights."""

    name: str
    model: Model
    classes: tuple[str, ...]
    prepared: Prepared
    data: str
    loss: str
    metadata: Mapping[str, str]
    task: Task
    settings: Settings
    ends: tuple[float, float]

    @property
    def takes(self) -> tuple[int, ...]:
        smaller = self.settings.target == "images" and len(self.net.input) == len(self.prepared.shape)
        return self.net.input if smaller else self.prepared.shape

    @property
    def net(self) -> WrittenNet:
        return self.model.net

    def answers(self, images: np.ndarray) -> np.ndarray:
        outputs = self.model.predict(inputs_for(self.net, images, self.settings))
        return answered(outputs, self.net, self.task.kind, self.loss if self.classes else "")


def describe(net: WrittenNet, data: Any, settings: Any, task: Any, symbols: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """What a file of weights must say so that the network can be used without its program and its data."""
    return {
        "net": net.name,
        "program": net.text,
        "input": list(net.input),
        "symbols": [list(pair) for pair in symbols],
        "classes": names_in_english(data, task),
        "target": task.kind,
        "settings": settings.as_data(),
        "loss": task.loss,
        "white": task.white,
        "data": data.name,
        "images": Prepared.of(data)._asdict(),
        "ends": _ends(answers_to(data.train_images, data.train_labels, settings), task),
    }


def _ends(targets: np.ndarray, task: Task) -> list[float]:
    """The smallest and the largest number that is to be answered; pictures of bytes go from 0 to 1."""
    if task.kind not in ("values", "pictures") or not targets.size:
        return [0.0, 1.0]
    if task.kind == "pictures" and targets.dtype == np.uint8:
        return [0.0, 1.0]
    return [float(targets.min()), float(targets.max())]


def trained(
    path: Path, network: Callable[[Analysis], WrittenNet], *, device: str = "cpu", threads: int | None = None
) -> Trained:  # fmt: skip
    """The network in a run's folder or in its file of weights; `network` makes a Net of an analysis.

    Raises FileTrouble where there is none, or none that can be used.
    """
    tensors, metadata = weights_in(weights_file(path))
    return assembled(str(path), tensors, metadata, network, device=device, threads=threads)


def weights_file(path: Path) -> Path:
    """The file of weights in a run's folder, or the file itself. Raises FileTrouble."""
    if not path.is_dir():
        return path
    file = path / WEIGHTS
    if file.exists():
        return file
    if (path / "config.json").exists():
        way = T("`convdsl run … --resume --out {path}` ends it.", path=path)
        raise FileTrouble(T("The run in {path} has not come to its end: there are no weights.", path=path), way)
    raise FileTrouble(T("There is no run in {path}.", path=path), T("`convdsl runs` lists those in a folder."))


def weights_in(file: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Tensors and metadata of a file of weights. Raises FileTrouble, for a program too."""
    if file.suffix == ".cnn" and file.is_file():
        way = T("Give the folder of a run, or the weights.safetensors in it.")
        raise FileTrouble(T("{path} is a program; it has no weights of its own.", path=file), way)
    return read_tensors(file)


def assembled(
    name: str, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str], network: Callable[[Analysis], WrittenNet],
    *, device: str = "cpu", threads: int | None = None,
) -> Trained:  # fmt: skip
    """A network of its tensors and what `describe` wrote. Raises FileTrouble."""
    if metadata.get("format") != "convdsl" or "program" not in metadata or "classes" not in metadata:
        raise FileTrouble(
            T("{path} does not say what its weights are of.", path=name),
            T("Give the folder of a run, or the weights.safetensors in it."),
        )
    try:
        input = tuple(json.loads(metadata["input"]))
        classes = tuple(json.loads(metadata["classes"])) if metadata.get("target") not in ("values", "pictures") else ()
        symbols = dict(json.loads(metadata.get("symbols", "[]")))
        images = json.loads(metadata["images"]) if "images" in metadata else {"shape": input}
        prepared = Prepared(**{**images, "shape": tuple(images["shape"])})
        loss = metadata.get("loss") or ("cross_entropy" if classes else "mse")
        analysis = checked(
            Source(metadata["program"], metadata.get("net", name), net=metadata.get("net")),
            symbols=symbols,
            input=input,
            strangers=True,
        )
        if analysis.failed:
            raise ProgramError(analysis.diagnostics)
        net = network(analysis)
        model = Model(net, batch=128, device=device, threads=threads, loss=loss)
        model.load_weights({n: t for n, t in tensors.items() if "/" not in n})
        said = json.loads(metadata.get("settings", "{}"))
        known = {n: said[n] for n in ("target", "ignore", "seed", "validation", "limit") if n in said}
        settings = Settings(**known, loss=loss)
        ends = tuple(map(float, json.loads(metadata.get("ends", "[0, 1]"))))
        white = json.loads(metadata.get("white", "null"))
    except (KeyError, TypeError, ValueError, ProgramError) as error:
        raise FileTrouble(T("{path} cannot be used: {reason}", path=name, reason=error)) from None
    kind = metadata.get("target") or ("classes" if classes else "values")
    if kind in ("classes", "map"):
        outputs = prod(net.report.shape()) if kind == "classes" else net.report.shape()[-1]
        count = 2 if outputs == 1 else outputs
        classes = (*classes, *(str(i) for i in range(len(classes), count)))
    end = ending(net.nodes, net.output).scores
    task = Task(kind, loss, classes, unknown=kind == "map", cut=0.5 if end == "sigmoid" or loss in DISTANCES else 0.0,
                itself=settings.target == "images", white=white)  # fmt: skip
    return Trained(
        name, model, classes, prepared, metadata.get("data", ""), loss, metadata, task, settings, (ends[0], ends[-1])
    )
