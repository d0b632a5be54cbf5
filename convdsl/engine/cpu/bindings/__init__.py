"""What each kind of step becomes on a CPU, and whole programs made of it."""

from typing import Any

from convdsl.cycles import no_search_for_cycles
from convdsl.engine.cpu.bind import Arrays, Binder, Bound
from convdsl.engine.cpu.bindings import (  # they register their steps
    apart,  # noqa: F401
    fused,  # noqa: F401
    learning,
    norm,  # noqa: F401
    outer,  # noqa: F401
    pointwise,  # noqa: F401
    products,  # noqa: F401
    winograd,
)
from convdsl.engine.plan import Plan, Program


@no_search_for_cycles()
def bind(plan: Plan, arrays: Arrays, what: Any) -> Bound:
    """One of "train", "rearrange", "predict", "few", or the number of the value up to which is predicted."""
    if what == "train":
        return bind_training(plan, arrays)
    if what == "rearrange":
        return bind_rearrange(plan, arrays)
    named = {"predict": plan.inference, "few": plan.few}
    return bind_inference(plan, named.get(what) or plan.inference_upto(what), arrays)


def bind_training(plan: Plan, arrays: Arrays) -> Bound:
    """A step of training: the program's regions, then the loss, deferred gradients, update and rearranged weights."""
    binder = Binder(plan, plan.training, arrays)
    regions = plan.training.regions
    first = next(r for r in regions if r.kind == "chunks")
    for region in (r for r in regions if r.kind != "tasks"):
        binder.steps(region, learning.zero_gradients if region is first else None)
    binder.extra_region("serial", learning.finish)
    for region in regions:
        if region.kind == "tasks":
            binder.steps(region)
    binder.extra_region("tasks", learning.add_up_shared)
    binder.extra_region("tasks", learning.update)
    binder.extra_region("tasks", learning.rearrange)
    binder.extra_region("tasks", winograd.transform)
    return binder.bound()


def bind_inference(plan: Plan, program: Program, arrays: Arrays) -> Bound:
    """A forward pass; the loss too, where labels are given."""
    binder = Binder(plan, program, arrays)
    for region in program.regions:
        binder.steps(region)
    binder.extra_region("serial", learning.finish)
    return binder.bound()


def bind_rearrange(plan: Plan, arrays: Arrays) -> Bound:
    """What must be done after weights were set from outside."""
    binder = Binder(plan, plan.inference, arrays)
    binder.extra_region("tasks", learning.rearrange)
    binder.extra_region("tasks", winograd.transform)
    return binder.bound()
