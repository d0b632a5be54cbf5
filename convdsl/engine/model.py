"""A network that runs: weights, steps of training, predictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from convdsl.engine.backend import Backend, Batch, Outcome, Resident, backend_class
from convdsl.engine.errors import BadInput, MemoryRefused, NotFinite
from convdsl.engine.initial import initial_weights
from convdsl.engine.inputs import as_images
from convdsl.engine.optimizer import Optimizer
from convdsl.engine.plan import Loss, Memory, Parameter, Plan, plan
from convdsl.messages import T


class Evaluation(NamedTuple):
    """Mean loss, part of the images classified right (nan for regression), and predicted classes or values."""

    loss: float
    accuracy: float
    predictions: np.ndarray


class Loaded(NamedTuple):
    """Names of tensors that were taken; that the network has and the file lacks; the reverse; and of other shapes."""

    taken: list[str]
    missing: list[str]
    unknown: list[str]
    mismatched: list[str]


class Model:
    """A network with weights, compiled for this machine.

    Images are (n, H, W, C), uint8 (taken as 0 to 1) or float32; labels are (n,) whole numbers, or float32 targets of the
    output's shape with `loss="mse"`. `loss=None` is cross-entropy. `device` is "cpu", "cuda" or "auto". The same seed and
    data give the same bytes on any number of threads. Raises MemoryRefused before anything large is allocated.
    """

    def __init__(
        self,
        net: Any,
        *,
        batch: int = 128,
        device: str = "cpu",
        seed: int = 0,
        optimizer: Optimizer | None = None,
        loss: str | None = None,
        label_smoothing: float = 0.0,
        init: str | None = None,
        threads: int | None = None,
        memory_limit: int | None = None,
    ) -> None:
        if batch < 1:
            raise BadInput(str(T("A batch holds at least one image.")))
        self.net = net
        self.batch = batch
        self.optimizer = optimizer or Optimizer("sgd", momentum=0.9)
        self.loss = Loss(loss or "cross_entropy", label_smoothing)
        self._init = init
        self._labels: tuple[np.ndarray, np.ndarray] | None = None
        kind = backend_class(device)
        self._target = kind.target(threads)
        self.plan: Plan = plan(net, batch, self.optimizer, self._target, self.loss)
        self._refuse_if_too_large(memory_limit if memory_limit is not None else kind.free_memory())
        self._backend: Backend = kind(self.plan)
        self.device = self._backend.device
        self._steps = 0
        self.reinitialise(seed)

    # weights

    def reinitialise(self, seed: int) -> None:
        """Fresh weights from a seed; the optimiser forgets."""
        self._set(initial_weights(self.net, self.plan.parameters, seed, self._init))
        self._steps = 0
        self._backend.forget()

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """Copies of all learned numbers by name, in the public layout, in the order of the layers."""
        return {p.name: self._get(p) for p in self.plan.parameters.values() if p.learned}

    @property
    def buffers(self) -> dict[str, np.ndarray]:
        """Copies of the running statistics by name."""
        return {p.name: self._get(p) for p in self.plan.parameters.values() if not p.learned and np.ndim(p.value) == 0}

    def load_weights(self, tensors: Mapping[str, Any], strict: bool = True) -> Loaded:
        """Takes weights and running statistics by name. With `strict`, raises BadInput unless all of them fit."""
        mine = {**self.weights, **self.buffers}
        unknown = [n for n in tensors if n not in mine]
        missing = [n for n in mine if n not in tensors]
        mismatched = [n for n in mine if n in tensors and np.shape(tensors[n]) != mine[n].shape]
        if strict and (unknown or missing or mismatched):
            raise BadInput(
                str(
                    T(
                        "The weights do not fit this network: missing {missing}, unknown {unknown}, of another size "
                        "{mismatched}.",
                        missing=_names(missing),
                        unknown=_names(unknown),
                        mismatched=_names(mismatched),
                    )
                )
            )
        taken = [n for n in mine if n in tensors and n not in mismatched]
        self._set({n: np.asarray(tensors[n], np.float32) for n in taken})
        return Loaded(taken, missing, unknown, mismatched)

    def optimizer_state(self) -> dict[str, np.ndarray]:
        """All that the optimiser remembers, and the number of steps done: enough to go on as if nothing had happened."""
        result = {"step": np.array(self._steps, np.int64)}
        for p in self.plan.trained:
            for name in self.optimizer.states:
                result[f"{p.name}.{name}"] = p.layout.unpack(self._backend.state(name, p))
        return result

    def load_optimizer_state(self, tensors: Mapping[str, Any]) -> None:
        """Takes what `optimizer_state` gave. Raises BadInput where something is missing or of another size."""
        for p in self.plan.trained:
            for name in self.optimizer.states:
                given = tensors.get(f"{p.name}.{name}")
                if given is None or np.shape(given) != p.shape:
                    raise BadInput(str(T("The state of the optimiser does not fit: {name}.", name=f"{p.name}.{name}")))
                self._backend.set_state(name, p, p.layout.pack(given))
        self._steps = int(tensors["step"])

    @property
    def memory(self) -> Memory:
        """Bytes of weights, gradients, optimiser and activations."""
        return self._backend.memory

    @property
    def backend(self) -> Backend:
        """What runs it."""
        return self._backend

    @property
    def threads(self) -> int:
        """How many threads of the CPU it runs on."""
        return self._backend.threads

    @property
    def positions(self) -> int:
        """How many answers it gives for one image: 1, or one at each position of a map."""
        return self._backend.positions

    def hold(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Promises that a set of images and labels does not change while steps are made with an index into it: a GPU
        keeps it in its memory then. A later call takes the place of the first."""
        batch = self._batch_of(images, labels, None)
        if batch.labels is not None:
            self._backend.hold(batch.images, batch.labels)

    def augmenter(self, changes: Any, seed: int) -> Any:
        """What changes batches of images at random before a step (see convdsl.engine.augment); `train_step` takes them."""
        return self._backend.augmenter(changes, tuple(self.net.input), seed)

    # running

    def train_step(
        self, images: np.ndarray, labels: np.ndarray, lr: float, step_seed: int = 0, index: np.ndarray | None = None
    ) -> tuple[float, int]:
        """Forward, loss, backward, update, for the images of `index` (all, if None), at most `batch` of them.

        Returns the mean loss and how many images were classified right. Raises NotFinite, with the weights as they
        were, where the loss is not finite.
        """
        done = self._train(self._batch_of(images, labels, index), lr, step_seed, True)
        if not done.finite:
            raise self._blame(images, index)
        self._steps += 1
        return done.loss, done.right

    def gradients(self, images: np.ndarray, labels: np.ndarray, step_seed: int = 0) -> dict[str, np.ndarray]:
        """Gradients of the mean loss in training mode, by the names of `weights`; of what is trained."""
        kept = {p.name: self._get(p) for p in self.plan.parameters.values() if not p.learned}
        self._train(self._batch_of(images, labels, None), 0.0, step_seed, False)
        result = {p.name: p.layout.unpack(self._backend.gradient(p)) for p in self.plan.trained}
        self._set(kept)
        return result

    def predict(self, images: np.ndarray, index: np.ndarray | None = None) -> np.ndarray:
        """The network's outputs, (n, *output); after the softmax, if it ends in one."""
        return self._infer(images, index, None, self.net.report.output)

    def activations(self, images: np.ndarray, layer: int) -> np.ndarray:
        """The output of one layer, (n, *shape), as at inference; layer 0 is the input. Raises BadInput for a layer that
        there is not."""
        if not isinstance(layer, (int, np.integer)) or not 0 <= layer <= len(self.net.nodes):
            raise BadInput(
                str(T("There is no layer {layer}; the last one is {last}.", layer=layer, last=len(self.net.nodes)))
            )
        return self._infer(images, None, layer, self.net.report[layer].output)

    def evaluate(self, images: np.ndarray, labels: np.ndarray, index: np.ndarray | None = None) -> Evaluation:
        """Loss and accuracy as at inference. Raises BadInput where there are no images."""
        classes = self.loss.kind == "cross_entropy"
        images = as_images(images, tuple(self.net.input))
        n = len(images) if index is None else len(index)
        if not n:
            raise BadInput(str(T("There are no images.")))
        predicted = np.empty((n, self.positions), np.int64)
        values = None if classes else np.empty((n, *self.net.report.output), np.float32)
        loss, right = 0.0, 0
        for start in range(0, n, self.batch):
            part = self._part(index, start, min(start + self.batch, n))
            batch = self._batch_of(images, labels, part)
            done = self._backend.infer(None, batch, None if values is None else values[start : start + batch.count])
            loss += done.loss * batch.count
            right += done.right
            predicted[start : start + batch.count] = self._backend.hits(batch.count)
        if values is not None:
            return Evaluation(loss / n, float("nan"), values)
        result = predicted[:, 0] if self.positions == 1 else predicted
        return Evaluation(loss / n, right / predicted.size, result)

    # inside

    def _train(self, batch: Batch, lr: float, seed: int, update: bool) -> Outcome:
        if not 1 <= batch.count <= self.batch:
            raise BadInput(
                str(T("A step takes 1 to {batch} images, not {count}.", batch=self.batch, count=batch.count))
            )
        return self._backend.train(batch, lr, self._steps + 1, seed, update)

    def _infer(
        self, images: np.ndarray, index: np.ndarray | None, upto: int | None, shape: tuple[int, ...]
    ) -> np.ndarray:
        images = as_images(images, tuple(self.net.input))
        n = len(images) if index is None else len(index)
        result = np.empty((n, *shape), np.float32)
        for start in range(0, n, self.batch):
            batch = self._batch_of(images, None, self._part(index, start, min(start + self.batch, n)))
            self._backend.infer(upto, batch, result[start : start + batch.count])
        return result

    @staticmethod
    def _part(index: np.ndarray | None, start: int, end: int) -> np.ndarray:
        return np.arange(start, end, dtype=np.int64) if index is None else index[start:end]

    def _batch_of(self, images: Any, labels: np.ndarray | None, index: np.ndarray | None) -> Batch:
        """The arrays, checked, as backends take them."""
        if not isinstance(images, Resident):
            images = as_images(images, tuple(self.net.input))
        if labels is not None:
            labels = self._checked(labels, len(images))
        if index is None:
            return Batch(images, labels, None, len(images))
        index = np.ascontiguousarray(index, np.int64)
        if len(index) and not (index.min() >= 0 and index.max() < len(images)):
            raise BadInput(str(T("The index goes beyond the images.")))
        return Batch(images, labels, index, len(index))

    def _checked(self, labels: np.ndarray, n: int) -> np.ndarray:
        """Labels as the compiled code takes them. The last array seen is remembered, so that steps cost nothing."""
        if self._labels is not None and self._labels[0] is labels:
            return self._labels[1]
        output = tuple(self.net.report.output)
        if self.loss.kind == "mse":
            result = np.ascontiguousarray(labels, np.float32)
            if result.size != n * int(np.prod(output)):
                raise BadInput(str(T("Targets must have the shape of the output.")))
        else:
            result = np.ascontiguousarray(labels)
            if result.size != n * self.positions or result.dtype.kind not in "iu":
                raise BadInput(str(T("There must be one whole number for each image as its label.")))
            if result.size and not (result.min() >= 0 and result.max() < output[-1]):
                raise BadInput(
                    str(
                        T(
                            "Labels must lie between 0 and {last}; these go from {low} to {high}.",
                            last=output[-1] - 1,
                            low=int(result.min()),
                            high=int(result.max()),
                        )
                    )
                )
            result = result.astype(np.int64, copy=False)
        self._labels = (labels, result)
        return result

    def _get(self, parameter: Parameter) -> np.ndarray:
        return parameter.layout.unpack(self._backend.weights(parameter))

    def _set(self, tensors: Mapping[str, np.ndarray]) -> None:
        parameters = self.plan.parameters
        self._backend.set_weights({name: parameters[name].layout.pack(t) for name, t in tensors.items()})

    def _blame(self, images: np.ndarray, index: np.ndarray | None) -> NotFinite:
        """Where the numbers went wrong: the first layer with weights, else with values, that are not finite."""
        for name, weight in self.weights.items():
            if not np.isfinite(weight).all():
                number, op, _ = name.split(".")
                return NotFinite(int(number), f"{number} {op}", "weights")
        rows = images if index is None else images[index]
        for node in self.net.nodes:
            if not np.isfinite(self.activations(rows, node.index)).all():
                return NotFinite(node.index, f"{node.index} {node.op}", "values")
        return NotFinite(0, "", "loss")

    def _refuse_if_too_large(self, available: int | None) -> None:
        needed = self.plan.memory.total
        if available is None or needed <= available:
            return
        batch = self.batch // 2
        while batch and plan(self.net, batch, self.optimizer, self._target, self.loss).memory.total > available:
            batch //= 2
        raise MemoryRefused(needed, available, batch)


def _names(names: list[str]) -> str:
    shown = ", ".join(names[:5]) or "–"
    return shown + (" …" if len(names) > 5 else "")
