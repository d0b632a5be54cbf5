"""From a kernel, an ordinary Python function, to the text that is compiled for a GPU.

What stands before the `*` of a kernel are its arguments: views of memory, annotated `F32`, `I32`, …, which arrive as
addresses, and whole numbers, annotated `Int`. What stands behind it are constants, known when the plan is made. Besides
what `Fold` does, the translation

- turns `x[n, i, j]` into a load or store at a constant combination of the indices, without the checks and the negative
  indices of Python's arrays;
- repeats the bodies of loops over `unrolled(n)` and makes a variable of each number in `registers(n)`, so that the
  compiler sees what can be kept in registers; `zeros(n)` is a tuple;
- writes `place(t, sizes)` and `mapped(n, sizes, strides)` out: the digits of a number, and their combination; and
  `add_up(t, least, sums, …)`, by which the 256 threads of a block add shared arrays up as trees, always alike;
- writes out what stands in `kernels/loops.py`, which many kernels repeat;
- makes `a if c else b` and `c and d` computations without a branch, unless they read memory;
- makes divisions those of unsigned 32-bit numbers, which are several times cheaper; nothing here is negative.
"""

from __future__ import annotations

import ast
import copy
import textwrap
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from convdsl.engine import windows
from convdsl.engine.cuda.kernels import loops
from convdsl.engine.partial import (
    Fold,
    Strided,
    WrittenOut,
    called,
    copied,
    definition,
    flat,
    functions_of,
    known,
    statements,
)

_VECTORS = {"load4": "get4", "load4_if": "get4_if", "load_if": "get_if", "store4": "put4", "store4_if": "put4_if"} | {
    "load_some": "get_some",
    "store_some": "put_some",
}
VIEWS = {"F32": "f32", "F64": "f64", "I32": "i32", "I64": "i64", "U8": "u8"}


_REPEATED = functions_of(loops, windows)


def translate(function: Callable[..., Any], layouts: Mapping[str, Strided], constants: Mapping[str, Any]) -> str:
    """The text of `function`, the last one in it, under its name. Raises TypeError where constants are missing or too many."""
    return _translated(function, tuple(layouts.items()), tuple(constants.items()))


@lru_cache(maxsize=4096)
def _translated(
    function: Callable[..., Any],
    layout_items: tuple[tuple[str, Strided], ...],
    constant_items: tuple[tuple[str, Any], ...],
) -> str:
    layouts, constants = dict(layout_items), dict(constant_items)
    tree = definition(function)
    wanted = {a.arg for a in tree.args.kwonlyargs}
    if wanted != set(constants):
        raise TypeError(f"{function.__name__} takes the constants {sorted(wanted)}, not {sorted(constants)}")
    views = {}
    for argument in tree.args.args:
        kind = ast.unparse(argument.annotation) if argument.annotation else ""
        if kind in VIEWS:
            views[argument.arg] = (VIEWS[kind], layouts[argument.arg].strides)
    device = _Device(constants, views)
    body = flat([device.visit(s) for s in statements(tree)]) or [ast.Pass()]
    code = "\n".join(ast.unparse(ast.fix_missing_locations(s)) for s in body)
    names = ", ".join(a.arg for a in tree.args.args)
    helpers = "".join(device.helpers.values())
    return f"{helpers}def {function.__name__}({names}):\n{textwrap.indent(code, '    ')}\n"


def arguments_of(function: Callable[..., Any]) -> list[str]:
    return [a.arg for a in definition(function).args.args]


