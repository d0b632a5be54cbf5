"""From written expressions to values: numbers, or formulas where a symbol or a hole is left open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convdsl import algebra
from convdsl.diagnostics import Findings
from convdsl.language import tree
from convdsl.language.layout import LARGEST
from convdsl.messages import T
from convdsl.network.graph import Unknown
from convdsl.source import Span

REFUSED: Any = object()
"""The value of a name whose own value could not be used: who uses it is refused too, without another word."""


class Scope:
    """Names and their values: those of a block or of a `let`, and behind them those of what is around it."""

    __slots__ = ("around", "depth", "names")

    def __init__(self, names: dict[str, Any] | None = None, around: Scope | None = None) -> None:
        self.names = {} if names is None else names
        self.around = around
        self.depth: int = around.depth + 1 if around is not None else 0

    def get(self, name: str) -> Any:
        """The value of a name, or None where it has none."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.around
        return None


VALUES = T("Give symbols a value: with `let`, with `--set N=224` or with `--input`.")
"""The way out where formulas grow too long."""


class Refused(Exception):
    """A statement that cannot be used; the diagnostic has been added."""


class Values:
    """Evaluates expressions, and keeps the symbols and holes that it met."""

    def __init__(self, findings: Findings, known_holes: Mapping[str, int]) -> None:
        self.findings = findings
        self.known_holes = known_holes
        self.holes: dict[str, Unknown] = {}
        self.symbols: set[str] = set()
        self.mentioned: set[str] = set()
        self._hole_at: dict[Span, str] = {}
        self._taken: dict[str, int] = {}
        self._too_large = frozenset(d.span for d in findings.items if d.code == "E106")

    def of(self, expression: tree.Value, scope: Scope, context: str, minimum: int = 1) -> Any:
        """The value of an expression; `context` names a hole without a name (`k`, `conv`). Raises Refused."""
        match expression:
            case tree.Number():
                if self._too_large and expression.span in self._too_large:
                    raise Refused
                return expression.value
            case tree.Symbol():
                return self._symbol(expression, scope)
            case tree.Hole():
                return self._hole(expression, context, minimum)
            case tree.Sizes():
                return tuple(self.of(p, scope, context, minimum) for p in expression.parts)
            case tree.Negative():
                return -self.of(expression.operand, scope, context, minimum)
        left = self.of(expression.left, scope, context, minimum)
        right = self.of(expression.right, scope, context, minimum)
        return self._apply(expression, left, right)

    def _symbol(self, expression: tree.Symbol, scope: Scope) -> Any:
        self.mentioned.add(expression.name)
        value = scope.get(expression.name)
        if value is REFUSED:
            raise Refused
        if value is not None:
            return value
        self.symbols.add(expression.name)
        return algebra.symbol(expression.name)

    def _hole(self, hole: tree.Hole, context: str, minimum: int) -> Any:
        name = hole.name or self._hole_at.get(hole.span) or self._fresh(context)
        self._hole_at[hole.span] = name
        self._taken.setdefault(name, 1)
        if name in self.known_holes:
            return self.known_holes[name]
        if name not in self.holes:
            self.holes[name] = Unknown(name, algebra.symbol(name, minimum), hole.span, minimum)
        return self.holes[name].symbol

    def _fresh(self, context: str) -> str:
        """A name that no hole has: `k`, `k_2`, `k_3`."""
        name = context
        while name in self._taken:
            self._taken[context] += 1
            name = f"{context}_{self._taken[context]}"
        return name

    def _apply(self, expression: tree.Binary, left: Any, right: Any) -> Any:
        if expression.operator in ("/", "//", "%") and right == 0:
            self.findings.add("E308", expression.span, T("This divides by zero."))
            raise Refused
        try:
            value = algebra.bounded(_operate(expression.operator, left, right))
        except algebra.TooLong:
            self.findings.add("E310", expression.span, T("The formulas grow too long here."), help=VALUES)
            raise Refused from None
        if algebra.is_number(value) and not abs(value) <= LARGEST:
            self.findings.add(
                "E106",
                expression.span,
                T("This value is too large."),
                help=T("Numbers go up to {limit}.", limit="10^15"),
            )
            raise Refused
        return value


def _operate(operator: str, left: Any, right: Any) -> Any:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return algebra.exact_divide(left, right)
        case "//":
            return algebra.floor_divide(left, right)
    return left - right * algebra.floor_divide(left, right)
