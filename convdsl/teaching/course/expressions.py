"""The expressions of a course's files: `(N + 2*P - F) % S == 0`, `net.params`, `maxpool(A, 2)`.

They look like Python and are a small part of it: numbers, names, arithmetic, comparisons, a few functions. Nothing else
can be reached, and whole numbers stay exact: `/` gives a fraction where it does not divide.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

from convdsl.layers import SizeError
from convdsl.messages import T
from convdsl.teaching.course.functions import FUNCTIONS
from convdsl.teaching.worked.exact import whole
from convdsl.teaching.worked.matrix import MatrixError

LARGEST = 10**30
_LONGEST = 2000


class ExpressionError(Exception):
    """An expression that cannot be read or has no value; `message` says why."""

    def __init__(self, message: T) -> None:
        self.message = message
        super().__init__(str(message))


class WithParts:
    """A value with named parts (`net.params`). A subclass lists in `parts` what may be asked for."""

    parts: frozenset[str] = frozenset()


def evaluate(expression: str, names: Mapping[str, Any]) -> Any:
    """The value of an expression. Raises ExpressionError."""
    try:
        return _value(_parsed(expression), names)
    except ExpressionError:
        raise
    except ZeroDivisionError:
        raise ExpressionError(T("`{expression}` divides by zero.", expression=expression)) from None
    except (MatrixError, SizeError) as error:
        raise ExpressionError(
            T("`{expression}` has no value: {reason}.", expression=expression, reason=error.message)
        ) from None
    except (TypeError, ValueError, KeyError, IndexError, OverflowError, RecursionError) as error:
        raise ExpressionError(
            T("`{expression}` has no value: {reason}.", expression=expression, reason=error)
        ) from None


@lru_cache(maxsize=4096)
def _parsed(expression: str) -> ast.expr:
    if len(expression) > _LONGEST:
        raise ExpressionError(T("This expression is too long."))
    try:
        return ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionError(T("`{expression}` is no expression.", expression=expression)) from None


def names_in(expression: str) -> frozenset[str]:
    """The names that an expression speaks of, functions left out. Raises ExpressionError."""
    return frozenset(n.id for n in ast.walk(_parsed(expression)) if isinstance(n, ast.Name)) - FUNCTIONS.keys()


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    rule = _RULES.get(type(node))
    if rule is None:
        raise ExpressionError(T("`{part}` cannot stand in an expression here.", part=ast.unparse(node)))
    return rule(node, names)


def _constant(node: ast.Constant, names: Mapping[str, Any]) -> Any:
    if isinstance(node.value, float):
        return whole(Fraction(str(node.value)))
    if isinstance(node.value, int | str):
        return node.value
    raise ExpressionError(T("`{part}` cannot stand in an expression here.", part=ast.unparse(node)))


def _name(node: ast.Name, names: Mapping[str, Any]) -> Any:
    try:
        return names[node.id]
    except KeyError:
        known = ", ".join(sorted(k for k in names if k not in FUNCTIONS))
        raise ExpressionError(T("There is no `{name}` here; there is {known}.", name=node.id, known=known)) from None


def _binary(node: ast.BinOp, names: Mapping[str, Any]) -> Any:
    left, right = _value(node.left, names), _value(node.right, names)
    apply = _OPERATORS.get(type(node.op))
    if apply is None or not all(isinstance(v, int | Fraction) for v in (left, right)):
        raise ExpressionError(T("`{part}` is no arithmetic with numbers.", part=ast.unparse(node)))
    return _bounded(apply(left, right))


def _power(base: Any, exponent: Any) -> Any:
    if not isinstance(exponent, int) or not 0 <= exponent <= 12:
        raise ValueError(f"the exponent {exponent} is not between 0 and 12")
    return base**exponent


def _bounded(value: Any) -> Any:
    if abs(value) > LARGEST:
        raise ExpressionError(T("This value is too large."))
    return whole(value) if isinstance(value, Fraction) else value


def _unary(node: ast.UnaryOp, names: Mapping[str, Any]) -> Any:
    operand = _value(node.operand, names)
    return not operand if isinstance(node.op, ast.Not) else -operand if isinstance(node.op, ast.USub) else +operand


def _compare(node: ast.Compare, names: Mapping[str, Any]) -> bool:
    left = _value(node.left, names)
    for compared, right_node in zip(node.ops, node.comparators, strict=True):
        right = _value(right_node, names)
        if not _COMPARISONS[type(compared)](left, right):
            return False
        left = right
    return True


def _logic(node: ast.BoolOp, names: Mapping[str, Any]) -> bool:
    values = (bool(_value(v, names)) for v in node.values)
    return all(values) if isinstance(node.op, ast.And) else any(values)


def _choice(node: ast.IfExp, names: Mapping[str, Any]) -> Any:
    return _value(node.body if _value(node.test, names) else node.orelse, names)


def _call(node: ast.Call, names: Mapping[str, Any]) -> Any:
    arguments = [_value(a, names) for a in node.args]
    options = {str(k.arg): _value(k.value, names) for k in node.keywords}
    if isinstance(node.func, ast.Name):
        function = FUNCTIONS.get(node.func.id)
        if function is None:
            raise ExpressionError(
                T(
                    "There is no function `{name}`; there is {known}.",
                    name=node.func.id,
                    known=", ".join(sorted(FUNCTIONS)),
                )
            )
        return function(*arguments, **options)
    if isinstance(node.func, ast.Attribute):
        return _part(node.func, names)(*arguments, **options)
    raise ExpressionError(T("`{part}` cannot stand in an expression here.", part=ast.unparse(node)))


def _part(node: ast.Attribute, names: Mapping[str, Any]) -> Any:
    record = _value(node.value, names)
    if not isinstance(record, WithParts) or node.attr not in record.parts:
        raise ExpressionError(T("`{part}` does not exist.", part=ast.unparse(node)))
    return getattr(record, node.attr)


def _item(node: ast.Subscript, names: Mapping[str, Any]) -> Any:
    sequence, index = _value(node.value, names), _value(node.slice, names)
    if not isinstance(sequence, tuple | str) or not isinstance(index, int):
        raise ExpressionError(T("`{part}` does not exist.", part=ast.unparse(node)))
    return sequence[index]


def _sequence(node: ast.Tuple | ast.List, names: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(_value(v, names) for v in node.elts)


def _divide(left: Any, right: Any) -> Any:
    return Fraction(left) / Fraction(right)


_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _divide,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_RULES: dict[type[ast.expr], Callable[[Any, Mapping[str, Any]], Any]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.BoolOp: _logic,
    ast.IfExp: _choice,
    ast.Call: _call,
    ast.Attribute: _part,
    ast.Subscript: _item,
    ast.Tuple: _sequence,
    ast.List: _sequence,
}
