"""The whole plan of a network: parameters, the training and the inference program, and the bytes of it all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from convdsl.engine.optimizer import Optimizer
from convdsl.engine.plan.exits import Loss
from convdsl.engine.plan.few import FEW
from convdsl.engine.plan.interleaving import lanes_for
from convdsl.engine.plan.keeping import Room, keep
from convdsl.engine.plan.program import (
    CHUNKS,
    STRIP_BLOCKS,
    Frame,
    Program,
    few_program,
    inference_program,
    training_program,
)
from convdsl.engine.plan.rewrites import switched_off
from convdsl.engine.plan.show import show
from convdsl.engine.plan.values import Parameter, Target
from convdsl.network.view import NetView

FEWEST = 4
"""Chunks that a batch is cut into at least, where it has so many images: there is work for as many threads."""

BLOCK = 8
"""Images that a worker takes through the whole network before it turns to the next."""


class Memory(NamedTuple):
    """Bytes. `activations` holds the gradients of activations too."""

    weights: int
    gradients: int
    optimizer: int
    activations: int

    @property
    def total(self) -> int:
        return sum(self)


@dataclass(frozen=True, eq=False)
class Plan:
    """How a network runs: printed, it is what `--show plan` shows.

    A batch is cut into `chunks` of `chunk` images, whatever the number of threads; a worker takes `block` of them at a
    time through all steps of a region.
    """

    net: NetView
    batch: int
    optimizer: Optimizer
    chunk: int
    frame: Frame
    training: Program
    inference: Program
    """The forward pass for predictions and evaluation."""
    few: Program | None
    """The same for a few images, where all threads take shares of each."""
    room: Room

    @property
    def target(self) -> Target:
        return self.frame.target

    @property
    def losses(self) -> tuple[Loss, ...]:
        """Those of the outputs."""
        return self.frame.losses

    @property
    def only_loss(self) -> Loss:
        """The loss of the output whose right answers are counted: of several, none are."""
        return self.losses[0] if len(self.losses) == 1 else Loss("mse")

    @property
    def parameters(self) -> dict[str, Parameter]:
        return self.frame.parameters

    @property
    def block(self) -> int:
        return self.frame.block

    @property
    def chunks(self) -> int:
        return -(-self.batch // self.chunk)

    @property
    def copies(self) -> int:
        """Of each gradient that is summed by chunks or strips."""
        return max(self.chunks, *(r.strips for r in self.training.regions))

    @property
    def tasks(self) -> int:
        return CHUNKS

    def inference_of(self, count: int) -> Program:
        """The forward pass for so many images: where chunks of them would leave threads without work, the one in shares. It
        gives the same bytes."""
        busy = -(-count // self.chunk)
        return self.inference if self.few is None or count > FEW or busy >= self.target.threads else self.few

    @property
    def programs(self) -> list[Program]:
        return [self.training, self.inference, *([] if self.few is None else [self.few])]

    def inference_upto(self, node: int) -> Program:
        """The forward pass to the output of one layer."""
        return inference_program(self.frame, self.training.layouts, node)

    @property
    def trained(self) -> list[Parameter]:
        return [p for p in self.parameters.values() if p.trainable]

    @property
    def again(self) -> list[tuple[Parameter, Parameter]]:
        """For each further layer that has the same weights: whose they are, and what it has of its own."""
        return [(p, again) for p in self.parameters.values() for again in p.again.values()]

    @property
    def packed(self) -> list[Parameter]:
        """All that may have other arrangements of its weights."""
        return [*self.parameters.values(), *(again for _, again in self.again)]

    @cached_property
    def memory(self) -> Memory:
        trained = sum(p.layout.size for p in self.trained)
        gradients = (self.room.by_chunk * self.copies + self.room.deferred) * 4
        activations = sum(p.block_bytes * self.target.threads + p.batch_bytes + p.extra_bytes for p in self.programs)
        return Memory(self.room.weights * 4, gradients, trained * 4 * len(self.optimizer.states), activations)

    def __str__(self) -> str:
        return show(self)


def plan(net: NetView, batch: int, optimizer: Optimizer, target: Target, *losses: Loss) -> Plan:
    """The plan of training `net` in batches of up to `batch` images; without `losses`, all outputs answer classes."""
    target = replace(target, without=target.without | switched_off())
    lanes = 0 if target.whole_batch else lanes_for(net, target, batch)
    chunk = batch if target.whole_batch else max(-(-batch // CHUNKS), min(-(-batch // FEWEST), 4))
    block = batch if target.whole_batch else min(chunk, BLOCK)
    if lanes:
        chunk, block = -(-chunk // lanes) * lanes, lanes
    frame = Frame(
        net, target, losses or (Loss(),) * len(net.outputs), block, _padded(batch, chunk, block, target), lanes, {}
    )
    training = training_program(frame)
    inference = inference_program(frame, training.layouts)
    few = few_program(frame, training.layouts)
    steps = [*training.steps, *inference.steps, *([] if few is None else few.steps)]
    kept, room = keep(frame.parameters.values(), training.layouts, steps, target)
    for parameter, place in kept.items():
        parameter.kept = place
    return Plan(net, batch, optimizer, chunk, frame, training, inference, few, room)


def _padded(batch: int, chunk: int, block: int, target: Target) -> int:
    """Images that there is room for: the last block may reach beyond the batch."""
    return batch if target.whole_batch else -(-batch // chunk) * chunk + STRIP_BLOCKS * block
