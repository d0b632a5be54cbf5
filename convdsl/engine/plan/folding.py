"""At inference a product does what stands right behind it: a normalisation by fixed statistics, and the sum with a branch.

A normalisation is then a factor and a shift for each channel. They are made of the running statistics at the beginning of
each pass, as elsewhere, and applied to the sums while these are in registers: no copy of the weights has them multiplied in,
so that none can be out of date. A sum is done by the last product before it, which adds to what the other branch has left:
both are one memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from convdsl.engine.plan.values import Step, Strip, Target, Value

_PRODUCTS = ("gather", "spread", "depthwise")


def folded(steps: list[Step], roots: Sequence[Value], target: Target) -> list[Step]:
    """The steps of an inference, with fewer passes over memory. `roots` are values that are wanted as they are."""
    if target.whole_batch or not target.does("folding"):
        return steps
    return _sums(_normalisations(steps, set(roots)), set(roots))


def _users(steps: Sequence[Step]) -> dict[Value, list[Step]]:
    """For each memory, the steps that read or write it, in their order."""
    users: dict[Value, list[Step]] = {}
    for step in steps:
        for root in dict.fromkeys(v.root for v in step.values()):
            users.setdefault(root, []).append(step)
    return users


def _normalisations(steps: list[Step], wanted: set[Value]) -> list[Step]:
    users, changed = _users(steps), dict[Step, Step | None]()
    frozen = {step.settings["op"]: step for step in steps if step.kind == "bn_frozen"}
    for step in steps:
        if step.kind != "bn_apply":
            continue
        x = step.reads["x"]
        product = _product(x, step, users, wanted)
        if product is None:
            continue
        op, weights = step.settings["op"], dict(product.weights)
        if bias := weights.pop("bias", None):
            before = frozen[op]
            changed[before] = replace(before, weights={**before.weights, "before": bias})
        settings = {**product.settings, "op": op, "activation": step.settings["activation"]}
        writes = {**product.writes, "y": step.writes["y"]}
        changed[product] = replace(product, writes=writes, weights=weights, settings=settings)
        changed[step] = None
    return _changed(steps, changed)


def _sums(steps: list[Step], wanted: set[Value]) -> list[Step]:
    users, changed = _users(steps), dict[Step, Step | None]()
    for step in steps:
        if step.kind != "sum":
            continue
        for x, other in (("b", "a"), ("a", "b")):
            a, y = step.reads[other], step.writes["y"]
            product = _product(step.reads[x], step, users, wanted)
            if product is None or product.kind == "depthwise" or not _left_alone(a, product, step, steps, users):
                continue
            if a in wanted or (a.root is not y.root and (y.base is not None or y.shape != a.shape or y in wanted)):
                continue
            if a.root is not y.root:
                y.share(a)
                users[a.root] += users.pop(y, [])
            settings = {**product.settings, "add": True, "activation": step.settings["activation"]}
            changed[product] = replace(product, writes={**product.writes, "y": y}, settings=settings)
            changed[step] = None
            break
    return _changed(steps, changed)


def _product(x: Value, reader: Step, users: dict[Value, list[Step]], wanted: set[Value]) -> Step | None:
    """What makes a value that nobody else looks at, if that can do more."""
    if x in wanted or x.base is not None or x.interleaved or isinstance(x, Strip):
        return None
    product, *others = users[x.root]
    able = product.kind in _PRODUCTS and not product.strips and product.writes.get("y") is x
    free = not product.settings.get("add") and product.settings.get("activation") is None
    return product if able and free and others == [reader] else None


def _left_alone(a: Value, product: Step, reader: Step, steps: list[Step], users: dict[Value, list[Step]]) -> bool:
    """Whether a value is complete when the product is made, and nobody else reads or changes it from then on."""
    if a.interleaved or isinstance(a, Strip) or any(product is step for step in users[a.root]):
        return False
    if any(step.kind == "reshape" for step in users[a.root]):  # that may become another name for the same memory
        return False
    place = {step: number for number, step in enumerate(steps)}
    from_there = [step for step in users[a.root] if place[step] > place[product]]
    return from_there[:1] == [reader] and all(
        step is reader or a.root is reader.writes["y"].root for step in from_there
    )


def _changed(steps: list[Step], changed: dict[Step, Step | None]) -> list[Step]:
    return [new for step in steps if (new := changed.get(step, step)) is not None]
