"""What PyTorch does for a model: a step of training, answers, weights and what the optimiser remembers.

In several processes each takes its slice of the batch, in the order in which the batch has its images. Every slice's part of
the loss is divided by the counts of the whole batch, so that the sum of the gradients is that of one process, however the
images are spread; a process without an image takes part with one that does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from convdsl.engine.backend import Batch, Outcome, Resident
from convdsl.engine.errors import EngineError
from convdsl.engine.machine import free_memory
from convdsl.engine.plan import Memory, Parameter, Plan, Target
from convdsl.engine.plan.rewrites import REWRITES
from convdsl.engine.ranks import ALONE, Ranks
from convdsl.engine.torch.augment import TorchAugmenter
from convdsl.engine.torch.optimizers import Updates
from convdsl.engine.torch.program import Forward, Module, Run
from convdsl.messages import T

_HELD = 0.5
"""The share of a GPU's free memory that a set of images may take."""


@dataclass(frozen=True)
class Torch:
    """How PyTorch is to compute; called with a plan it makes the backend. `device` is "auto", "cpu" or "cuda"; each step is
    done in `accumulate` parts one after another; with `sync_bn`, batch normalisation takes its statistics from the images
    of all processes."""

    device: str = "auto"
    accumulate: int = 1
    sync_bn: bool = False
    ranks: Ranks = ALONE

    def target(self, threads: int | None) -> Target:
        """Each step for the whole batch, and nothing rewritten."""
        count = threads or torch.get_num_threads()
        return Target(lanes=1, registers=255, threads=count, whole_batch=True, without=frozenset(REWRITES))

    def free_memory(self) -> int | None:
        """For the whole batch, of which each process has its part."""
        if self.place.type == "cuda":
            return int(torch.cuda.mem_get_info(self.place)[0]) * self.ranks.size
        free = free_memory()
        return None if free is None else free * self.ranks.size // self.ranks.here

    @property
    def place(self) -> torch.device:
        if self.device == "cpu" or (self.device == "auto" and not torch.cuda.is_available()):
            return torch.device("cpu")
        if not torch.cuda.is_available():
            raise EngineError(str(T("PyTorch finds no GPU. `--device cpu` computes without one.")))
        return torch.device("cuda", self.ranks.local % torch.cuda.device_count())

    def __call__(self, plan: Plan) -> TorchBackend:
        return TorchBackend(plan, self)


