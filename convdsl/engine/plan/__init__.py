"""The plan: what a step of training does, in which order, and where everything lies. Device-free, and printable."""

from convdsl.engine.plan.build import Memory, Plan, plan
from convdsl.engine.plan.exits import LOSSES, WEIGHED, Loss, answers_of, exits_of
from convdsl.engine.plan.program import Program, Region
from convdsl.engine.plan.values import Parameter, Step, Strip, Target, Value, Window

__all__ = [
    "LOSSES",
    "WEIGHED",
    "Loss",
    "Memory",
    "Parameter",
    "Plan",
    "Program",
    "Region",
    "Step",
    "Strip",
    "Target",
    "Value",
    "Window",
    "answers_of",
    "exits_of",
    "plan",
]
