"""Partial evaluation, which all backends with kernels share: constants are written into a kernel's syntax tree, and so is
what kernels repeat; what then is constant is computed, branches included."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from operator import add, floordiv, mod, mul, sub
from types import ModuleType
from typing import Any

from convdsl.engine import slots


@dataclass(frozen=True)
class Strided:
    """Sizes of an array and its strides, in elements."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True)
class Inline:
    """A formula that a kernel may call as if it were a function of `names`; it is written in the call's place."""

    text: str
    names: tuple[str, ...]

    def call(self, arguments: list[ast.expr]) -> ast.expr:
        tree = ast.parse(self.text, mode="eval").body
        return _Put(dict(zip(self.names, arguments, strict=True))).visit(tree)


class _Put(ast.NodeTransformer):
    """Puts arguments in the places of names, and statements in that of `body`."""

    def __init__(self, arguments: Mapping[str, ast.expr], body: list[ast.stmt] | None = None) -> None:
        self.arguments, self.body = arguments, body

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.arguments:
            return node
        argument = copied(self.arguments[node.id])
        argument.ctx = node.ctx
        return argument

    def visit_Expr(self, node: ast.Expr) -> Any:
        if self.body is not None and isinstance(node.value, ast.Name) and node.value.id == "body":
            return self.body
        return self.generic_visit(node)


def written_out(
    function: Callable[..., Any], arguments: list[ast.expr], body: list[ast.stmt] | None = None
) -> list[ast.stmt]:
    """The statements of a function with arguments in the places of its parameters, and others in that of `body`."""
    tree = definition(function)
    names = [a.arg for a in tree.args.args]
    if len(names) != len(arguments):
        raise TypeError(f"{function.__name__} takes {', '.join(names)}")
    put = _Put(dict(zip(names, arguments, strict=True)), body)
    return flat([put.visit(statement) for statement in statements(tree)])


def nested(names: list[ast.expr], sizes: list[ast.expr], body: list[ast.stmt]) -> list[ast.stmt]:
    """Loops in one another, the first name outermost, each from 0 to its size."""
    for name, size in zip(names[::-1], sizes[::-1], strict=True):
        counted = ast.Call(ast.Name("range", ast.Load()), [size], [])
        body = [ast.For(name, counted, body, [])]
    return body


def copied(node: Any) -> Any:
    """A syntax tree once more (`copy.deepcopy` takes ten times as long)."""
    if isinstance(node, list):
        return [copied(part) for part in node]
    if not isinstance(node, ast.AST):
        return node
    return type(node)(**{name: copied(getattr(node, name)) for name in node._fields if hasattr(node, name)})


@cache
def _source(function: Callable[..., Any]) -> str:
    return textwrap.dedent(inspect.getsource(function))


def definition(function: Callable[..., Any]) -> ast.FunctionDef:
    """The function's syntax tree, a fresh one for each call."""
    result = ast.parse(_source(function)).body[0]
    assert isinstance(result, ast.FunctionDef)
    return result


def statements(definition: ast.FunctionDef) -> list[ast.stmt]:
    """The body without its docstring."""
    body = definition.body
    has_docstring = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    return body[1:] if has_docstring else body


class Fold(ast.NodeTransformer):
    """Replaces names by constants, those of slots among them, writes formulas out where they are called, and computes what
    then is constant."""

    def __init__(self, constants: Mapping[str, Any]) -> None:
        self.constants = slots.NAMES | {name: c for name, c in constants.items() if not isinstance(c, Inline)}
        self.inlines = {name: c for name, c in constants.items() if isinstance(c, Inline)}

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in self.constants:
            return literal(self.constants[node.id])
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id in self.inlines:
            return self.inlines[node.func.id].call([self.visit(a) for a in node.args])
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> Any:
        test = self.visit(node.test)
        constant, value = known(test)
        if not constant:
            node.test = test
            node.body = flat([self.visit(s) for s in node.body]) or [ast.Pass()]
            node.orelse = flat([self.visit(s) for s in node.orelse])
            return node
        return flat([self.visit(s) for s in (node.body if value else node.orelse)])

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        test = self.visit(node.test)
        constant, value = known(test)
        if not constant:
            return ast.IfExp(test, self.visit(node.body), self.visit(node.orelse))
        return self.visit(node.body if value else node.orelse)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        """What is known decides, or falls away. (In kernels these stand in tests only.)"""
        decides = isinstance(node.op, ast.Or)
        unknown = []
        for value in map(self.visit, node.values):
            constant, truth = known(value)
            if constant and bool(truth) == decides:
                return literal(decides)
            if not constant:
                unknown.append(value)
        return ast.BoolOp(node.op, unknown) if len(unknown) > 1 else unknown[0] if unknown else literal(not decides)

    def visit_For(self, node: ast.For) -> Any:
        node.iter = self.visit(node.iter)
        if _empty_range(node.iter):
            return []
        node.body = flat([self.visit(s) for s in node.body]) or [ast.Pass()]
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        node = super().generic_visit(node)
        if isinstance(node, (ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.Subscript, ast.Call)):
            constant, value = known(node)
            if constant:
                return literal(value)
        return node


