"""Partial evaluation: a kernel with its sizes filled in, as the text of a Python function.

Kernels are ordinary functions. What comes before the `*` are arguments of the compiled code, annotated `F32`, `I32`, …,
`Address` or `Int`; what comes after it are constants, known when the plan is made. Constants are written into the text,
branches on them are decided, and arrays become views with constant sizes.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any


@dataclass(frozen=True)
class Layout:
    """Sizes of an array and its strides, in elements."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True)
class Micro:
    """A micro-kernel: the name of the function in `convdsl.engine.cpu.micro` that makes it, and its arguments."""

    make: str
    arguments: tuple[tuple[str, Any], ...]

    def __str__(self) -> str:
        return f"{self.make}({', '.join(f'{k}={v!r}' for k, v in self.arguments)})"


def micro(make: str, **arguments: Any) -> Micro:
    return Micro(make, tuple(arguments.items()))


_VIEWS = {"F32": "float32_view", "F64": "float64_view", "I32": "int32_view", "I64": "int64_view", "U8": "uint8_view"}
_SCALARS = ("Address", "Int")


def specialise(function: Callable[..., Any], layouts: Mapping[str, Layout], constants: Mapping[str, Any]) -> str:
    """The text of `function` with `constants` in place, preceded by the micro-kernels among them; its name is `run`."""
    return _specialised(function, tuple(layouts.items()), tuple(constants.items()))


@lru_cache(maxsize=4096)
def _specialised(
    function: Callable[..., Any],
    layout_items: tuple[tuple[str, Layout], ...],
    constant_items: tuple[tuple[str, Any], ...],
) -> str:
    layouts, constants = dict(layout_items), dict(constant_items)
    definition = _definition(function)
    names = [a.arg for a in definition.args.args]
    lines = []
    for i, argument in enumerate(definition.args.args):
        kind = ast.unparse(argument.annotation) if argument.annotation else ""
        if kind in _SCALARS:
            lines.append(f"{argument.arg} = slot(row, {i})")
        else:
            layout = layouts[argument.arg]
            lines.append(f"{argument.arg} = {_VIEWS[kind]}(row, {i}, {layout.shape!r}, {layout.strides!r})")
    wanted = {a.arg for a in definition.args.kwonlyargs}
    if wanted != set(constants) or set(layouts) - set(names):
        raise TypeError(f"{function.__name__} takes the constants {sorted(wanted)}, not {sorted(constants)}")
    micros = {name: value for name, value in constants.items() if isinstance(value, Micro)}
    values = {name: value for name, value in constants.items() if name not in micros}
    body = [_Fold(values).visit(statement) for statement in _statements(definition)]
    body = [s for part in body for s in (part if isinstance(part, list) else [part])] or [ast.Pass()]
    head = "".join(f"{name} = {value}\n" for name, value in micros.items())
    code = "\n".join([*lines, *(ast.unparse(ast.fix_missing_locations(s)) for s in body)])
    return f"{head}\n\n@kernel\ndef run(row):\n{textwrap.indent(code, '    ')}\n"


@cache
def _source(function: Callable[..., Any]) -> str:
    return textwrap.dedent(inspect.getsource(function))


def _definition(function: Callable[..., Any]) -> ast.FunctionDef:
    definition = ast.parse(_source(function)).body[0]
    assert isinstance(definition, ast.FunctionDef)
    return definition


def _statements(definition: ast.FunctionDef) -> list[ast.stmt]:
    body = definition.body
    has_docstring = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    return body[1:] if has_docstring else body


class _Fold(ast.NodeTransformer):
    """Replaces names by constants and computes what then is constant."""

    def __init__(self, constants: Mapping[str, Any]) -> None:
        self.constants = constants

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in self.constants:
            return _literal(self.constants[node.id])
        return node

    def visit_If(self, node: ast.If) -> Any:
        test = self.visit(node.test)
        known, value = _known(test)
        if not known:
            node.test = test
            node.body = _flat([self.visit(s) for s in node.body]) or [ast.Pass()]
            node.orelse = _flat([self.visit(s) for s in node.orelse])
            return node
        return _flat([self.visit(s) for s in (node.body if value else node.orelse)])

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        test = self.visit(node.test)
        known, value = _known(test)
        if not known:
            return ast.IfExp(test, self.visit(node.body), self.visit(node.orelse))
        return self.visit(node.body if value else node.orelse)

    def visit_For(self, node: ast.For) -> Any:
        node.iter = self.visit(node.iter)
        if _empty_range(node.iter):
            return []
        node.body = _flat([self.visit(s) for s in node.body]) or [ast.Pass()]
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        node = super().generic_visit(node)
        if isinstance(node, (ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.Subscript, ast.Call)):
            known, value = _known(node)
            if known:
                return _literal(value)
        return node


def _flat(parts: list[Any]) -> list[Any]:
    return [s for part in parts for s in (part if isinstance(part, list) else [part])]


def _empty_range(node: ast.expr) -> bool:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range"):
        return False
    bounds = [_known(a) for a in node.args]
    return all(known for known, _ in bounds) and not range(*(value for _, value in bounds))


def _literal(value: Any) -> ast.expr:
    return ast.parse(repr(value), mode="eval").body


_FUNCTIONS: dict[str, Any] = {"len": len, "min": min, "max": max}


def _known(node: ast.AST) -> tuple[bool, Any]:
    """Whether an expression holds nothing but constants, and its value then."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and part.id not in _FUNCTIONS:
            return False, None
        if isinstance(part, (ast.Attribute, ast.Starred, ast.Slice)) or (
            isinstance(part, (ast.Subscript, ast.Name)) and not isinstance(part.ctx, ast.Load)
        ):
            return False, None
    if isinstance(node, ast.Name):
        return False, None
    expression = ast.fix_missing_locations(ast.Expression(node))  # type: ignore[arg-type]
    return True, eval(compile(expression, "<constant>", "eval"), {"__builtins__": {}}, _FUNCTIONS)
