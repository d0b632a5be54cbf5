"""What stands on the blackboard: a formula in letters, with numbers, and the arithmetic one step at a time."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

from convdsl import algebra
from convdsl.algebra.blackboard import Call, Letter, Product, Sum, apply, plain, value_of


class OnBoard(NamedTuple):
    """A formula as it stands on the board. `kind` is `sum`, `minus`, `product`, `over`, `floor`, `ceil`, `max`, `min`
    or `gcd`; parts are `OnBoard`, `Letter`s, numbers and sympy formulas."""

    kind: str
    parts: tuple[Any, ...]


def shown(formula: Any) -> Any:
    """A formula as it is shown, with its letters."""
    match formula:
        case Sum():
            parts = [_signed(factor, shown(term)) for factor, term in formula.terms]
            parts.sort(key=lambda p: isinstance(p, OnBoard) and p.kind == "minus")
            if formula.constant != 0:
                constant = formula.constant
                parts.append(OnBoard("minus", (-constant,)) if constant < 0 else constant)
            return OnBoard("sum", tuple(parts)) if len(parts) > 1 else parts[0]
        case Product():
            return OnBoard("product", tuple(shown(f) for f in formula.factors))
        case Call():
            return OnBoard(formula.kind, tuple(shown(p) for p in formula.parts))
    return formula


def _signed(factor: Any, term: Any) -> Any:
    size = abs(factor)
    inside = term.parts if isinstance(term, OnBoard) and term.kind == "product" else (term,)
    written = OnBoard("product", (size, *inside)) if size != 1 else term
    return OnBoard("minus", (written,)) if factor < 0 else written


def substituted(board: Any) -> Any:
    """What is shown, with values in the place of the letters."""
    if isinstance(board, Letter):
        return board.value
    return OnBoard(board.kind, tuple(map(substituted, board.parts))) if isinstance(board, OnBoard) else board


def evaluated(board: Any) -> Any:
    """The value of what is shown."""
    if isinstance(board, Letter):
        return board.value
    if not isinstance(board, OnBoard):
        return board
    values = [evaluated(p) for p in board.parts]
    match board.kind:
        case "minus":
            return -values[0]
        case "sum":
            return plain(sum(values))
        case "product":
            product: Any = 1
            for value in values:
                product = product * value
            return plain(product)
    return apply(board.kind, values)


def reduced(board: Any) -> Any:
    """One step of the arithmetic: what holds nothing but numbers is worked out."""
    if not isinstance(board, OnBoard):
        return board
    if board.kind in ("floor", "ceil", "over"):
        top, *bottom = board.parts
        if any(isinstance(part, OnBoard) for part in board.parts):
            return OnBoard(board.kind, tuple(map(_worked_out, board.parts)))
        if bottom and algebra.is_number(top) and algebra.is_number(bottom[0]):
            quotient = plain(Fraction(top) / bottom[0])
            return quotient if isinstance(quotient, int) or board.kind == "over" else OnBoard(board.kind, (quotient,))
    if all(_is_plain(p) for p in board.parts):
        return evaluated(board)
    return OnBoard(board.kind, tuple(map(reduced, board.parts)))


def _is_plain(part: Any) -> bool:
    """A number, or in a sum a number that is taken away."""
    return (
        algebra.is_number(part) if not isinstance(part, OnBoard) else part.kind == "minus" and _is_plain(part.parts[0])
    )


def _worked_out(part: Any) -> Any:
    """A sum of numbers and of products of numbers at once; anything deeper by one step."""
    if not isinstance(part, OnBoard):
        return part
    flat = all(
        _is_plain(q) or (isinstance(q, OnBoard) and all(map(_is_plain, q.parts))) or _is_minus_product(q)
        for q in part.parts
    )
    return evaluated(part) if flat else reduced(part)


def _is_minus_product(part: Any) -> bool:
    if not isinstance(part, OnBoard) or part.kind != "minus" or not isinstance(part.parts[0], OnBoard):
        return False
    return all(map(_is_plain, part.parts[0].parts))


def steps(formula: Any) -> tuple[Any, ...]:
    """The board from the formula to its value: letters, numbers, the arithmetic, the result. Where symbols are left the
    arithmetic is left out."""
    board = shown(formula)
    found = [board, substituted(board)] if letters(board) else [board]
    while isinstance(found[-1], OnBoard) and all(map(algebra.is_number, _leaves(found[-1]))):
        step = reduced(found[-1])
        if step != found[-1]:
            found.append(step)
    if isinstance(found[-1], OnBoard):
        found.append(value_of(formula))
    return tuple(found)


def _leaves(board: Any) -> list[Any]:
    return [leaf for p in board.parts for leaf in _leaves(p)] if isinstance(board, OnBoard) else [board]


def letters(board: Any) -> tuple[Letter, ...]:
    """The letters in what is shown, each once, in the order of their appearance."""
    found: dict[str, Letter] = {}
    for leaf in _leaves(board):
        if isinstance(leaf, Letter):
            found.setdefault(leaf.name, leaf)
    return tuple(found.values())
