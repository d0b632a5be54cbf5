"""Several trained networks that answer together: the mean of their probabilities, as in the lectures (Shao et al., 2016).

Saved as one file (`ensemble.safetensors`) with all members in it, which `predict` and `evaluate` take like a run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path

import numpy as np

from convdsl.datasets.inputs import Prepared
from convdsl.messages import T
from convdsl.network import Analysis
from convdsl.network.view import WrittenNet
from convdsl.training.files import FileTrouble, write_tensors
from convdsl.training.predictions import PROBABLE
from convdsl.training.settings import Settings
from convdsl.training.state import learned
from convdsl.training.task import KINDS, Task
from convdsl.training.trained import Predictor, Trained, assembled, trained, weights_in

FILE = "ensemble.safetensors"


class Misfit(ValueError):
    """Networks that cannot answer together; the text names them and says why."""


@dataclass(frozen=True, eq=False)
class Ensemble(Predictor):
    """Members and their weights, which are positive and sum to 1."""

    name: str
    members: tuple[Trained, ...]
    weights: tuple[float, ...]

    @property
    def classes(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.members[0].classes

    @property
    def prepared(self) -> Prepared:  # type: ignore[override]
        return self.members[0].prepared

    @property
    def data(self) -> str:  # type: ignore[override]
        return self.members[0].data

    @property
    def loss(self) -> str:  # type: ignore[override]
        return self.members[0].loss

    @property
    def task(self) -> Task:  # type: ignore[override]
        return self.members[0].task

    @property
    def settings(self) -> Settings:  # type: ignore[override]
        return self.members[0].settings

    @property
    def ends(self) -> tuple[float, float]:  # type: ignore[override]
        return self.members[0].ends

    @property
    def takes(self) -> tuple[int, ...]:
        return self.members[0].takes

    @property
    def net(self) -> WrittenNet:
        return self.members[0].net

    def answers(self, images: np.ndarray) -> np.ndarray:
        return self.together([member.answers(images) for member in self.members])

    def together(self, answers: Sequence[np.ndarray]) -> np.ndarray:
        """The members' answers as one: their weighted mean."""
        return sum(w * a for w, a in zip(self.weights, answers, strict=True))  # type: ignore[return-value]

    def save(self, path: Path) -> None:
        """Writes one file with all members. Raises FileTrouble."""
        tensors = {f"{i}/{n}": t for i, m in enumerate(self.members) for n, t in learned(m.model).items()}
        metadata = {
            "format": "convdsl ensemble",
            "members": json.dumps([{"name": m.name, **m.metadata} for m in self.members], ensure_ascii=False),
            "weights": json.dumps(self.weights),
        }
        write_tensors(path, tensors, metadata)


def ensemble(members: Sequence[Trained], weights: Sequence[float] | None = None, name: str = "ensemble") -> Ensemble:
    """`members` together, each with its share of `weights` (alike, if there are none).

    Raises Misfit where their classes, what they answer or how their images are made ready differ, ValueError for weights
    that are not positive.
    """
    if len(members) < 2:
        raise Misfit(str(T("An ensemble has at least two members.")))
    first = members[0]
    for other in members[1:]:
        if other.task.kind != first.task.kind:
            raise _misfit(first, other, T("the answers"), str(KINDS[first.task.kind]), str(KINDS[other.task.kind]))
        if other.classes != first.classes:
            raise _misfit(first, other, T("the classes"), _listed(first.classes), _listed(other.classes))
        if (other.prepared.shape, other.prepared.kind, other.prepared.scale) != (
            first.prepared.shape, first.prepared.kind, first.prepared.scale):  # fmt: skip
            raise _misfit(first, other, T("the images"), _images(first.prepared), _images(other.prepared))
        if other.net.report.shape() != first.net.report.shape() and first.task.kind not in ("classes", "labels"):
            shapes = ("x".join(map(str, one.net.report.shape())) for one in (first, other))
            raise _misfit(first, other, T("the outputs"), *shapes)
        if other.takes != first.takes:
            raise _misfit(first, other, T("the inputs"), *("x".join(map(str, one.takes)) for one in (first, other)))
        if other.loss != first.loss:
            raise _misfit(first, other, T("the loss"), first.loss, other.loss)
    if first.classes and first.loss not in PROBABLE:
        raise Misfit(
            str(T("{path} was trained with `loss {loss}` and has no probabilities.", path=first.name, loss=first.loss))
        )
    given = tuple(map(float, weights)) if weights is not None else (1.0,) * len(members)
    if len(given) != len(members) or not all(0 < w < float("inf") for w in given):
        raise ValueError(str(T("There must be one positive weight for each member.")))
    return Ensemble(name, tuple(members), tuple(w / sum(given) for w in given))


def _misfit(first: Trained, other: Trained, what: T, a: str, b: str) -> Misfit:
    return Misfit(
        str(
            T("{first} and {other} do not fit together: {what} are {a} and {b}.",
              first=first.name, other=other.name, what=what, a=a, b=b)
        )
    )  # fmt: skip


def _listed(classes: Sequence[str]) -> str:
    shown = ", ".join(classes[:4]) or "–"
    return f"{len(classes)} ({shown}{' …' if len(classes) > 4 else ''})"


def _images(prepared: Prepared) -> str:
    return "x".join(map(str, prepared.shape)) + f" {prepared.kind}" + (f" /{prepared.scale}" if prepared.scale else "")


def votes(accuracies: Sequence[float], classes: int) -> list[float]:
    """Weights of members from their accuracies on images that they were not trained on: the logarithm of their odds,
    ln(a/(1 − a)) + ln(K − 1), which is 0 for chance (SAMME: Zhu et al., 2009). A member that is no better than chance
    keeps a little."""
    return [max(log(max(a, 1e-3) / max(1 - a, 1e-3)) + log(max(classes - 1, 1)), 1e-3) for a in accuracies]


def shares(errors: Sequence[float]) -> list[float]:
    """Weights of members from their mean squared errors on images that they were not trained on: the inverse, which makes
    the error of the mean smallest where the members err independently (Bates and Granger, 1969)."""
    least = max(1e-6 * max(errors), 1e-30)  # one that is always right leaves the others something
    return [1 / max(error, least) for error in errors]


def predictor(
    path: Path, network: Callable[[Analysis], WrittenNet], *, device: str = "cpu", threads: int | None = None
) -> Predictor:
    """What lies at a path: a run, a file of weights, an ensemble or the folder of one. Raises FileTrouble."""
    file = path / FILE if path.is_dir() and (path / FILE).exists() else path
    if file.is_dir():
        return trained(file, network, device=device, threads=threads)
    tensors, metadata = weights_in(file)
    if metadata.get("format") != "convdsl ensemble":
        return assembled(str(path), tensors, metadata, network, device=device, threads=threads)
    try:
        described, weights = json.loads(metadata["members"]), json.loads(metadata["weights"])
        members = [
            assembled(
                one.pop("name"),
                {n.partition("/")[2]: t for n, t in tensors.items() if n.startswith(f"{i}/")},
                one, network, device=device, threads=threads,
            )
            for i, one in enumerate(described)
        ]  # fmt: skip
        return ensemble(members, weights, str(path))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FileTrouble(T("{path} cannot be used: {reason}", path=path, reason=error)) from None
