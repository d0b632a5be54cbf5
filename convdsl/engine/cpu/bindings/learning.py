"""Losses; and after the backward pass, the sums of gradients, the update and the rearranged weights."""

from __future__ import annotations

from functools import partial
from typing import Any

from convdsl.engine.cpu.bind import IMAGE, PART, Argument, Arrays, Binder, binding, number
from convdsl.engine.cpu.kernels import learning, losses, pointwise, weighted
from convdsl.engine.cpu.specialise import Micro, Strided, micro
from convdsl.engine.plan import LOSSES, WEIGHED, Parameter, Step
from convdsl.engine.plan.layouts import Filters, Pack


@binding(*LOSSES)
def _loss(binder: Binder, step: Step) -> None:
    z, arrays, settings = step.reads["z"], binder.arrays, step.settings
    g = step.writes.get("g")
    exit_number = settings["exit"]
    _, batch, positions = arrays.answers
    sums = arrays.address(arrays.losses) + exit_number * batch * 8
    hits = arrays.address(arrays.hits) + exit_number * batch * positions * 8
    weighs = step.kind in WEIGHED
    given = {
        "control": binder.control,
        **({"figures": binder.figures, "table": _table(arrays)} if weighs else {}),
        "z": binder.inside(z),
        "g": binder.inside(g or z),
        "losses": (number(sums), Strided((batch,), (1,))),
        "hits": (number(hits), Strided((batch, positions), (positions, 1))),
        "image": IMAGE,
    }
    constants: dict[str, Any] = {name: settings[name] for name in ("weight", "add", "offset", "record")}
    constants["learns"] = g is not None
    if step.kind.endswith("cross_entropy"):
        constants["smoothing"] = settings["smoothing"]
    if step.kind == "binary_cross_entropy":
        constants["weighted"] = settings["weighted"]
    binder.emit(getattr(losses, step.kind), given, **constants)


def _table(arrays: Arrays) -> tuple[Argument, Strided]:
    return number(arrays.address(arrays.table)), Strided((arrays.table_size,), (1,))


def zero_gradients(binder: Binder) -> None:
    """Each chunk begins with its gradients at zero."""
    floats = binder.plan.room.by_chunk
    base: Argument = (binder.arrays.address(binder.arrays.gradients), 0, 0, 0, floats * 4, 0)
    binder.emit(pointwise.fill_zero, {"address": base, "count": number(floats)})


def finish(binder: Binder) -> None:
    arrays = binder.arrays
    exits, batch, positions = arrays.answers
    one = binder.plan.only_loss
    binder.emit(
        learning.finish,
        {
            "control": binder.control,
            "figures": binder.figures,
            "losses": (number(arrays.address(arrays.losses)), Strided((exits, batch), (batch, 1))),
            "hits": (
                number(arrays.address(arrays.hits)),
                Strided((exits, batch, positions), (batch * positions, positions, 1)),
            ),
        },
        exits=binder.program.exits,
        batch=batch,
        classes=one.kind == "cross_entropy",
        counted=one.kind == "binary_cross_entropy",
    )


