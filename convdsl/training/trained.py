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
from convdsl.network.ending import ending
from convdsl.source import Source
from convdsl.training.checked import checked
from convdsl.training.evaluating import evaluate
from convdsl.training.examples import answers_to, images_for, inputs_for
from convdsl.training.files import FileTrouble, read_tensors
from convdsl.training.metrics import Classes, Figures, Values, classification, regression
from convdsl.training.model import Model
from convdsl.training.origin import names_in_english
from convdsl.training.settings import Settings
from convdsl.training.task import DISTANCES, Task, Unsuitable, targets_for, truth

WEIGHTS = "weights.safetensors"
SINGLE = ("classes", "values")
"""Targets that are one answer for each image."""
SPREAD = ("labels", "map", "pictures")
"""Those that are several: yes or no for each label, a class for each pixel, a picture."""
TINY = 1e-12
"""What stands for a probability of 0, so that its logarithm is a number."""


class Predictor(ABC):
    """What answers images: one network, or several together. `name` is the path that it was read from; `classes` are
    empty where it answers numbers; `prepared` says how images are made ready for it."""

    name: str
    classes: tuple[str, ...]
    prepared: Prepared
    data: str
    loss: str

    @abstractmethod
    def answers(self, images: np.ndarray) -> np.ndarray:
        """For images (n, H, W, C) made ready as in training: probabilities of the classes (n, classes), or numbers (n,
        outputs). Raises Unsuitable."""

    def evaluate(self, images: np.ndarray, labels: np.ndarray) -> Classes | Values:
        """Figures on images with their labels; the loss is the cross-entropy of the answers (of numbers: squares)."""
        return self.figures(self.answers(images), labels)

    def figures(self, answers: np.ndarray, labels: np.ndarray) -> Classes | Values:
        """Figures of answers that are known already."""
        if not self.classes:
            targets = np.asarray(labels, np.float64).reshape(answers.shape)
            return regression(float(np.square(answers - targets).mean()), answers, targets)
        said = answers.argmax(1)
        loss = -np.log(np.maximum(answers[np.arange(len(labels)), labels], TINY)).mean() if len(labels) else 0.0
        return classification(float(loss), said, labels, self.classes)


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

    def answers(self, images: np.ndarray) -> np.ndarray:
        outputs = self.model.predict(images_for(self.model.net, images)).astype(np.float64)
        outputs = outputs.reshape(len(images), -1)
        if not self.classes or self.loss not in ("cross_entropy", "binary_cross_entropy"):
            return outputs
        last = _last_activation(self.model.net)
        if self.loss == "binary_cross_entropy":
            yes = outputs if last == "sigmoid" else 1 / (1 + np.exp(-outputs))
            return np.concatenate((1 - yes, yes), 1) if yes.shape[1] == 1 else yes
        return outputs if last == "softmax" else _softmax(outputs)


def evaluate_spread(one: Trained, images: np.ndarray, labels: np.ndarray) -> Figures:
    """Figures of a network whose targets are SPREAD, on a part of a data set as it was loaded; classes count alike.
    Raises Unsuitable."""
    said = json.loads(one.metadata.get("settings", "{}"))
    settings = Settings(target=said.get("target", "labels"), ignore=said.get("ignore", 255), loss=one.loss)
    net = one.model.net
    labels = answers_to(images, labels, settings)
    kind = one.metadata["target"]
    ends = ending(net.nodes, net.output).scores == "sigmoid" or one.loss in DISTANCES
    task = Task(kind, one.loss, one.classes, unknown=kind != "pictures", cut=0.5 if ends else 0.0)
    one.model.settle(task)
    targets = targets_for(net, labels, task, settings)
    if task.kind == "map" and int(truth(targets, task).max(initial=0)) >= max(len(one.classes), 2):
        raise Unsuitable(
            str(T("The masks have a class beyond the {count} that the network answers.", count=len(one.classes)))
        )
    return evaluate(one.model, task, inputs_for(net, images, settings), targets, np.arange(len(images)))


def _last_activation(net: Any) -> str:
    node = net.nodes[net.output - 1]
    return node.activation.name if node.activation is not None else node.op


def _softmax(outputs: np.ndarray) -> np.ndarray:
    powers = np.exp(outputs - outputs.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def describe(net: Any, data: Any, settings: Any, task: Any, symbols: Sequence[Sequence[Any]]) -> dict[str, Any]:
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
        "data": data.name,
        "images": Prepared.of(data)._asdict(),
    }


def trained(
    path: Path, network: Callable[[Any], Any], *, device: str = "cpu", threads: int | None = None,
    kinds: Sequence[str] = SINGLE,
) -> Trained:  # fmt: skip
    """The network in a run's folder or in its file of weights; `network` makes a Net of an analysis. `kinds` are the
    targets that will do (see task.py).

    Raises FileTrouble where there is none, or none that can be used.
    """
    file = path / WEIGHTS if path.is_dir() else path
    if path.is_dir() and not file.exists():
        if (path / "config.json").exists():
            way = T("`convdsl run … --resume --out {path}` ends it.", path=path)
            raise FileTrouble(T("The run in {path} has not come to its end: there are no weights.", path=path), way)
        raise FileTrouble(T("There is no run in {path}.", path=path), T("`convdsl runs` lists those in a folder."))
    tensors, metadata = read_tensors(file)
    return assembled(str(path), tensors, metadata, network, device=device, threads=threads, kinds=kinds)


def assembled(
    name: str, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str], network: Callable[[Any], Any],
    *, device: str = "cpu", threads: int | None = None, kinds: Sequence[str] = SINGLE,
) -> Trained:  # fmt: skip
    """A network of its tensors and what `describe` wrote, whose targets are one of `kinds`. Raises FileTrouble."""
    if metadata.get("format") != "convdsl" or "program" not in metadata or "classes" not in metadata:
        raise FileTrouble(
            T("{path} does not say what its weights are of.", path=name),
            T("Give the folder of a run, or the weights.safetensors in it."),
        )
    if metadata.get("target", "classes") not in kinds:
        raise FileTrouble(
            T("{path} answers neither with one class for each image nor with numbers.", path=name),
            T("`convdsl run` shows its figures; from Python `Model.load` and `Model.predict` give its answers."),
        )
    try:
        input = tuple(json.loads(metadata["input"]))
        classes = tuple(json.loads(metadata["classes"])) if metadata.get("target") not in ("values", "pictures") else ()
        symbols = dict(json.loads(metadata.get("symbols", "[]")))
        images = json.loads(metadata["images"]) if "images" in metadata else {"shape": input}
        prepared = Prepared(**{**images, "shape": tuple(images["shape"])})
        loss = metadata.get("loss") or ("cross_entropy" if classes else "mse")
        analysis = checked(
            Source(metadata["program"], metadata.get("net", name)), symbols=symbols, input=input, strangers=True
        )
        if analysis.failed:
            raise ProgramError(analysis.diagnostics)
        net = network(analysis)
        model = Model(net, batch=128, device=device, threads=threads, loss=loss)
        model.load_weights({n: t for n, t in tensors.items() if "/" not in n})
    except (KeyError, TypeError, ValueError, ProgramError) as error:
        raise FileTrouble(T("{path} cannot be used: {reason}", path=name, reason=error)) from None
    outputs = prod(net.report.output)
    if classes and metadata.get("target") in SINGLE:
        count = 2 if outputs == 1 else outputs
        classes = (*classes, *(str(i) for i in range(len(classes), count)))
    return Trained(name, model, classes, prepared, metadata.get("data", ""), loss, metadata)
