"""What every activation computes, and how a gradient goes back through it: declared once, for all backends.

A formula is a Python expression. In `value`, v is what goes in; in `back`, d is the gradient behind the activation and v
again what goes in; in `back_told`, y is what came out (only for activations whose slope that tells). `a` is the slope that
the program gives. A backend offers abs, min, max, exp, expm1 (e^x − 1), tanh, sigmoid and
gaussian_part (the normal distribution below x); each is right to a few units in the last place over all of float32, tails and all.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache, lru_cache
from types import CodeType

from convdsl.engine.partial import Inline

SELU, SELU_LOW = "1.0507009873554805", "1.7580993408473766"
_HARD = "min(max(v * 0.16666666666666666 + 0.5, 0), 1)"


@dataclass(frozen=True)
class Formulas:
    value: str
    back: str
    back_told: str = ""


FORMULAS = {
    "relu": Formulas("0 if v < 0 else v", "d if v > 0 else 0", "d if y > 0 else 0"),
    "relu6": Formulas(
        "0 if v < 0 else (6 if v > 6 else v)", "d if v > 0 and v < 6 else 0", "d if y > 0 and y < 6 else 0"
    ),
    "leaky_relu": Formulas("v if v > 0 else a * v", "d if v > 0 else a * d", "d if y > 0 else a * d"),
    "elu": Formulas("v if v > 0 else a * expm1(v)", "d if v > 0 else d * (a * exp(v))", "d if y > 0 else d * (y + a)"),
    "selu": Formulas(
        f"{SELU} * v if v > 0 else {SELU_LOW} * expm1(v)",
        f"{SELU} * d if v > 0 else d * ({SELU_LOW} * exp(v))",
        f"{SELU} * d if y > 0 else d * (y + {SELU_LOW})",
    ),
    "sigmoid": Formulas("sigmoid(v)", "d * (sigmoid(v) * (1 - sigmoid(v)))", "d * y * (1 - y)"),
    "tanh": Formulas("tanh(v)", "d * (1 - tanh(v) * tanh(v))", "d * (1 - y * y)"),
    "hardsigmoid": Formulas(
        f"{_HARD} if v == v else v",
        "d * 0.16666666666666666 if v > -3 and v < 3 else 0",
        "d * 0.16666666666666666 if y > 0 and y < 1 else 0",
    ),
    "hardswish": Formulas(
        f"v * {_HARD}", "d * (v * 0.3333333333333333 + 0.5) if v > -3 and v < 3 else (d if v >= 3 else 0)"
    ),
    "gelu": Formulas("v * gaussian_part(v)", "d * (gaussian_part(v) + v * 0.3989422804014327 * exp(-0.5 * v * v))"),
    "silu": Formulas("v * sigmoid(v)", "d * (sigmoid(v) * (1 + v * (1 - sigmoid(v))))"),
}


@cache
def on_arrays(formula: str) -> CodeType:
    """A formula made ready to be evaluated on whole arrays, by words that take such, `where` among them."""
    tree = _OnArrays().visit(ast.parse(formula, mode="eval"))
    return compile(ast.fix_missing_locations(tree), formula, "eval")


class _OnArrays(ast.NodeTransformer):
    """`b if a else c` as where(a, b, c), and `a and b` as a & b."""

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        parts = [self.visit(part) for part in (node.test, node.body, node.orelse)]
        return ast.Call(ast.Name("where", ast.Load()), parts, [])

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        first, second = (self.visit(part) for part in node.values)
        return ast.BinOp(first, ast.BitAnd(), second)


@lru_cache(maxsize=256)
def value(name: str, slope: float) -> Inline:
    """f(v); what went in, if there is no activation."""
    return Inline(_single(FORMULAS[name].value if name else "v", slope), ("v",))


@lru_cache(maxsize=256)
def back(name: str, slope: float) -> Inline:
    """f(d, v): the gradient before the activation, from what went in."""
    return Inline(_single(FORMULAS[name].back, slope), ("d", "v"))


@lru_cache(maxsize=256)
def back_told(name: str, slope: float) -> Inline:
    """f(d, y): the same, from what came out; d itself, if there is no activation."""
    return Inline(_single(FORMULAS[name].back_told if name else "d", slope), ("d", "y"))


def _single(formula: str, slope: float) -> str:
    """All numbers in float32, and `a` among them."""
    return ast.unparse(_Single(slope).visit(ast.parse(formula, mode="eval")))


class _Single(ast.NodeTransformer):
    def __init__(self, slope: float) -> None:
        self.slope = slope

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._number(self.slope) if node.id == "a" else node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return self._number(node.value)  # type: ignore[arg-type]

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        return self._number(-node.operand.value) if isinstance(node.operand, ast.Constant) else node  # type: ignore

    @staticmethod
    def _number(number: float) -> ast.expr:
        return ast.parse(f"float32({number!r})", mode="eval").body
