"""The whole plan of a network: parameters, the training and the inference program, and the bytes of it all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from convdsl.engine.optimizer import Optimizer
from convdsl.engine.plan.interleaving import lanes_for
from convdsl.engine.plan.program import CHUNKS, STRIP_BLOCKS, Loss, Program, inference_program, training_program
from convdsl.engine.plan.rewrites import switched_off
from convdsl.engine.plan.show import show
from convdsl.engine.plan.values import Parameter, Target
from convdsl.network.view import NetView

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


@dataclass(eq=False)
class Plan:
    """How a network runs: printed, it is what `--show plan` shows.

    A batch is cut into `chunks` of `chunk` images, whatever the number of threads; a worker takes `block` of them at a
    time through all steps of a region. With `lanes`, images are interleaved (see interleaving.py).
    """

    net: NetView
    batch: int
    optimizer: Optimizer
    target: Target
    loss: Loss
    parameters: dict[str, Parameter]
    chunk: int
    block: int
    lanes: int
    training: Program
    weight_floats: int = 0
    chunk_gradient_floats: int = 0
    deferred_floats: int = 0

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

    @cached_property
    def inference(self) -> Program:
        """The forward pass for predictions and evaluation."""
        return self.inference_upto(None)

    def inference_upto(self, node: int | None) -> Program:
        return inference_program(
            self.net,
            self.target,
            self.parameters,
            self.loss,
            self.block,
            _padded(self.batch, self.chunk, self.block, self.target),
            self.lanes,
            node,
        )

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

    def make_room(self, parameter: Parameter) -> None:
        """Gives a place to its packs and to its gradient."""
        for name, pack in parameter.packs.items():
            parameter.pack_offsets[name] = self.weight_floats
            self.weight_floats += pack.size
        if parameter.trainable and parameter.deferred:
            parameter.gradient_offset = self.deferred_floats
            self.deferred_floats += parameter.layout.size
        elif parameter.trainable:
            parameter.gradient_offset = self.chunk_gradient_floats
            self.chunk_gradient_floats += parameter.layout.size

    @cached_property
    def memory(self) -> Memory:
        trained = sum(p.layout.size for p in self.trained)
        gradients = (self.chunk_gradient_floats * self.copies + self.deferred_floats) * 4
        activations = sum(
            p.block_bytes * self.target.threads + p.batch_bytes + p.extra_bytes for p in (self.training, self.inference)
        )
        return Memory(self.weight_floats * 4, gradients, trained * 4 * len(self.optimizer.states), activations)

    def __str__(self) -> str:
        return show(self)


def plan(net: NetView, batch: int, optimizer: Optimizer, target: Target, loss: Loss | None = None) -> Plan:
    """The plan of training `net` (see convdsl.net) in batches of up to `batch` images."""
    loss = loss or Loss()
    target = replace(target, without=target.without | switched_off())
    lanes = 0 if target.whole_batch else lanes_for(net, target, batch)
    chunk = batch if target.whole_batch else max(-(-batch // CHUNKS), min(batch, 4))
    block = batch if target.whole_batch else min(chunk, BLOCK)
    if lanes:
        chunk, block = -(-chunk // lanes) * lanes, lanes
    parameters: dict[str, Parameter] = {}
    padded = _padded(batch, chunk, block, target)
    training = training_program(net, target, parameters, loss, block, padded, lanes)
    result = Plan(net, batch, optimizer, target, loss, parameters, chunk, block, lanes, training)
    _ = result.inference  # it may ask for arrangements of weights of its own
    for parameter in parameters.values():
        parameter.offset = result.weight_floats
        result.weight_floats += parameter.layout.size
        result.make_room(parameter)
    for owner, again in result.again:
        again.offset = owner.offset
        result.make_room(again)
    return result


def _padded(batch: int, chunk: int, block: int, target: Target) -> int:
    """Images that there is room for: the last block may reach beyond the batch."""
    return batch if target.whole_batch else -(-batch // chunk) * chunk + STRIP_BLOCKS * block
