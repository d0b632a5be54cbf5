"""Whether a plan keeps to the kinds of steps that there are, and whether its values are written before they are read.

A pass that goes wrong is found at its own door, and not in a kernel: inside `between_passes` every pass of a plan is
looked at when it is done. So the tests run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from convdsl.engine.plan.kinds import KINDS, ONLY_IN_BLOCKS, ONLY_WHOLE, SETTINGS, Kind
from convdsl.engine.plan.values import Step, Strip, Value, Window

if TYPE_CHECKING:
    from convdsl.engine.plan.build import Plan

_Box = tuple[tuple[int, int], ...]


class WrongPlan(AssertionError):
    """A plan that no device could run: a fault of ours."""


_BETWEEN: ContextVar[bool] = ContextVar("between passes", default=False)


@contextmanager
def between_passes() -> Iterator[None]:
    """Plans that are made inside are looked at after every pass."""
    token = _BETWEEN.set(True)
    try:
        yield
    finally:
        _BETWEEN.reset(token)


def passed(what: str, steps: list[Step]) -> list[Step]:
    """The steps, as a pass has left them; inside `between_passes` raises WrongPlan where they are wrong."""
    if _BETWEEN.get():
        _refuse(f"after {what}", faults(steps))
    return steps


def verify(plan: Plan) -> None:
    """Raises WrongPlan where a program of a plan is none that can be run."""
    elsewhere = ONLY_IN_BLOCKS if plan.target.whole_batch else ONLY_WHOLE
    for name, program in zip(("training", "inference", "few images"), plan.programs, strict=False):
        steps = [step for region in program.regions for step in region.steps]
        found = [f"{step.kind!r} is not for such a device" for step in steps if step.kind in elsewhere]
        _refuse(name, found + faults(steps))


def _refuse(where: str, found: list[str]) -> None:
    if found:
        raise WrongPlan(f"{where}: " + "; ".join(found))


def faults(steps: Sequence[Step]) -> list[str]:
    """What is wrong with the steps of a program, in their order; nothing, if nothing is."""
    found = []
    order = _Order()
    for step in steps:
        kind = KINDS.get(step.kind)
        wrong = [f"there is no step called {step.kind!r}"] if kind is None else [*_form(step, kind)]
        if kind is not None and not wrong:
            wrong = [*_shapes(step, kind), *_frames(step, kind), *order.faults(step)]
        order.take(step)
        found += [f"step {step.node} {step.kind}: {fault}" for fault in wrong]
    return found


def _form(step: Step, kind: Kind) -> Iterator[str]:
    """Roles, settings with their types, scope."""
    for of, given in (
        ("reads", step.reads),
        ("writes", step.writes),
        ("weights", step.weights),
        ("settings", step.settings),
    ):
        if of == "weights" and kind.any_weights:
            continue
        roles = kind.roles(of)
        yield from (f"{of} has no {role!r}" for role, optional in roles.items() if role not in given and not optional)
        yield from (f"{of} knows no {role!r}" for role in given if role not in roles)
    for name, value in step.settings.items():
        types = SETTINGS.get(name, ())
        if types and type(value) not in types:
            yield f"{name} is {value!r} and not {' or '.join(t.__name__ for t in types)}"
    if step.scope not in kind.scopes:
        yield f"its scope is {step.scope!r}"


def _shapes(step: Step, kind: Kind) -> Iterator[str]:
    alike = [(role, value) for role in kind.alike.split() if (value := _value(step, role)) is not None]
    for role, value in alike[1:]:
        first, expected = alike[0]
        if value.shape != expected.shape:
            yield f"{role} is {value.shape} and {first} {expected.shape}"
    window = step.settings.get("window")
    if window is not None:
        for role, sizes in zip(kind.spans.split(), (window.input, window.output), strict=False):
            value = _value(step, role)
            if value is not None and value.shape[:3] != sizes:
                yield f"{role} is {value.shape}, and its window goes over {sizes}"


def _frames(step: Step, kind: Kind) -> Iterator[str]:
    """Whether there are zeros enough around a value that a window reaches beyond, and around that of each image."""
    if step.kind == "frame" and step.scope == "block" and not step.writes["y"].interleaved:
        yield "it is done once for images that lie apart"
    if not kind.reach:
        return
    value = {**step.reads, **step.writes}[kind.reach]
    window: Window = step.settings["window"]
    wanted = window.spread_frame if kind.spread else window.frame
    if any(has < wants for f, w in zip(value.frame, wanted, strict=True) for has, wants in zip(f, w, strict=True)):
        yield f"the frame of {kind.reach} is {value.frame}, and its window reaches over {wanted}"


def _value(step: Step, role: str) -> Value | None:
    """A value whose shape says what is in it."""
    value = step.reads.get(role, step.writes.get(role))
    return None if isinstance(value, Strip) else value


class _Order:
    """What has been written so far, and where."""

    def __init__(self) -> None:
        self._written: dict[Value, list[_Box]] = {}

    def take(self, step: Step) -> None:
        for value in step.writes.values():
            self._written.setdefault(value.root, []).append(
                () if step.kind in ("clear", "frame") else _box(step, value)
            )

    def faults(self, step: Step) -> Iterator[str]:
        for role, value in step.reads.items():
            if value.root not in self._written:
                yield f"{role}, {value.name!r}, is read before it is written"
        read = {value.root for value in step.reads.values()}
        adds = next(iter(step.writes), "") if step.settings.get("add") else ""
        for role, value in step.writes.items():
            before = self._written.get(value.root, [])
            if role == adds:
                if not before:
                    yield f"{role}, {value.name!r}, is added to before it is written"
            elif value.root not in read and any(_meet(_box(step, value), box) for box in before):
                yield f"{role}, {value.name!r}, is written a second time"


def _box(step: Step, value: Value) -> _Box:
    """From where to where on each axis a step writes: all of a value, but for copies into a part of it."""
    x, at = step.reads.get("x"), step.settings.get("at")
    if x is None or at is None or step.settings.get("fill"):
        return tuple((0, n) for n in value.shape)
    return tuple((max(0, a), min(a + n, m)) for a, n, m in zip(at, x.shape, value.shape, strict=True))


def _meet(a: _Box, b: _Box) -> bool:
    return bool(b) and all(low < end and begin < high for (low, high), (begin, end) in zip(a, b, strict=True))
