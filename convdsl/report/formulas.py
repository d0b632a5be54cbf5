"""Formulas of the blackboard as text, LaTeX, and as a string that sympy reads."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from convdsl import algebra
from convdsl.algebra.blackboard import Letter
from convdsl.algebra.board import OnBoard
from convdsl.algebra.numbers import formula, grouped
from convdsl.messages import decimals, listed

_LOOSE = ("sum", "minus")
"""What needs parentheses inside a product."""


def as_text(board: Any) -> str:
    """`⌊(N + 2P − F)/S⌋ + 1`."""
    if isinstance(board, Letter):
        return board.name
    if isinstance(board, tuple) and not isinstance(board, OnBoard):
        return "×".join(map(as_text, board))
    if not isinstance(board, OnBoard):
        return _number(board)
    match board.kind:
        case "sum":
            return _sum(board, as_text, " − ")
        case "product":
            return _product(board)
        case "minus":
            return "−" + _inside(board.parts[0], as_text)
        case "over":
            return f"{_inside(board.parts[0], as_text)}/{_inside(board.parts[1], as_text, tight=True)}"
        case "floor" | "ceil":
            left, right = "⌊⌋" if board.kind == "floor" else "⌈⌉"
            if len(board.parts) == 1:
                return f"{left}{as_text(board.parts[0])}{right}"
            return f"{left}{_inside(board.parts[0], as_text)}/{_inside(board.parts[1], as_text, tight=True)}{right}"
    return f"{board.kind}({listed(map(as_text, board.parts))})"


def _number(value: Any) -> str:
    if isinstance(value, Fraction):
        return decimals(f"{float(value):.2f}".rstrip("0"))
    return grouped(value) if algebra.is_number(value) else formula(value)


def _product(board: OnBoard) -> str:
    """2P where a number stands before a letter, 2·3 otherwise."""
    first, *others = board.parts
    glue = "" if isinstance(first, int) and isinstance(others[0], Letter) else "·"
    return _inside(first, as_text) + glue + "·".join(_inside(p, as_text, tight=False) for p in others)


def _sum(board: OnBoard, write: Callable[[Any], str], minus: str) -> str:
    written = write(board.parts[0])
    for part in board.parts[1:]:
        if isinstance(part, OnBoard) and part.kind == "minus":
            inner = part.parts[0]
            written += minus + _inside(inner, write)
        elif not isinstance(part, OnBoard) and algebra.is_number(part) and part < 0:
            written += minus + write(-part)
        else:
            written += " + " + write(part)
    return written


def _is_loose(part: Any) -> bool:
    """Whether something needs parentheses inside a product, or behind a minus."""
    if isinstance(part, OnBoard):
        return part.kind in _LOOSE
    if isinstance(part, (Letter, str, tuple)):
        return False
    return part < 0 if algebra.is_number(part) else part.is_Add


def _inside(part: Any, write: Callable[[Any], str], tight: bool = False) -> str:
    """A part of a product or quotient, in parentheses where it needs them; `tight` ones stand below a line."""
    loose = _is_loose(part) or (tight and isinstance(part, OnBoard) and part.kind in ("product", "over"))
    return f"({write(part)})" if loose else write(part)


def as_latex(board: Any) -> str:
    """`\\left\\lfloor \\frac{N + 2P - F}{S} \\right\\rfloor + 1`."""
    if isinstance(board, Letter):
        name, _, index = board.name.replace("_", " ", 1).partition(" ")
        word = name if len(name) == 1 else rf"\mathit{{{name}}}"
        return f"{word}_{{{index}}}" if index else word
    if isinstance(board, tuple) and not isinstance(board, OnBoard):
        return r" \times ".join(map(as_latex, board))
    if not isinstance(board, OnBoard):
        return _latex_number(board)
    match board.kind:
        case "sum":
            return _sum(board, as_latex, " - ")
        case "product":
            first, *others = board.parts
            glue = " " if isinstance(first, int) and isinstance(others[0], Letter) else r" \cdot "
            return _inside(first, as_latex) + glue + r" \cdot ".join(_inside(p, as_latex) for p in others)
        case "minus":
            return "-" + _inside(board.parts[0], as_latex)
        case "over":
            return rf"\frac{{{as_latex(board.parts[0])}}}{{{as_latex(board.parts[1])}}}"
        case "floor" | "ceil":
            inner = as_latex(OnBoard("over", board.parts) if len(board.parts) == 2 else board.parts[0])
            return rf"\left\l{board.kind} {inner} \right\r{board.kind}"
    return rf"\{board.kind}({listed(map(as_latex, board.parts))})"


def _latex_number(value: Any) -> str:
    if isinstance(value, Fraction):
        return decimals(f"{float(value):.2f}".rstrip("0")).replace(",", "{,}")
    if algebra.is_number(value):
        return f"{value:,}".replace(",", r"\,")
    return algebra.latex(value)


def as_sympy(board: Any) -> str:
    """What sympy reads: `floor((32 + 2*0 - 5)/1) + 1`."""
    if isinstance(board, Letter):
        return board.name
    if not isinstance(board, OnBoard):
        return str(board) if isinstance(board, str) else algebra.text(board)
    parts = [f"({as_sympy(p)})" if isinstance(p, Fraction) or _is_loose(p) else as_sympy(p) for p in board.parts]
    match board.kind:
        case "sum":
            return _sum(board, as_sympy, " - ")
        case "product":
            return "*".join(parts)
        case "minus":
            return f"-{parts[0]}"
        case "over":
            return "/".join(_divided(parts, board))
        case "floor" | "ceil":
            name = "floor" if board.kind == "floor" else "ceiling"
            return f"{name}({'/'.join(_divided(parts, board))})"
    name = {"max": "Max", "min": "Min", "gcd": "gcd"}[board.kind]
    return f"{name}({', '.join(map(as_sympy, board.parts))})"


def _divided(parts: list[str], board: OnBoard) -> list[str]:
    """Numerator and denominator; what is divided by needs parentheses if it is a product."""
    return [
        p if n == 0 or not isinstance(board.parts[n], OnBoard) or p.startswith("(") else f"({p})"
        for n, p in enumerate(parts)
    ]
