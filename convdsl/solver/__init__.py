"""Values for holes and symbols: all of them, or the condition that describes them, or why there are none."""

from convdsl.solver.answer import solve
from convdsl.solver.conditions import Clause, Condition
from convdsl.solver.ways import Solutions

__all__ = ["Clause", "Condition", "Solutions", "solve"]
