"""Programs: the steps of a training or inference pass, put into regions, with a place in memory for every value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from convdsl.engine.plan import unweighted, weighted  # noqa: F401  (they register their operations)
from convdsl.engine.plan.fusion import fuse, join_activations
from convdsl.engine.plan.interleaving import interleave, schedule
from convdsl.engine.plan.lowering import Lowering
from convdsl.engine.plan.memory import allocate, allocate_batch
from convdsl.engine.plan.ops import Op, Tape, backward_steps, forward_steps
from convdsl.engine.plan.saving import recompute, share_gradients
from convdsl.engine.plan.strips import in_strips
from convdsl.engine.plan.values import Parameter, Step, Target, Value
from convdsl.engine.plan.verify import passed
from convdsl.engine.plan.winograd import use_winograd
from convdsl.network.view import NetView

Kind = Literal["chunks", "strips", "serial", "tasks", "batch"]


@dataclass(eq=False)
class Region:
    """Steps between two points where all threads meet. In a region of `chunks` each thread takes chunks of images and
    does all steps for one block of them after another; in one of `strips`, strips of an image, for all images
    (see strips.py); in one of `tasks`, shares of the work. On a GPU there is one
    region, `batch`: each step is done for all images before the next one begins."""

    kind: Kind
    steps: list[Step] = field(default_factory=list)
    strips: int = 0
    block: int = 0
    """Images that are taken at a time."""


@dataclass(eq=False)
class Program:
    """`block_bytes` is what a worker needs for a block, `batch_bytes` what all images need, `extra_bytes` the rest."""

    regions: list[Region]
    input: Value
    outputs: dict[int, Value]
    values: list[Value]
    block_bytes: int = 0
    batch_bytes: int = 0
    extra_bytes: int = 0
    exits: int = 1
    statistics: dict[Op, int] = field(default_factory=dict)
    """Where among the rest the sums of each batch normalisation begin, in bytes."""


LOSSES = ("cross_entropy", "weighted_cross_entropy", "binary_cross_entropy", "mse", "mae")
"""Kinds of steps that compute a loss."""
WEIGHED = ("weighted_cross_entropy", "binary_cross_entropy")
"""Those that may weigh their answers."""


@dataclass(frozen=True)
class Loss:
    """What training minimises: `kind` is "cross_entropy" (of a softmax, one class at each position),
    "binary_cross_entropy" (of sigmoids, yes or no for each output), "mse" or "mae". With `weighted` answers count by
    weights of their classes, and those with labels below 0 not at all."""

    kind: str = "cross_entropy"
    smoothing: float = 0.0
    weighted: bool = False

    @property
    def step(self) -> str:
        """The kind of the step that computes it."""
        return "weighted_cross_entropy" if self.weighted and self.kind == "cross_entropy" else self.kind

    @property
    def end(self) -> str:
        """The activation at a network's end whose input it takes; "" for losses of the values themselves."""
        return {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}.get(self.kind, "")


def training_program(
    net: NetView, target: Target, parameters: dict[str, Parameter], loss: Loss, block: int, batch: int, lanes: int = 0
) -> Program:
    """Forward, loss, backward, and the gradients that are left for the end."""
    low = Lowering(net, target, True, parameters, loss.end)
    low.run()
    exits = [(net.output, 1.0), *((n.index, float(n.exit)) for n in net.nodes if n.exit is not None)]
    roots = [_loss_input(low, index, loss) for index, _ in exits]
    ops = _prepared(low, roots, True, lanes)
    steps = [Step("load", 0, {}, {"y": low.input})]
    for op in ops:
        steps += forward_steps(op, True)
    tape = Tape(target)
    for number, ((index, weight), z) in enumerate(zip(exits, roots, strict=True)):
        writes, add = {}, False
        if z.learns:
            writes["g"], add = tape.add_to(z)
        steps.append(
            Step(
                loss.step,
                index,
                {"z": z},
                writes,
                settings={
                    "weight": weight,
                    "exit": number,
                    "smoothing": loss.smoothing,
                    "weighted": loss.weighted,
                    "add": add,
                },
            )
        )
    for op in reversed(ops):
        steps += backward_steps(op, tape)
    tape.settle_frames()
    return _assemble(steps, low, {}, len(exits), block, batch, tape.tied)


def inference_program(
    net: NetView,
    target: Target,
    parameters: dict[str, Parameter],
    loss: Loss,
    block: int,
    batch: int,
    lanes: int = 0,
    upto: int | None = None,
) -> Program:
    """Forward only, to node `upto` or to the output; there, with the loss of each image where labels are given."""
    low = Lowering(net, target, False, parameters, loss.end)
    index = net.output if upto is None else upto
    low.run(index)
    result = low.values[index]
    roots = [result] if upto is not None else [result, _loss_input(low, index, loss)]
    steps = [Step("load", 0, {}, {"y": low.input})]
    for op in _prepared(low, roots, False, lanes):
        steps += forward_steps(op, False)
    if upto is None:
        steps.append(
            Step(
                loss.step,
                index,
                {"z": roots[1]},
                {},
                settings={
                    "weight": 1.0,
                    "exit": 0,
                    "smoothing": loss.smoothing,
                    "weighted": loss.weighted,
                    "add": False,
                },
            )
        )
    steps.append(Step("emit", index, {"x": result}))
    return _assemble(steps, low, {index: result}, 1, block, batch, set())