class TorchBackend:
    def __init__(self, plan: Plan, how: Torch | None = None) -> None:
        self.plan, self._how = plan, how or Torch()
        self._ranks = self._how.ranks
        self._place = self._how.place
        self.device = "torch" if self._place.type == "cpu" else "torch-cuda"
        self.threads = plan.target.threads
        torch.set_num_threads(self.threads)
        outputs = [plan.net.report.shape(output.node) for output in plan.net.outputs]
        self.positions = max(prod(output[:-1]) for output in outputs)
        training = Forward(plan.training)
        owner = {again: p for p, again in plan.again}
        self._used = {owner.get(p, p) for p in training.weights}
        self._tensors: dict[Parameter, Tensor] = {
            p: self._new(p, p.trainable and p in self._used) for p in plan.parameters.values()
        }
        self._weights = {**self._tensors, **{again: self._tensors[p] for again, p in owner.items()}}
        self._updates = Updates(plan.optimizer, [self._tensors[p] for p in plan.trained])
        self._module = Module(training, self._tensors)
        self._training: Callable[[Run], Tensor | None] = self._ranks.spread(self._module, self._place)
        self._inference = Forward(plan.inference)
        self._upto: dict[int, Forward] = {}
        self._table = torch.ones(2 * max(output[-1] for output in outputs), device=self._place)
        self._moving = [] if self._how.sync_bn else self._moved()
        self._hits = np.zeros((0, self.positions), np.int64)
        self._held: dict[int, Tensor] = {}

    def _new(self, parameter: Parameter, trained: bool) -> Tensor:
        zeros = torch.zeros(parameter.shape, device=self._place)
        return torch.nn.Parameter(zeros) if trained else zeros

    def _moved(self) -> list[Tensor]:
        """The running statistics that training moves."""
        steps = [s for s in self.plan.training.steps if s.kind == "bn_apply" and s.settings["training"]]
        return list({id(t): t for s in steps for role in ("running_mean", "running_var")
                     for t in (self._weights[s.weights[role]],)}.values())  # fmt: skip

    # what a model asks for

    @staticmethod
    def target(threads: int | None) -> Target:
        return Torch().target(threads)

    @staticmethod
    def free_memory() -> int | None:
        return Torch().free_memory()

    @property
    def memory(self) -> Memory:
        """Of this process."""
        whole = self.plan.memory
        return whole._replace(activations=whole.activations // (self._ranks.size * self._how.accumulate))

    def weights(self, parameter: Parameter) -> np.ndarray:
        return self._given(parameter, self._tensors[parameter])

    def set_weights(self, arrays: Mapping[str, np.ndarray]) -> None:
        for name, array in arrays.items():
            parameter = self.plan.parameters[name]
            self._tensors[parameter].data.copy_(self._taken(parameter, array))

    def weigh(self, table: np.ndarray) -> None:
        self._table[: table.size] = torch.from_numpy(table).to(self._place)

    def gradient(self, parameter: Parameter) -> np.ndarray:
        found = self._tensors[parameter].grad
        return self._given(parameter, torch.zeros(parameter.shape) if found is None else found)

    def state(self, name: str, parameter: Parameter) -> np.ndarray:
        return self._given(parameter, self._updates.state(name, self._tensors[parameter]))

    def set_state(self, name: str, parameter: Parameter, array: np.ndarray) -> None:
        self._updates.set_state(name, self._tensors[parameter], self._taken(parameter, array))

    def forget(self) -> None:
        self._updates.forget()

    def hits(self, count: int) -> np.ndarray:
        return self._hits[:count]

    def hold(self, *arrays: np.ndarray) -> None:
        """A GPU keeps them where they leave it room enough."""
        self._held = {}
        if self._place.type == "cpu":
            return
        if sum(array.nbytes for array in arrays) < _HELD * torch.cuda.mem_get_info(self._place)[0]:
            self._held = {id(array): torch.from_numpy(array).to(self._place) for array in arrays}

    def augmenter(self, changes: Any, shape: tuple[int, ...], seed: int) -> Any:
        return TorchAugmenter(changes, shape, seed, self._share, self._place)

    def _given(self, parameter: Parameter, tensor: Tensor) -> np.ndarray:
        return parameter.layout.pack(tensor.detach().cpu().numpy())

    def _taken(self, parameter: Parameter, array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(parameter.layout.unpack(array)))

    # running

    def _share(self, count: int) -> np.ndarray:
        """Which images of a batch are this process's."""
        return np.arange(*self._ranks.slice(count))

    def train(self, batch: Batch, lr: float, step: int, seed: int, update: bool) -> Outcome:
        with self._complaints():
            for tensor in self._tensors.values():
                tensor.grad = None
            loss, right = self._parts(batch, seed)
            loss, right = self._ranks.told(loss, right)
            finite = abs(loss) * batch.count < 1e30
            self._average(len(self._share(batch.count)) / batch.count)
            if update and finite:
                for parameter in self.plan.trained:
                    tensor = self._tensors[parameter]
                    tensor.grad = torch.zeros_like(tensor) if tensor.grad is None else tensor.grad
                self._updates.apply(lr, step)
        return Outcome(loss, int(right) if len(self.plan.losses) == 1 else 0, finite)

    def _parts(self, batch: Batch, seed: int) -> tuple[float, float]:
        """Forward and back through this process's images, in one part or several: its part of the loss, and how many
        answers are right."""
        mine = self._share(batch.count)
        parts = np.array_split(mine, self._how.accumulate)
        total = torch.zeros((), dtype=torch.float64, device=self._place)
        right = 0.0
        for number, places in enumerate(parts):
            alone = number < len(parts) - 1 and hasattr(self._training, "no_sync")
            with self._training.no_sync() if alone else nullcontext():  # type: ignore[attr-defined]
                run = self._run(batch, places, seed)
                if self._how.sync_bn and self._ranks.size > 1:
                    run.over_all = self._ranks.add
                loss = self._training(run)
                assert loss is not None
                if run.counted is not None:
                    loss = loss * 0.0
                if loss.requires_grad:
                    (loss * self._ranks.size).backward()
                total += loss.detach()
                if run.right is not None and run.counted is None:
                    right += float(run.right.sum())
        return float(total), right

    def _run(self, batch: Batch, places: np.ndarray, seed: int) -> Run:
        """A run over the images at some places of the batch; where there are none, over one that does not count."""
        counted = len(places) > 0
        places = places if counted else np.zeros(1, np.int64)
        labels = None
        if batch.labels is not None:
            labels = {o: self._rows(part, batch.index, places) for o, part in _parts_of(batch.labels).items()}
        run = Run(
            self._weights, self._table, self._images(batch, places), labels, places, batch.count, batch.weight, seed
        )
        if not counted:
            run.counted = torch.zeros(1, dtype=torch.bool, device=self._place)
        return run

    def _images(self, batch: Batch, places: np.ndarray) -> Tensor:
        if isinstance(batch.images, Resident):
            return batch.images.at(places)  # type: ignore[attr-defined]
        images = self._rows(batch.images, batch.index, places)
        return images.float() * 0.00392156862745098 if images.dtype == torch.uint8 else images

    def _rows(self, array: np.ndarray, index: np.ndarray | None, places: np.ndarray) -> Tensor:
        rows = places if index is None else index[places]
        held = self._held.get(id(array))
        if held is not None:
            return held[torch.from_numpy(rows).to(self._place)]
        return torch.from_numpy(array[rows]).to(self._place)

    def _average(self, share: float) -> None:
        """The running statistics that each process has moved by its own images: their mean, by numbers of images."""
        if self._ranks.size == 1 or not self._moving:
            return
        with torch.no_grad():
            together = torch.cat([tensor.reshape(-1) for tensor in self._moving]) * share
            self._ranks.add(together)
            for tensor, part in zip(self._moving, together.split([t.numel() for t in self._moving]), strict=True):
                tensor.copy_(part.reshape(tensor.shape))

    def infer(self, upto: int | None, batch: Batch, out: np.ndarray | None) -> Outcome:
        """Each process answers for its images, and is told what the others answered."""
        if upto is not None and upto not in self._upto:
            self._upto[upto] = Forward(self.plan.inference_upto(upto))
        forward = self._inference if upto is None else self._upto[upto]
        with self._complaints(), torch.no_grad():
            run = self._run(batch, self._share(batch.count), 0)
            loss = forward(run)
            counts = run.counted is None
            right = 0.0 if run.right is None or not counts else float(run.right.sum())
            whole, right = self._ranks.told(0.0 if loss is None or not counts else float(loss), right)
            places = run.places if counts else run.places[:0]
            for offset, part in {} if out is None else _parts_of(out).items():
                rows = run.outs[offset]
                self._ranks.collect(part, places, rows.reshape(len(rows), *part.shape[1:]))
            if run.hits is not None:
                self._hits = np.zeros((batch.count, self.positions), np.int64)
                self._ranks.collect(self._hits, places, run.hits)
        return Outcome(whole, int(right) if len(self.plan.losses) == 1 else 0, abs(whole) * batch.count < 1e30)

    @contextmanager
    def _complaints(self) -> Iterator[None]:
        """What goes wrong in PyTorch, as a message of ours."""
        try:
            yield
        except torch.OutOfMemoryError:
            text = T("PyTorch has not enough memory on {device} for this batch. A smaller one, or --accumulate, needs less.",
                     device=self._place)  # fmt: skip
            raise EngineError(str(text)) from None
        except RuntimeError as error:
            raise self._ranks.lost(error) or error from None


def _parts_of(array: np.ndarray) -> dict[int, np.ndarray]:
    """What records hold, by the place where it begins; an array without records is the whole."""
    fields = array.dtype.fields
    if not fields:
        return {0: array}
    return {field[1]: array[name] for name, field in fields.items()}