class WrittenOut(Fold):
    """Writes out, besides, what kernels repeat, where they call it: `repeated` are functions by name. What stands before the
    `in` or the `=` comes first among the arguments."""

    def __init__(self, constants: Mapping[str, Any], repeated: Mapping[str, Callable[..., Any]]) -> None:
        super().__init__(constants)
        self.repeated = repeated

    def visit_For(self, node: ast.For) -> Any:
        name, arguments = called(node.iter)
        if name == "every":
            return self._all(nested(_several(node.target), arguments, node.body))
        if name not in self.repeated:
            return super().visit_For(node)
        return self._all(written_out(self.repeated[name], [*_several(node.target), *arguments], node.body))

    def visit_Expr(self, node: ast.Expr) -> Any:
        name, arguments = called(node.value)
        if name not in self.repeated:
            return self.generic_visit(node)
        return self._all(written_out(self.repeated[name], arguments))

    def visit_Assign(self, node: ast.Assign) -> Any:
        name, arguments = called(node.value)
        if name not in self.repeated:
            return self.generic_visit(node)
        return self._all(written_out(self.repeated[name], [*_several(node.targets[0]), *arguments]))

    def _all(self, statements: list[ast.stmt]) -> list[Any]:
        return flat([self.visit(statement) for statement in statements])


def functions_of(*modules: ModuleType) -> dict[str, Callable[..., Any]]:
    """Those that stand in these files, by their names."""
    return {
        name: f
        for module in modules
        for name, f in vars(module).items()
        if getattr(f, "__module__", "") == module.__name__
    }


def called(node: ast.expr) -> tuple[str, list[ast.expr]]:
    """The name of what an expression calls, "" if it is no call of a name, and the arguments."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id, node.args
    return "", []


def _several(target: ast.expr) -> list[ast.expr]:
    return target.elts if isinstance(target, ast.Tuple) else [target]


def flat(parts: list[Any]) -> list[Any]:
    return [s for part in parts for s in (part if isinstance(part, list) else [part])]


def _empty_range(node: ast.expr) -> bool:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range"):
        return False
    bounds = [known(a) for a in node.args]
    return all(constant for constant, _ in bounds) and not range(*(value for _, value in bounds))


def literal(value: Any) -> ast.expr:
    return ast.parse(repr(value), mode="eval").body


_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: add,
    ast.Sub: sub,
    ast.Mult: mul,
    ast.FloorDiv: floordiv,
    ast.Mod: mod,
}
"""Of the commonest expressions, which need not go through Python's compiler."""

_FUNCTIONS: dict[str, Any] = {"len": len, "min": min, "max": max}


def known(node: ast.AST) -> tuple[bool, Any]:
    """Whether an expression holds nothing but constants, and its value then."""
    if isinstance(node, ast.Constant):
        return True, node.value
    if isinstance(node, ast.Name):
        return False, None
    if isinstance(node, ast.BinOp) and isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant):
        operator = _OPERATORS.get(type(node.op))
        if operator is not None:
            return True, operator(node.left.value, node.right.value)
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Tuple) and isinstance(node.slice, ast.Constant):
        return known(node.value.elts[node.slice.value])  # type: ignore[index]
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and part.id not in _FUNCTIONS:
            return False, None
        if isinstance(part, (ast.Attribute, ast.Starred)) or (
            isinstance(part, (ast.Subscript, ast.Name)) and not isinstance(part.ctx, ast.Load)
        ):
            return False, None
    expression = ast.fix_missing_locations(ast.Expression(node))  # type: ignore[arg-type]
    return True, eval(compile(expression, "<constant>", "eval"), {"__builtins__": {}}, _FUNCTIONS)
