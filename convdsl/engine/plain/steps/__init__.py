"""What each kind of step computes: a function for each, in the words of convdsl/engine/plan/kinds.py.

A value is an array [image, depth, row, column, channel], a weight one in the public layout. Reads come by their roles;
what is returned is written, or added, to what the step writes first.
"""

from convdsl.engine.plain.steps import losses, moving, normalising, pointwise, pooling, weighted
from convdsl.engine.plain.steps.registry import STEPS

__all__ = ["STEPS", "losses", "moving", "normalising", "pointwise", "pooling", "weighted"]