def add_up_shared(binder: Binder) -> None:
    """The gradients of further uses of weights are added to that of the first."""
    plan, tasks = binder.plan, number(binder.plan.tasks)
    for owner, again in plan.again:
        if not owner.trainable:
            continue
        share = {"task": PART, "tasks": tasks, "size": number(again.layout.size)}
        own, of_first = binder.gradient(again)[0], binder.gradient(owner)[0]
        if not again.place.deferred and plan.chunks > 1:
            step = number(plan.room.by_chunk)
            binder.emit(learning.collect, {"g": number(own), **share, "copies": number(plan.chunks), "step": step})
        step = number((own - of_first) // 4)
        binder.emit(learning.collect, {"g": number(of_first), **share, "copies": number(2), "step": step})


def update(binder: Binder) -> None:
    """Shares of all weights: the gradients of the chunks are added up, then the optimiser changes the weights."""
    plan, arrays, tasks = binder.plan, binder.arrays, number(binder.plan.tasks)
    offset = 0
    for run in _runs(plan.trained):
        size = sum(p.layout.size for p in run)

        gradient = binder.gradient(run[0])
        base = number(gradient[0])
        copies = run[0].place.copies or plan.chunks
        if not run[0].place.deferred and copies > 1:
            binder.emit(
                learning.collect,
                {
                    "g": base,
                    "task": PART,
                    "tasks": tasks,
                    "size": number(size),
                    "copies": number(copies),
                    "step": number(plan.room.by_chunk),
                },
            )
        states = [number(arrays.address(s) + offset * 4) for s in arrays.states.values()]
        _optimise(binder, number(binder.weight(run[0])), base, states, size)
        offset += size


def _runs(parameters: list[Parameter]) -> list[list[Parameter]]:
    """Parameters that lie side by side, weights and gradients alike, are changed in one go."""
    runs: list[list[Parameter]] = []
    for p in parameters:
        last = runs[-1][-1] if runs else None
        if (
            last is not None
            and not last.packs
            and (last.place.deferred, last.place.copies) == (p.place.deferred, p.place.copies)
            and last.place.offset + last.layout.size == p.place.offset
            and last.place.gradient_offset + last.layout.size == p.place.gradient_offset
        ):
            runs[-1].append(p)
        else:
            runs.append([p])
    return runs


def _optimise(binder: Binder, w: Argument, g: Argument, states: list[Argument], size: int) -> None:
    o = binder.plan.optimizer
    given: dict[str, Any] = {"figures": binder.figures, "w": w, "g": g}
    share = {"task": PART, "tasks": number(binder.plan.tasks), "size": number(size)}
    if o.kind == "sgd":
        binder.emit(
            learning.sgd,
            {**given, "m": states[0] if states else w, **share},
            momentum=o.momentum,
            nesterov=o.nesterov,
            decay=o.weight_decay,
        )
    elif o.kind in ("adam", "adamw"):
        binder.emit(
            learning.adam,
            {**given, "m": states[0], "v": states[1], **share},
            beta1=o.beta1,
            beta2=o.beta2,
            eps=o.eps,
            decay=o.weight_decay,
            decoupled=o.kind == "adamw",
        )
    elif o.kind == "adagrad":
        binder.emit(learning.adagrad, {**given, "m": states[0], **share}, eps=o.eps, decay=o.weight_decay)
    else:
        binder.emit(
            learning.rmsprop,
            {**given, "s": states[0], "m": states[-1], **share},
            alpha=o.alpha,
            momentum=o.momentum,
            eps=o.eps,
            decay=o.weight_decay,
        )


def rearrange(binder: Binder) -> None:
    """Keeps the other arrangements of weights up to date."""
    for parameter in binder.plan.packed:
        f = parameter.layout
        copied = parameter.packs.get("forward")
        if copied is not None:
            table = binder.arrays.copies(copied, parameter.layout)
            binder.keep.append(table)
            binder.emit(
                weighted.copy_by_table,
                {
                    "w": number(binder.weight(parameter)),
                    "copy": number(binder.pack(parameter, "forward")),
                    "table": number(binder.arrays.address(table)),
                    "count": number(copied.size),
                    "task": PART,
                    "tasks": number(binder.plan.tasks),
                },
            )
        pack = parameter.packs.get("swapped")
        if pack is None or not isinstance(f, Filters):
            continue
        place = [0] * len(pack.order)
        for position, tap in enumerate(pack.order):
            place[tap] = position
        lanes = min(f.lanes, pack.lanes)
        square, rest = partial(_square, f, pack, lanes), (pack.channels % lanes, f.filters % lanes)
        binder.emit(
            weighted.swap,
            {
                "w": number(binder.weight(parameter)),
                "swapped": number(binder.pack(parameter, "swapped")),
                "task": PART,
                "tasks": number(binder.plan.tasks),
            },
            square=square(lanes, lanes),
            right=square(lanes, rest[1]),
            below=square(rest[0], lanes),
            corner=square(*rest),
            lanes=lanes,
            groups=f.groups,
            filters=f.filters,
            channels=pack.channels,
            taps=len(pack.order),
            width=f.width,
            to_width=pack.width,
            place=tuple(place),
        )


def _square(f: Filters, pack: Pack, lanes: int, channels: int, filters: int) -> Micro | None:
    """Turns so many of each; None where there are none."""
    sizes = {"lanes": lanes, "row": f.width * 4, "to_row": pack.width * 4}
    return micro("transpose_tile", **sizes, rows=channels, columns=filters) if channels and filters else None