class _Device(WrittenOut):
    def __init__(self, constants: Mapping[str, Any], views: Mapping[str, tuple[str, tuple[int, ...]]]) -> None:
        super().__init__(constants, _REPEATED)
        self.views = views
        self.registers: dict[str, int] = {}
        self.shared: set[str] = set()
        self.helpers: dict[str, str] = {}

    def _inside(self, name: str, value: Any) -> _Device:
        """The same with one more constant."""
        other = copy.copy(self)
        other.constants = {**self.constants, name: value}
        return other

    # loops and assignments

    def visit_For(self, node: ast.For) -> Any:
        name, arguments = called(node.iter)
        if name != "unrolled":
            return super().visit_For(node)
        assert isinstance(node.target, ast.Name)
        constant, count = known(self.visit(arguments[0]))
        assert constant, ast.unparse(node)
        result: list[Any] = []
        for value in range(count):
            inside = self._inside(node.target.id, value)
            result += flat([inside.visit(copied(s)) for s in node.body])
        return result

    def visit_Assign(self, node: ast.Assign) -> Any:
        (target,) = node.targets
        call = node.value
        name, _ = called(call)
        if name in self.repeated:
            return super().visit_Assign(node)
        if name == "registers":
            assert isinstance(target, ast.Name) and isinstance(call, ast.Call)
            constant, count = known(self.visit(call.args[0]))
            assert constant, ast.unparse(node)
            self.registers[target.id] = count
            start = ast.unparse(call.args[1]) if len(call.args) > 1 else "float32(0)"
            return [_parsed(f"{target.id}_{n} = {start}") for n in range(count)]
        if name == "place":
            assert isinstance(target, ast.Tuple) and isinstance(call, ast.Call)
            return self._place([t.id for t in target.elts if isinstance(t, ast.Name)], call)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "cuda.shared.array":
            assert isinstance(target, ast.Name)
            self.shared.add(target.id)
        value = self.visit(node.value)
        if isinstance(target, ast.Subscript):
            return self._store(target, value)
        return ast.Assign([target], value)

    def visit_Expr(self, node: ast.Expr) -> Any:
        name, arguments = called(node.value)
        if name != "add_up":
            return super().visit_Expr(node)
        thread, least, *arrays = map(ast.unparse, arguments)
        sums = "".join(f"\n        {a}[{thread}] = {a}[{thread}] + {a}[{thread} + half]" for a in arrays)
        tree = f"""
cuda.syncthreads()
half = 128
while half >= {least}:
    if {thread} < half:{sums}
    cuda.syncthreads()
    half = half // 2
"""
        return flat([self.visit(s) for s in ast.parse(tree).body])

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        target = copied(node.target)
        target.ctx = ast.Load()
        both = ast.BinOp(target, node.op, node.value)
        return self.visit(ast.copy_location(ast.Assign([node.target], both), node))

    def _place(self, names: list[str], call: ast.Call) -> list[ast.stmt]:
        """`n, p, i = place(t, sizes)`: the digits of t, the last first; the first one takes what is left."""
        number = ast.unparse(self.visit(call.args[0]))
        _, sizes = known(self.visit(call.args[1]))
        result = []
        for name, size in list(zip(names[1:], sizes, strict=True))[::-1]:
            if size == 1:
                result.append(_parsed(f"{name} = 0"))
                continue
            result.append(_parsed(f"{name} = rest({number}, {size})"))
            result.append(_parsed(f"{names[0]} = divided({number}, {size})"))
            number = names[0]
        return result if number == names[0] else [_parsed(f"{names[0]} = {number}"), *result]

    # memory

    def _offset(self, name: str, index: ast.expr) -> ast.expr:
        strides = self.views[name][1]
        indices = index.elts if isinstance(index, ast.Tuple) else [index]
        assert len(indices) == len(strides), f"{name}[{ast.unparse(index)}] has strides {strides}"
        parts = [f"({ast.unparse(i)}) * {s}" for i, s in zip(indices, strides, strict=True) if s]
        return Fold({}).visit(ast.parse(_short(parts), mode="eval").body)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if isinstance(node.value, ast.Name) and isinstance(node.ctx, ast.Load):
            name, index = node.value.id, self.visit(node.slice)
            if name in self.views:
                return _call(f"get_{self.views[name][0]}", ast.Name(name, ast.Load()), self._offset(name, index))
            if name in self.shared:
                return _call("shared_get", ast.Name(name, ast.Load()), index)
            if name in self.registers:
                return ast.Name(self._register(name, index), ast.Load())
        return self.generic_visit(node)

    def _register(self, name: str, index: ast.AST) -> str:
        constant, number = known(index)
        assert constant and 0 <= number < self.registers[name], f"{name}[{ast.unparse(index)}]"
        return f"{name}_{number}"

    def _store(self, target: ast.Subscript, value: ast.expr) -> Any:
        assert isinstance(target.value, ast.Name)
        name, index = target.value.id, self.visit(target.slice)
        if name in self.views:
            return ast.Expr(
                _call(f"put_{self.views[name][0]}", ast.Name(name, ast.Load()), self._offset(name, index), value)
            )
        if name in self.shared:
            return ast.Expr(_call("shared_put", ast.Name(name, ast.Load()), index, value))
        return ast.Assign([ast.Name(self._register(name, index), ast.Store())], value)

    # expressions

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if not isinstance(node.func, ast.Name):
            return self.generic_visit(node)
        name = node.func.id
        if name.endswith("4") and name[:-1] in self.inlines:
            inline = self.inlines[name[:-1]]
            each = ", ".join(ast.unparse(inline.call([ast.parse(f"four[{n}]", mode="eval").body])) for n in range(4))
            self.helpers[name] = f"@device(four_floats)\ndef {name}(four):\n    return ({each})\n\n\n"
            return self.generic_visit(node)
        if name == "zeros":
            constant, count = known(self.visit(node.args[0]))
            assert constant, ast.unparse(node)
            return _call(f"zeros_{count}")
        if name == "mapped":
            number = ast.unparse(self.visit(node.args[0]))
            sizes, strides = (known(self.visit(a))[1] for a in node.args[1:])
            return ast.parse(_mapped(number, sizes, strides), mode="eval").body
        if name == "place":
            raise TypeError("`place` stands alone, behind names to assign to")
        if name in _VECTORS:
            assert isinstance(node.args[0], ast.Name)
            kind = "shared_" if node.args[0].id in self.shared else ""
            return _call(kind + _VECTORS[name], node.args[0], *(self.visit(a) for a in node.args[1:]))
        return super().visit_Call(node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        result = super().visit_IfExp(node)
        if isinstance(result, ast.IfExp) and not _reads(result):
            return _call("choose", result.test, result.body, result.orelse)
        return result

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        result = self.generic_visit(node)
        if not isinstance(result, ast.BoolOp) or _reads(result):
            return result
        both: ast.expr = result.values[0]
        for value in result.values[1:]:
            both = ast.BinOp(both, ast.BitAnd() if isinstance(result.op, ast.And) else ast.BitOr(), value)
        return both

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        result = self.generic_visit(node)
        if isinstance(result, ast.BinOp) and isinstance(result.op, (ast.FloorDiv, ast.Mod)):
            constant, by = known(result.right)
            if constant and by == 1:
                return result.left if isinstance(result.op, ast.FloorDiv) else ast.Constant(0)
            return _call("divided" if isinstance(result.op, ast.FloorDiv) else "rest", result.left, result.right)
        return result


def _reads(node: ast.AST) -> bool:
    """Whether memory is read: then what need not be computed must not be."""
    names = (part.func.id for part in ast.walk(node) if isinstance(part, ast.Call) and isinstance(part.func, ast.Name))
    return any("get" in name for name in names)


def merged(*digits: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Digits as (size, stride, stride, …), outermost first, with neighbours joined that are one in all strides."""
    result: list[tuple[int, ...]] = []
    for size, *strides in digits:
        if size == 1 and result:
            continue
        if result and all(a == b * size for a, b in zip(result[-1][1:], strides, strict=True)):
            result[-1] = (result[-1][0] * size, *strides)
        else:
            result.append((size, *strides))
    return result


def _mapped(number: str, sizes: tuple[int, ...], strides: tuple[int, ...]) -> str:
    below, parts = 1, []
    for position in range(len(sizes) - 1, -1, -1):
        size, stride = sizes[position], strides[position]
        digit = number if below == 1 else f"divided({number}, {below})"
        if position:
            digit = f"rest({digit}, {size})"
        if stride:
            parts.append(f"({digit}) * {stride}")
        below *= size
    return _short(parts)


def _short(parts: list[str]) -> str:
    return " + ".join(p.removesuffix(" * 1") for p in parts if not p.startswith("(0) *")) or "0"


def _call(name: str, *arguments: Any) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


def _parsed(text: str) -> ast.stmt:
    return ast.parse(text).body[0]