def _prepared(low: Lowering, roots: list[Value], training: bool, lanes: int) -> list[Op]:
    """The operations that the roots need, joined where that pays, or with their images interleaved."""
    ops = _needed(low.ops, roots)
    if lanes:
        interleave(ops, low.input, lanes)
        return ops
    ops = fuse(ops, roots, low.target, training)
    return ops if low.target.whole_batch else in_strips(ops, roots, low.target)


def _loss_input(low: Lowering, index: int, loss: Loss) -> Value:
    """A last softmax is trained with the cross-entropy on the values before it, a last sigmoid with the binary one."""
    return low.logits.get(index, low.values[index]) if loss.end else low.values[index]


def _needed(ops: list[Op], roots: list[Value]) -> list[Op]:
    wanted = set(roots)
    result = []
    for op in reversed(ops):
        if op.output in wanted:
            wanted.update(op.inputs)
            result.append(op)
    return result[::-1]


def _assemble(
    steps: list[Step], low: Lowering, outputs: dict[int, Value], exits: int, block: int, batch: int, tied: set[Value]
) -> Program:
    target = low.target
    steps = passed("lowering", steps)
    if target.does("views"):
        steps = passed("views", _without_copies(steps))
    if target.does("sharing"):
        steps = passed("sharing", share_gradients(steps, tied))
    steps = passed("scheduling", _statistics_first(schedule(steps)))
    if target.whole_batch:
        return _assemble_batch(steps, low, outputs, exits, batch)
    steps = passed("winograd", use_winograd(steps, target))
    regions: list[Region] = []
    late = [s for s in steps if s.scope == "task"]
    for step in steps:
        if step.scope == "task":
            continue
        kind: Kind = "serial" if step.scope == "serial" else "strips" if step.strips else "chunks"
        if not regions or (regions[-1].kind, regions[-1].strips) != (kind, step.strips):
            regions.append(Region(kind, [], step.strips, STRIP_BLOCKS * block if step.strips else block))
        regions[-1].steps.append(step)
    for region in regions:
        region.steps.sort(key=lambda s: s.scope != "start")
    if target.does("recomputing"):
        recompute(regions)
    if late:
        regions.append(Region("tasks", late))
    placed = passed("recomputing", [step for region in regions for step in region.steps])
    values = list(dict.fromkeys(v.root for step in placed for v in step.values()))
    program = Program(regions, low.input, outputs, values, exits=exits)
    program.block_bytes, program.batch_bytes = allocate([(r.steps, r.block) for r in regions], batch, target)
    program.statistics, program.extra_bytes = _statistics(steps)
    return program


def _assemble_batch(steps: list[Step], low: Lowering, outputs: dict[int, Value], exits: int, batch: int) -> Program:
    steps = passed("epilogues", join_activations([s for s in steps if s.scope != "start"], low.target))
    values = list(dict.fromkeys(v.root for s in steps for v in s.values()))
    program = Program([Region("batch", steps)], low.input, outputs, values, exits=exits)
    program.batch_bytes = allocate_batch(steps, batch, low.target)
    return program


def _statistics_first(steps: list[Step]) -> list[Step]:
    """What is made of running statistics alone is made at the beginning, so that nobody waits for it halfway."""
    return sorted(steps, key=lambda s: s.kind != "bn_frozen")


def _without_copies(steps: list[Step]) -> list[Step]:
    """Leaves out reshapes between values without frames: one name for the memory of the other is enough."""
    result = []
    for step in steps:
        if step.kind == "reshape" and not step.settings["add"]:
            x, y = step.reads["x"], step.writes["y"]
            if not x.framed and not y.framed and x.interleaved == y.interleaved:
                y.share(x)
                continue
        result.append(step)
    return result


def _statistics(steps: list[Step]) -> tuple[dict[Op, int], int]:
    """Places for the sums of batch normalisations, and bytes of them all: for each chunk a count and two sums a channel
    and scratch, and four coefficients."""
    places: dict[Op, int] = {}
    total = 0
    for step in steps:
        op = step.settings.get("op")
        if op is not None and op not in places:
            places[op] = total
            total += STATISTICS * op.output.shape[3] * 8
    return places, total


CHUNKS = 16
"""Most chunks that a batch is cut into. It does not depend on the number of threads, so that neither do the sums."""

STRIP_BLOCKS = 4
"""Blocks of images whose strips are computed one after another before the next step is done for them."""

STATISTICS = 5 * CHUNKS + 4
"""Numbers (of 8 bytes) kept for each channel of a batch normalisation."""
