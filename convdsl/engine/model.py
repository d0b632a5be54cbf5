"""A network that runs: weights, steps of training, predictions."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn

import numpy as np

from convdsl.cycles import no_search_for_cycles
from convdsl.engine.alone import alone
from convdsl.engine.backend import Backend, Batch, Maker, Outcome, Resident
from convdsl.engine.devices import choose
from convdsl.engine.errors import BadInput, MemoryRefused, NotFinite
from convdsl.engine.initial import initial_weights
from convdsl.engine.inputs import as_images
from convdsl.engine.optimizer import Optimizer
from convdsl.engine.plan import Loss, Memory, Parameter, Plan, plan
from convdsl.engine.records import Records
from convdsl.messages import T
from convdsl.network.graph import Node
from convdsl.network.view import NetView


class Evaluation(NamedTuple):
    """Mean loss, share of right answers (nan for regression), and predicted classes, or values where the loss is not
    cross-entropy; of several outputs their values by name, and no share."""

    loss: float
    accuracy: float
    predictions: Any


class Answers(NamedTuple):
    """For each image of a set: how many of its answers can be right, and the sum of their weights."""

    known: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, labels: np.ndarray, loss: Loss, table: np.ndarray) -> Answers:
        """From labels as compiled code takes them; below 0 they are not known."""
        rows = labels.reshape(len(labels), -1)
        if not loss.weighted:
            known = np.full(len(rows), rows.shape[1], np.int64)
            return cls(known, known)
        known = (rows >= 0).sum(1)
        weights = np.empty(len(rows), np.float64)
        some = max(1, _AT_ONCE // max(rows.shape[1], 1))
        for start in range(0, len(rows), some):
            part = rows[start : start + some]
            if loss.kind == "cross_entropy":
                each = table[np.maximum(part, 0)]
            else:
                no, yes = (np.resize(table[:, side], part.shape[1]) for side in (0, 1))
                each = no + part * (yes - no)
            weights[start : start + some] = np.where(part >= 0, each, 0).sum(1, dtype=np.float64)
        return cls(known, weights)


_AT_ONCE = 1 << 20
"""Labels that are weighed at once."""


class Loaded(NamedTuple):
    """Names of tensors that were taken; that the network has and the file lacks; the reverse; and of other shapes."""

    taken: list[str]
    missing: list[str]
    unknown: list[str]
    mismatched: list[str]


class Model:
    """A network with weights, compiled for this machine.

    Images are (n, H, W, C), uint8 (taken as 0 to 1) or float32; labels are (n,) whole numbers, one for each position where
    the output is a map, or float32 targets of the output's shape with the losses "mse", "mae" and "binary_cross_entropy".
    `loss=None` is cross-entropy. Of several outputs, labels and predictions are dicts of arrays by name, and `loss` may be
    one of losses, or of `Loss` with weights. `weighted` answers of one output count by the weights that `weigh` sets.
    `device` is "cpu", "cuda" or "auto"; `maker`, if given, makes the backend in a device's place. The same seed and data give
    the same bytes on any number of threads. Raises MemoryRefused before anything large is allocated.

    Several threads may use one model, or several: each call has the engine for itself, and a prediction during a training
    uses the weights between two steps. After a `fork` the child computes on one thread, with the same results; on a GPU it
    raises EngineError, and `spawn` is the way. A model is not passed to another process: its weights are.
    """

    def __init__(
        self,
        net: NetView,
        *,
        batch: int = 128,
        device: str = "cpu",
        seed: int = 0,
        optimizer: Optimizer | None = None,
        loss: str | Mapping[str, str | Loss] | None = None,
        label_smoothing: float = 0.0,
        weighted: bool = False,
        init: str | None = None,
        threads: int | None = None,
        memory_limit: int | None = None,
        maker: Maker | None = None,
    ) -> None:
        if batch < 1:
            raise BadInput(str(T("A batch holds at least one image.")))
        self.net = net
        self.batch = batch
        self.process = os.getpid()
        self.optimizer = optimizer or Optimizer("sgd", momentum=0.9)
        self._init = init
        self._kind: type[Backend] | Maker = choose(device)[0].backend() if maker is None else maker
        self._target = self._kind.target(threads)
        self._memory_limit = memory_limit
        self._records = Records(net) if len(net.outputs) > 1 else None
        """How answers and targets of several outputs lie."""
        self._build(self._losses(loss or "cross_entropy", label_smoothing, weighted))
        self.device = self._backend.device
        self._steps = 0
        self.reinitialise(seed)

    def _losses(self, given: str | Mapping[str, str | Loss], smoothing: float, weighted: bool) -> tuple[Loss, ...]:
        """The losses of all outputs."""
        if self._records is None:
            (only,) = given.values() if isinstance(given, Mapping) else (given,)
            return (only if isinstance(only, Loss) else Loss(only, smoothing, weighted),)
        if weighted:
            raise BadInput(str(T("Weights of classes are for networks with one output.")))
        each = self._records.named(given) if isinstance(given, Mapping) else [given] * len(self.net.outputs)
        return tuple(one if isinstance(one, Loss) else Loss(one, smoothing) for one in each)

    @no_search_for_cycles()
    def _build(self, losses: tuple[Loss, ...]) -> None:
        """Plan and memory for a loss of each output."""
        self.losses = losses
        self._labels: tuple[np.ndarray, np.ndarray, Answers] | None = None
        self._table = np.ones(self._table_shape, np.float32)
        self.plan: Plan = plan(self.net, self.batch, self.optimizer, self._target, *losses)
        self._refuse_if_too_large(self._memory_limit if self._memory_limit is not None else self._kind.free_memory())
        self._backend: Backend = self._kind(self.plan)

    @property
    def loss(self) -> Loss:
        """The loss of the output whose right answers are counted: of several, none are."""
        return self.losses[0] if self._records is None else Loss("mse")

    @alone
    def change_loss(self, kind: str | Mapping[str, str | Loss], weighted: bool = False) -> None:
        """Another loss from now on; the weights stay, the optimiser forgets. `weighted` begins with equal weights."""
        losses = self._losses(kind, self.losses[0].smoothing, weighted)
        if losses == self.losses:
            return
        kept = {**self.weights, **self.buffers}
        self._build(losses)
        self._set(kept)
        self._steps = 0

    @property
    def _table_shape(self) -> tuple[int, ...]:
        outputs = self.net.report.shape()[-1]
        return (outputs, 2) if self.loss.kind == "binary_cross_entropy" else (outputs,)

    @alone
    def weigh(self, table: Any) -> None:
        """The weights of the classes, (classes,); with binary cross-entropy those of no and of yes for each output,
        (outputs, 2). Raises BadInput for other shapes, for a model that is not `weighted`, and for weights below 0."""
        table = np.ascontiguousarray(table, np.float32)
        if not self.loss.weighted or table.shape != self._table_shape or not (table >= 0).all():
            raise BadInput(
                str(
                    T(
                        "Weights of classes are {shape} numbers from 0 on here, and not {given}.",
                        shape="x".join(map(str, self._table_shape)),
                        given="x".join(map(str, table.shape)),
                    )
                )
            )
        self._table = table
        self._labels = None
        self._backend.weigh(table.reshape(-1))

    # weights

    @alone
    def reinitialise(self, seed: int) -> None:
        """Fresh weights from a seed; the optimiser forgets."""
        self._set(initial_weights(self.net, self.plan.parameters, seed, self._init))
        self._steps = 0
        self._backend.forget()

    @property
    @alone
    def weights(self) -> dict[str, np.ndarray]:
        """Copies of all learned numbers by name, in the public layout, in the order of the layers."""
        return {p.name: self._get(p) for p in self.plan.parameters.values() if p.learned}

    @property
    @alone
    def buffers(self) -> dict[str, np.ndarray]:
        """Copies of the running statistics by name."""
        return {p.name: self._get(p) for p in self.plan.parameters.values() if not p.learned and np.ndim(p.value) == 0}

    @alone
    def load_weights(self, tensors: Mapping[str, Any], strict: bool = True) -> Loaded:
        """Takes weights and running statistics by the names that `weights` and `buffers` give them. With `strict`, raises
        BadInput unless all of them fit; the running statistics may be left out, all of them, and then stay as they are."""
        if not isinstance(tensors, Mapping):
            raise BadInput(str(T("Weights are given by name, as `weights` gives them: {{name: array}}.")))
        learned, buffers = self.weights, self.buffers
        mine = {**learned, **buffers}
        unknown = [n for n in tensors if n not in mine]
        missing = [n for n in mine if n not in tensors]
        if strict and not any(n in buffers for n in tensors):
            missing = [n for n in missing if n in learned]
        mismatched = [n for n in mine if n in tensors and np.shape(tensors[n]) != mine[n].shape]
        if strict and (unknown or missing or mismatched):
            faults = [
                str(text)
                for names, text in (
                    (missing, T("missing: {names}", names=_names(missing))),
                    (unknown, T("unknown: {names}", names=_names(unknown))),
                    (mismatched, T("of another size: {names}", names=_names(mismatched))),
                )
                if names
            ]
            raise BadInput(str(T("The weights do not fit this network; {faults}.", faults="; ".join(faults))))
        taken = [n for n in mine if n in tensors and n not in mismatched]
        self._set({n: _finite(n, tensors[n]) for n in taken})
        return Loaded(taken, missing, unknown, mismatched)

    @alone
    def optimizer_state(self) -> dict[str, np.ndarray]:
        """All that the optimiser remembers, and the number of steps done: enough to go on as if nothing had happened."""
        result = {"step": np.array(self._steps, np.int64)}
        for p in self.plan.trained:
            for name in self.optimizer.states:
                result[f"{p.name}.{name}"] = p.layout.unpack(self._backend.state(name, p))
        return result

    @alone
    def load_optimizer_state(self, tensors: Mapping[str, Any]) -> None:
        """Takes what `optimizer_state` gave, all or nothing. Raises BadInput where something is missing, of another size or
        no finite number."""
        found = {}
        for p in self.plan.trained:
            for name in self.optimizer.states:
                given = tensors.get(f"{p.name}.{name}")
                if given is None or np.shape(given) != p.shape:
                    raise BadInput(str(T("The state of the optimiser does not fit: {name}.", name=f"{p.name}.{name}")))
                found[name, p] = _finite(f"{p.name}.{name}", given)
        step = np.asarray(tensors.get("step"))
        if step.dtype.kind not in "iu" or step.shape != () or step < 0:
            raise BadInput(str(T("The state of the optimiser does not fit: {name}.", name="step")))
        for (name, p), state in found.items():
            self._backend.set_state(name, p, p.layout.pack(state))
        self._steps = int(step)

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

    @alone
    def hold(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Promises that a set of images and labels does not change while steps are made with an index into it: a GPU
        keeps it in its memory then. A later call takes the place of the first."""
        batch = self._batch_of(images, labels, None)
        if batch.labels is not None:
            self._backend.hold(batch.images, batch.labels)

    def augmenter(self, changes: Any, seed: int) -> Any:
        """What changes batches of images at random before a step (see convdsl.engine.augment); `train_step` takes them."""
        return self._backend.augmenter(changes, self.net.input, seed)

    @property
    def smallest_batch(self) -> int:
        """2 where a `bn` would take its statistics from one value for each channel in a batch of one image, else 1."""
        return 1 if self._lonely is None else 2

    @property
    def _lonely(self) -> Node | None:
        """The first such layer, which is trained and sees one position of each image."""
        for node in self.net.nodes:
            if node.op == "bn" and not node.frozen and np.prod(self.net.report[node.index].inputs[0][:-1]) == 1:
                return node
        return None

    def refuse_batch(self, count: int) -> NoReturn:
        """Raises BadInput for a batch that is too small for the statistics of a `bn`."""
        node = self._lonely
        assert node is not None
        raise BadInput(
            str(
                T(
                    "Layer {layer} takes mean and variance over the batch, and of {count} image that is one value for each "
                    "channel: the variance of one value is 0. Take batches of at least 2, or `ln` in its place.",
                    layer=f"{node.index} {node.op}",
                    count=count,
                )
            )
        )

    # running

    @alone
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

    @alone
    def gradients(self, images: np.ndarray, labels: np.ndarray, step_seed: int = 0) -> dict[str, np.ndarray]:
        """Gradients of the mean loss in training mode, by the names of `weights`; of what is trained."""
        kept = {p.name: self._get(p) for p in self.plan.parameters.values() if not p.learned}
        self._train(self._batch_of(images, labels, None), 0.0, step_seed, False)
        result = {p.name: p.layout.unpack(self._backend.gradient(p)) for p in self.plan.trained}
        self._set(kept)
        return result

    @alone
    def predict(self, images: np.ndarray, index: np.ndarray | None = None) -> Any:
        """The network's outputs, (n, *output); after the softmax, if it ends in one. Of several outputs a dict of them."""
        if self._records is None:
            return self._infer(images, index, None, self.net.report.shape())
        return self._records.apart(self._infer(images, index, None, (), self._records.answers))

    @alone
    def activations(self, images: np.ndarray, layer: int) -> np.ndarray:
        """The output of one layer, (n, *shape), as at inference; layer 0 is the input. Raises BadInput for a layer that
        there is not."""
        if not isinstance(layer, (int, np.integer)) or not 0 <= layer <= len(self.net.nodes):
            raise BadInput(
                str(T("There is no layer {layer}; the last one is {last}.", layer=layer, last=len(self.net.nodes)))
            )
        return self._infer(images, None, layer, self.net.report.shape(layer))

    @alone
    def sensitivity(
        self, images: np.ndarray, answer: Any, layer: int = 0, *, of: int | None = None, rule: str = "true"
    ) -> np.ndarray:
        """The gradient of an answer by the values of one layer, (n, *shape), as at inference; layer 0 is the input.

        `answer` is the number of a class, or one for each image (n,); at a map it is added up over all positions. Or it is
        how much each value counts, in the shape of the output or with one such for each image. Answers are scores: what
        goes into a softmax or a sigmoid at the end. `of` takes the values of another layer as answers. With the `rule`
        "guided" or "deconv" rectifiers let other things through (see sensitivity.py), which NumPy computes on every
        device. Raises BadInput for a layer or an answer that there is not.
        """
        from convdsl.engine.sensitivity import RULES, tapped, weighed

        for number in (layer, len(self.net.nodes) if of is None else of):
            if not isinstance(number, (int, np.integer)) or not 0 <= number <= len(self.net.nodes):
                raise BadInput(
                    str(T("There is no layer {layer}; the last one is {last}.", layer=number, last=len(self.net.nodes)))
                )
        if rule not in RULES:
            raise BadInput(str(T("`rule` is one of {list}.", list=", ".join(RULES))))
        images = as_images(images, self.net.input)
        view = tapped(self.net, int(layer), None if of is None else int(of))
        shape = view.report.shape()
        counts = weighed(answer, len(images), shape)
        inner = Model(view, batch=1, device="plain" if rule != "true" else self.device, optimizer=Optimizer("sgd"),
                      loss="mse", threads=self.threads, memory_limit=self._memory_limit,
                      maker=None if rule != "true" or isinstance(self._kind, type) else self._kind)  # fmt: skip
        inner.load_weights(view.weights({**self.weights, **self.buffers}), strict=False)
        if rule != "true":
            inner._backend.rule = rule  # type: ignore[attr-defined]  # a plain one
        return inner._tap(images, counts, view.tap, self.net.input if layer == 0 else self.net.report.shape(layer))

    def _tap(self, images: np.ndarray, counts: np.ndarray, tap: str, shape: tuple[int, ...]) -> np.ndarray:
        """The gradients of one weight, image by image, where what counts is `counts` (n, *output)."""
        parameter = self.plan.parameters[tap]
        result = np.empty((len(images), *shape), np.float32)
        for number in range(len(images)):
            image = images[number : number + 1]
            targets = self.predict(image) - counts[number : number + 1] * np.float32(counts[number].size / 2)
            self._train(self._batch_of(image, targets, None), 0.0, 0, False)
            result[number] = parameter.layout.unpack(self._backend.gradient(parameter)).reshape(shape)
        return result

    @alone
    def evaluate(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        index: np.ndarray | None = None,
        each: Callable[[np.ndarray, Any], None] | None = None,
    ) -> Evaluation:
        """Loss and accuracy as at inference. `each` is given the predictions batch by batch, with the numbers of their
        images, instead of all of them at the end. Raises BadInput where there are no images."""
        classes, counts_right = self.loss.kind == "cross_entropy", self.counts_right
        images = as_images(images, self.net.input)
        n = len(images) if index is None else len(index)
        if not n:
            raise BadInput(str(T("There are no images.")))
        room = n if each is None else min(n, self.batch)
        predicted = np.empty((room, self.positions), np.int64)
        values = None if classes else self._room(room)
        loss, right, answers, weights = 0.0, 0, 0, 0.0
        for start in range(0, n, self.batch):
            part = self._part(index, start, min(start + self.batch, n))
            batch = self._batch_of(images, labels, part)
            first = start if each is None else 0
            place = slice(first, first + batch.count)
            done = self._backend.infer(None, batch, None if values is None else values[place])
            share = batch.weight if self.loss.weighted else float(batch.count)
            loss += done.loss * share
            weights += share
            right += done.right
            if counts_right:
                answers += self.answers(labels, part)
            if classes:
                predicted[place] = self._backend.hits(batch.count)
            if each is not None:
                each(part, self._shaped(predicted[place]) if values is None else self._apart(values[place]))
        mean = loss / weights if weights else 0.0
        accuracy = right / max(answers, 1) if counts_right else float("nan")
        if each is not None:
            return Evaluation(mean, accuracy, np.empty(0, np.int64 if classes else np.float32))
        return Evaluation(mean, accuracy, self._shaped(predicted) if values is None else self._apart(values))

    def _room(self, count: int) -> np.ndarray:
        """For the answers to so many images."""
        if self._records is not None:
            return np.empty(count, self._records.answers)
        return np.empty((count, *self.net.report.shape()), np.float32)

    def _apart(self, values: np.ndarray) -> Any:
        return values if self._records is None else self._records.apart(values)

    def _shaped(self, predicted: np.ndarray) -> np.ndarray:
        """Classes (n,), or (n, positions) of a map."""
        return predicted[:, 0] if self.positions == 1 else predicted

    @property
    def counts_right(self) -> bool:
        """Whether answers are right or wrong with this loss."""
        return self.loss.kind in ("cross_entropy", "binary_cross_entropy")

    @alone
    def answers(self, labels: np.ndarray, index: np.ndarray | None = None) -> int:
        """How many answers to the images `index` (all, if None) can be right: those whose label is known."""
        known = self._known(labels).known
        return int((known if index is None else known[index]).sum())

    # inside

    def _train(self, batch: Batch, lr: float, seed: int, update: bool) -> Outcome:
        if not 1 <= batch.count <= self.batch:
            raise BadInput(
                str(T("A step takes 1 to {batch} images, not {count}.", batch=self.batch, count=batch.count))
            )
        if batch.count < self.smallest_batch:
            self.refuse_batch(batch.count)
        return self._backend.train(batch, lr, self._steps + 1, seed, update)

    def _infer(
        self,
        images: np.ndarray,
        index: np.ndarray | None,
        upto: int | None,
        shape: tuple[int, ...],
        dtype: Any = np.float32,
    ) -> np.ndarray:
        images = as_images(images, self.net.input)
        n = len(images) if index is None else len(index)
        result = np.empty((n, *shape), dtype)
        for start in range(0, n, self.batch):
            whole = index is None and n <= self.batch
            batch = self._batch_of(
                images, None, None if whole else self._part(index, start, min(start + self.batch, n))
            )
            self._backend.infer(upto, batch, result[start : start + batch.count])
        return result

    @staticmethod
    def _part(index: np.ndarray | None, start: int, end: int) -> np.ndarray:
        return np.arange(start, end, dtype=np.int64) if index is None else index[start:end]

    def _batch_of(self, images: Any, labels: np.ndarray | None, index: np.ndarray | None) -> Batch:
        """The arrays, checked, as backends take them."""
        if not isinstance(images, Resident):
            images = as_images(images, self.net.input)
        given, n = labels, len(images)
        if labels is not None:
            labels = self._checked(labels, n)
        if index is not None:
            index = np.ascontiguousarray(index, np.int64)
            if len(index) and not (index.min() >= 0 and index.max() < n):
                raise BadInput(str(T("The index goes beyond the images.")))
        weight = 0.0
        if given is not None and self.loss.weighted:
            weights = self._known(given).weights
            weight = float((weights if index is None else weights[index]).sum())
        return Batch(images, labels, index, n if index is None else len(index), weight)

    def _checked(self, labels: np.ndarray, n: int) -> np.ndarray:
        """Labels as the compiled code takes them. The last array seen is remembered, so that steps cost nothing."""
        if self._labels is None or self._labels[0] is not labels:
            result = self._as_labels(labels, n)
            none = np.zeros(0)
            known = Answers.of(result, self.loss, self._table) if self._records is None else Answers(none, none)
            self._labels = (labels, result, known)
        return self._labels[1]

    def _known(self, labels: np.ndarray) -> Answers:
        """What is known of labels, as `_checked` has seen them."""
        self._checked(labels, len(labels))
        assert self._labels is not None
        return self._labels[2]

    def _as_labels(self, labels: Any, n: int) -> np.ndarray:
        if self._records is not None:
            wanted = self._records.targets(self.losses)
            each = self._records.named(labels)
            result = np.zeros(n, wanted)
            for output, loss, given in zip(self.net.outputs, self.losses, each, strict=True):
                try:
                    part = self._as_targets(given, n, loss, self.net.report.shape(output.node))
                except BadInput as error:
                    raise BadInput(str(T("{name}: {note}", name=output.name, note=error))) from None
                result[output.name] = part.reshape(result[output.name].shape)
            return result
        if isinstance(labels, Mapping) and list(labels) == [self.net.outputs[0].name]:
            (labels,) = labels.values()
        return self._as_targets(labels, n, self.loss, self.net.report.shape())

    @staticmethod
    def _as_targets(labels: Any, n: int, loss: Loss, output: tuple[int, ...]) -> np.ndarray:
        """The targets of one output."""
        if loss.kind != "cross_entropy":
            result = np.ascontiguousarray(labels, np.float32)
            if result.size != n * int(np.prod(output)):
                raise BadInput(str(T("Targets must have the shape of the output.")))
            if loss.kind == "binary_cross_entropy" and result.size and not (result.max() <= 1):
                raise BadInput(str(T("Targets of binary cross-entropy lie between 0 (no) and 1 (yes).")))
            least = -1 if loss.weighted else 0
            if loss.kind == "binary_cross_entropy" and result.size and result.min() < least:
                raise BadInput(str(T("Targets of binary cross-entropy lie between 0 (no) and 1 (yes).")))
            return result
        result = np.ascontiguousarray(labels)
        if result.size != n * int(np.prod(output[:-1])) or result.dtype.kind not in "iu":
            raise BadInput(str(T("There must be one whole number for each image as its label.")))
        if result.size and not (result.min() >= -loss.weighted and result.max() < output[-1]):
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
        return result.astype(np.int64, copy=False)

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
        while batch and plan(self.net, batch, self.optimizer, self._target, *self.losses).memory.total > available:
            batch //= 2
        raise MemoryRefused(needed, available, batch)


def _finite(name: str, tensor: Any) -> np.ndarray:
    """A tensor as float32. Raises BadInput where it holds anything but finite numbers with a point."""
    try:
        array = np.asarray(tensor)
    except (ValueError, TypeError) as error:
        raise BadInput(str(T("The tensor {name} is no array: {reason}.", name=name, reason=error))) from None
    if array.dtype.kind != "f":
        raise BadInput(
            str(
                T(
                    "The tensor {name} holds {type}; weights are of the type float32, or float16 or float64.",
                    name=name,
                    type=array.dtype.name,
                )
            )
        )
    with np.errstate(over="ignore"):
        result = np.asarray(array, np.float32)
    if not np.isfinite(result).all():
        raise BadInput(str(T("The tensor {name} holds numbers that are not finite, or beyond float32.", name=name)))
    if name.endswith(".running_var") and result.min(initial=0) < 0:
        raise BadInput(str(T("The tensor {name} holds variances below 0.", name=name)))
    return result


def _names(names: list[Any]) -> str:
    shown = ", ".join(map(str, names[:5]))
    return shown + (" …" if len(names) > 5 else "")
