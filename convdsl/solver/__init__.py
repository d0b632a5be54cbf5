"""Values for holes and symbols: all of them, or the condition that describes them, or why there are none."""

from convdsl.solver.answer import Answer, solve
from convdsl.solver.conditions import Clause, Condition

__all__ = ["Answer", "Clause", "Condition", "solve"]
