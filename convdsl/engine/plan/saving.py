"""Less memory traffic: gradients that need no copy, and values that are cheaper to compute again than to keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convdsl.engine.plan.values import Step, Value

if TYPE_CHECKING:
    from convdsl.engine.plan.program import Region


def share_gradients(steps: list[Step], tied: set[Value]) -> list[Step]:
    """Leaves out copies of a gradient to a branch where nobody reads the one after the other is changed: both are one.
    Values that are `tied` keep their frames, and so their memory."""
    order = [s for s in steps if s.scope != "task"] + [s for s in steps if s.scope == "task"]
    number = {step: n for n, step in enumerate(order)}
    dropped: set[Step] = set()
    for step in order:
        if (
            _plain_copy(step)
            and not tied & set(step.values())
            and _safe(order, number[step], step.reads["x"], step.writes["y"], dropped)
        ):
            x, y = step.reads["x"], step.writes["y"]
            for value in (x.root, y):
                value.widen([[max(a[i], b[i]) for i in (0, 1)] for a, b in zip(x.root.frame, y.frame, strict=True)])
            y.base = x.root
            dropped.add(step)
    return [s for s in steps if s not in dropped]


def _plain_copy(step: Step) -> bool:
    if step.kind != "copy" or step.settings["add"] or any(step.settings["at"]):
        return False
    x, y = step.reads["x"], step.writes["y"]
    same = x.shape == y.shape == x.root.shape and y.base is None and x.interleaved == y.interleaved
    return same and x.name.startswith("d ")


def _safe(order: list[Step], at: int, x: Value, y: Value, dropped: set[Step]) -> bool:
    root = x.root
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


def recompute(regions: list[Region]) -> None:
    """The output of a batch normalisation is needed again on the way back: there it is computed again from the input,
    which is kept anyway, so that only one of them goes through memory."""
    for index, region in enumerate(regions):
        for step in region.steps:
            if step.kind != "bn_apply" or not step.settings["training"]:
                continue
            y = step.writes["y"]
            later = [r for r in regions[index + 1 :] if any(v.root is y for s in r.steps for v in s.values())]
            if all(r.kind == "chunks" for r in later) and not _aliased(regions, y):
                for other in later:
                    _again(other, step, y)


def _aliased(regions: list[Region], value: Value) -> bool:
    return any(v is not value and v.root is value for r in regions for s in r.steps for v in s.values())


def _again(region: Region, step: Step, y: Value) -> None:
    copy = Value(f"{y.name} again", y.shape, frame=[list(f) for f in y.frame])
    for reader in region.steps:
        reader.reads = {role: copy if v is y else v for role, v in reader.reads.items()}
    first = next(n for n, s in enumerate(region.steps) if copy in s.reads.values())
    again = Step("bn_apply", step.node, dict(step.reads), {"y": copy}, step.weights, step.settings, step.scope)
    region.steps.insert(first, again)
