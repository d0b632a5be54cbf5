"""Less memory traffic: gradients that need no copy, and values that are cheaper to compute again than to keep."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from convdsl.engine.plan.values import Shape, Step, Value

if TYPE_CHECKING:
    from convdsl.engine.plan.program import Region


def share_gradients(steps: list[Step], tied: set[Value]) -> list[Step]:
    """Leaves out copies of a gradient to a branch where nobody reads the one after the other is changed: both are one.
    Values that are `tied` keep their frames, and so their memory."""
    order = [s for s in steps if s.scope != "task"] + [s for s in steps if s.scope == "task"]
    number = {step: n for n, step in enumerate(order)}
    shapes: dict[Value, set[Shape]] = {}
    for value in (v for step in steps for v in step.values()):
        shapes.setdefault(value.root, set()).add(value.shape)
    dropped: set[Step] = set()
    for step in order:
        if not _plain_copy(step):
            continue
        x, y = step.reads["x"].root, step.writes["y"]
        kept = {value.root for value in tied}
        alike = len(shapes[x] | shapes[y]) == 1 or not (x.framed or y.framed)
        if alike and not kept & {x, y} and _safe(order, number[step], x, y, dropped):
            y.share(x)
            shapes[x] |= shapes[y]
            dropped.add(step)
    return [s for s in steps if s not in dropped]


def _plain_copy(step: Step) -> bool:
    if step.kind != "copy" or step.settings["add"] or any(step.settings["at"]):
        return False
    x, y = step.reads["x"], step.writes["y"]
    same = x.shape == y.shape == x.root.shape and y.base is None and x.interleaved == y.interleaved
    return same and x.name.startswith("d ")


def _safe(order: list[Step], at: int, root: Value, y: Value, dropped: set[Step]) -> bool:
    last_read = first_write = -1
    for n, step in enumerate(order[at + 1 :], at + 1):
        if step in dropped:
            continue
        reads = any(v.root is root for v in step.reads.values())
        if any(v.root is root for v in step.writes.values()):
            return False
        if reads:
            last_read = n
        if first_write < 0 and any(v is y for v in step.writes.values()):
            first_write = n
    return first_write < 0 or last_read < first_write


def recompute(regions: list[Region]) -> list[Region]:
    """The output of a batch normalisation is needed again on the way back: there it is computed again from the input,
    which is kept anyway, so that only one of them goes through memory. (Values of the way forward change in place right
    behind their writer or never: the input is as it was.)"""
    regions = [*regions]
    for index, region in enumerate(regions):
        for step in region.steps:
            if step.kind != "bn_apply" or not step.settings["training"]:
                continue
            y = step.writes["y"]
            made = [s for s in region.steps if y in s.writes.values()]
            rest = range(index + 1, len(regions))
            later = [n for n in rest if any(y in s.values() for s in regions[n].steps)]
            if _aliased(regions, y):
                continue
            if all(regions[n].kind == "chunks" for n in later):
                for n in later:
                    regions[n] = _again(regions[n], made, y)
    return regions


def _aliased(regions: list[Region], value: Value) -> bool:
    """Whether it is kept under another name too, so that nothing would be saved."""
    return any(v is not value and v.root is value for r in regions for s in r.steps for v in s.values())


def _again(region: Region, made: list[Step], y: Value) -> Region:
    """The region with all steps that made y once more, so that what they do and what is read later cannot differ."""
    copy = Value(f"{y.name} again", y.shape)
    copy.widen(y.frame)

    def renamed(roles: dict[str, Value]) -> dict[str, Value]:
        return {role: copy if v is y else v for role, v in roles.items()}

    steps = [replace(s, reads=renamed(s.reads)) if y in s.reads.values() else s for s in region.steps]
    first = next(n for n, s in enumerate(steps) if copy in s.reads.values())
    again = [replace(s, reads=renamed(s.reads), writes=renamed(s.writes)) for s in made]
    return replace(region, steps=[*steps[:first], *again, *steps[first:]])
