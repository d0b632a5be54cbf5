"""Programs: the steps of a training or inference pass, put into regions, with a place in memory for every value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Literal

from convdsl.engine.plan import unweighted, weighted  # noqa: F401  (they register their operations)
from convdsl.engine.plan.exits import Exit, Loss, Place, answers_of, exits_of
from convdsl.engine.plan.few import FEW, in_shares
from convdsl.engine.plan.folding import folded
from convdsl.engine.plan.frames import framed
from convdsl.engine.plan.fusion import fuse, join_activations
from convdsl.engine.plan.interleaving import interleave, schedule
from convdsl.engine.plan.keeping import layouts
from convdsl.engine.plan.lowering import Lowering
from convdsl.engine.plan.memory import allocate, allocate_batch
from convdsl.engine.plan.ops import Op, Tape, backward_steps, forward_steps
from convdsl.engine.plan.saving import recompute, share_gradients
from convdsl.engine.plan.strips import in_strips
from convdsl.engine.plan.together import together
from convdsl.engine.plan.values import Layouts, Parameter, Step, Target, Value
from convdsl.engine.plan.verify import passed
from convdsl.engine.plan.winograd import use_winograd
from convdsl.network.view import NetView

RegionKind = Literal["chunks", "strips", "shares", "serial", "tasks", "batch"]


@dataclass(frozen=True, eq=False)
class Region:
    """Steps between two points where all threads meet. In a region of `chunks` each thread takes chunks of images and
    does all steps for one block of them after another; in one of `strips`, strips of an image, for all images
    (see strips.py); in one of `shares` or `tasks`, shares of the work, for all images. On a GPU there is one
    region, `batch`: each step is done for all images before the next one begins."""

    kind: RegionKind
    steps: list[Step]
    strips: int = 0
    block: int = 0
    """Images that are taken at a time."""


@dataclass(frozen=True, eq=False)
class Program:
    """`block_bytes` is what a worker needs for a block, `batch_bytes` what all images need, `extra_bytes` the rest."""

    regions: list[Region]
    input: Value
    values: list[Value]
    exits: int
    block_bytes: int
    batch_bytes: int
    extra_bytes: int = 0
    statistics: dict[Op, int] = field(default_factory=dict)
    """Where among the rest the sums of each batch normalisation begin, in bytes."""
    layouts: Layouts = field(default_factory=dict)
    """What its operations ask for; see keeping.py."""

    @property
    def steps(self) -> list[Step]:
        return [step for region in self.regions for step in region.steps]


@dataclass(frozen=True)
class Frame:
    """What the programs of a network have in common. There is room for `batch` images, `block` of them are taken at a time
    and `lanes`, if it is not 0, are interleaved; `parameters` are added when they are first met. `losses` are those of the
    outputs."""

    net: NetView
    target: Target
    losses: tuple[Loss, ...]
    block: int
    batch: int
    lanes: int
    parameters: dict[str, Parameter]
    few: bool = False
    """Whether all threads take shares of each image (see few.py)."""

    def lowered(self, training: bool, upto: int | None = None) -> Lowering:
        low = Lowering(self.net, self.target, training, self.parameters, {loss.end for loss in self.losses})
        low.run(upto)
        return low


def training_program(frame: Frame) -> Program:
    """Forward, loss, backward, and the gradients that are left for the end."""
    low, exits = frame.lowered(True), exits_of(frame.net, frame.losses)
    roots = [low.scores(one.node, one.loss.end) for one in exits]
    ops = _prepared(low, roots, True, frame.lanes, {})
    steps = [Step("load", 0, {}, {"y": low.input})]
    for op in ops:
        steps += forward_steps(op, True)
    tape = Tape(frame.target)
    for number, (one, z) in enumerate(zip(exits, roots, strict=True)):
        writes, add = {}, False
        if z.learns:
            writes["g"], add = tape.add_to(z)
        steps.append(_loss_step(one, number, z, writes, add))
    for op in reversed(ops):
        steps += backward_steps(op, tape)
    tape.settle_frames()
    return _assemble(frame, steps, low, len(exits), tape.tied, layouts(ops))


def inference_program(frame: Frame, chosen: Layouts, upto: int | None = None) -> Program:
    """Forward only, to node `upto` or to all outputs; there, with the loss of each image where labels are given. `chosen`
    are the layouts that training asks for."""
    low = frame.lowered(False, upto)
    asked = [o.node for o in frame.net.outputs] if upto is None else [upto]
    results = [low.values[index] for index in asked]
    exits = exits_of(frame.net, frame.losses)[: len(asked)] if upto is None else []
    scores = [low.scores(one.node, one.loss.end) for one in exits]
    steps = [Step("load", 0, {}, {"y": low.input})]
    for op in _prepared(low, [*results, *scores], False, frame.lanes, chosen):
        steps += forward_steps(op, False)
    for number, (one, z) in enumerate(zip(exits, scores, strict=True)):
        steps.append(_loss_step(one, number, z, {}, False))
    places = answers_of(frame.net) if upto is None else [Place(0, 4 * results[0].size)]
    for index, x, place in zip(asked, results, places, strict=True):
        steps.append(Step("emit", index, {"x": x}, settings=place._asdict()))
    steps = passed("folding", folded(passed("lowering", steps), [*results, *scores, low.input], frame.target))
    return _assemble(frame, steps, low, max(len(exits), 1), set(), chosen)


def few_program(frame: Frame, chosen: Layouts) -> Program | None:
    """The forward pass for a few images in shares; None where no step is worth it."""
    if frame.lanes or frame.target.whole_batch or frame.target.threads == 1 or not frame.target.does("few"):
        return None
    one = replace(frame, block=1, batch=min(FEW, frame.batch) + STRIP_BLOCKS, few=True)
    program = inference_program(one, chosen)
    return program if any(region.kind == "shares" for region in program.regions) else None


def _loss_step(one: Exit, number: int, z: Value, writes: dict[str, Value], add: bool) -> Step:
    loss = one.loss
    settings = {"exit": number, "smoothing": loss.smoothing, "weighted": loss.weighted, "add": add}
    return Step(
        loss.step, one.node, {"z": z}, writes, settings={"weight": one.weight, **settings, **one.targets._asdict()}
    )


def _prepared(low: Lowering, roots: list[Value], training: bool, lanes: int, chosen: Layouts) -> list[Op]:
    """The operations that the roots need, joined where that pays, or with their images interleaved."""
    ops = _needed(low.ops, roots)
    if lanes:
        interleave(ops, low.input, lanes)
        return ops
    ops = fuse(ops, roots, low.target, training, chosen)
    return ops if low.target.whole_batch else in_strips(ops, roots, low.target, training, chosen)


def _needed(ops: list[Op], roots: list[Value]) -> list[Op]:
    wanted = set(roots)
    result = []
    for op in reversed(ops):
        if op.output in wanted:
            wanted.update(op.inputs)
            result.append(op)
    return result[::-1]


def _assemble(
    frame: Frame,
    steps: list[Step],
    low: Lowering,
    exits: int,
    tied: set[Value],
    chosen: Layouts,
) -> Program:
    """The steps in their regions, with places for their values."""
    target, block = frame.target, frame.block
    steps = passed("lowering", steps)
    if target.does("views"):
        steps = passed("views", _without_copies(steps))
    if target.does("sharing"):
        steps = passed("sharing", share_gradients(steps, tied))
    steps = passed("scheduling", _statistics_first(schedule(steps)))
    if target.whole_batch:
        return _assemble_batch(frame, steps, low, exits)
    steps = passed("winograd", use_winograd(steps, target, chosen))
    steps = passed("together", together(steps, target))
    if frame.few:
        steps = passed("few", in_shares(steps, target))
    regions = _regions([s for s in steps if s.scope != "task"], block)
    if target.does("recomputing"):
        regions = recompute(regions)
    if late := [s for s in steps if s.scope == "task"]:
        regions.append(Region("tasks", late, block=1))
    placed = passed("recomputing", [step for region in regions for step in region.steps])
    block_bytes, batch_bytes = allocate([(r.steps, r.block) for r in regions], frame.batch, target)
    written: set[Value] = set()
    regions = [replace(region, steps=framed(region.steps, written)) for region in regions]
    passed("frames", [step for region in regions for step in region.steps])
    statistics, extra = _statistics(steps)
    return Program(regions, low.input, _roots(placed), exits, block_bytes, batch_bytes, extra, statistics, chosen)


def _regions(steps: list[Step], block: int) -> list[Region]:
    """Cut where all threads must meet; what a chunk begins with comes first in each."""
    regions: list[Region] = []
    for (kind, strips, _), group in groupby(enumerate(steps), _where):
        ordered = sorted((step for _, step in group), key=lambda s: s.scope != "start")
        regions.append(Region(kind, ordered, strips, STRIP_BLOCKS * block if strips else block))
    return regions


def _where(numbered: tuple[int, Step]) -> tuple[RegionKind, int, int]:
    """The kind of a step's region, and strips; and a number of its own where all of it must be done before what follows."""
    number, step = numbered
    if step.scope == "share":
        return "shares", 0, number
    return "serial" if step.scope == "serial" else "strips" if step.strips else "chunks", step.strips, -1


def _roots(steps: list[Step]) -> list[Value]:
    return list(dict.fromkeys(v.root for step in steps for v in step.values()))


def _assemble_batch(frame: Frame, steps: list[Step], low: Lowering, exits: int) -> Program:
    steps = passed("epilogues", join_activations([s for s in steps if s.scope != "start"], low.target))
    taken = allocate_batch(steps, frame.batch, frame.target)
    return Program([Region("batch", steps)], low.input, _roots(steps), exits, 0, taken)


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
