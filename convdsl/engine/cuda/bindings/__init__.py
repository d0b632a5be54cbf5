"""What each kind of step becomes on a GPU, and whole programs made of it."""

from convdsl.engine.cuda.bind import Arrays, Binder
from convdsl.engine.cuda.bindings import (  # they register their steps
    apart,  # noqa: F401
    learning,
    norm,  # noqa: F401
    pointwise,  # noqa: F401
    weighted,  # noqa: F401
)
from convdsl.engine.plan import Plan, Program


def bind_training(plan: Plan, arrays: Arrays) -> Binder:
    """A step of training: forward, loss, backward, and the update of all weights."""
    binder = Binder(plan, plan.training, arrays)
    _steps(binder, plan.training)
    learning.update(binder)
    return binder


def bind_inference(plan: Plan, program: Program, arrays: Arrays) -> Binder:
    """A forward pass; the loss too, where labels are given."""
    binder = Binder(plan, program, arrays)
    _steps(binder, program)
    return binder


def _steps(binder: Binder, program: Program) -> None:
    steps = [s for region in program.regions for s in region.steps]
    binder.steps(steps)
    learning.finish(binder, steps)
