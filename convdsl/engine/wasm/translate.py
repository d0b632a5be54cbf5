"""From a kernel's text, a restricted Python (see cpu/specialise.py), to the code of a WebAssembly function.

Numbers have the types that numba would give them: whole numbers (32 bits here, as addresses are), floats and doubles; what is
assigned once and known is written in its place. Arrays are addresses with constant strides.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any, Protocol

from convdsl.engine.partial import Fold, known, literal
from convdsl.engine.wasm import encoding as e

KINDS = {"i": e.I32, "l": e.I64, "f": e.F32, "d": e.F64}
"""A whole number, 64 bits, a float, a double."""
_ORDER = "ifd"
_VIEWS = {"float32_view": "f", "float64_view": "d", "int32_view": "i", "int64_view": "l", "uint8_view": "u"}
_FLAT = {"floats_at": "f", "doubles_at": "d", "integers_at": "i", "longs_at": "l", "bytes_at": "u"}
_SIZES = {"f": 4, "d": 8, "i": 4, "l": 8, "u": 1}
_TO = {"float32": "f", "f32": "f", "int32": "i", "i32": "i", "int": "i", "float64": "d", "int64": "i", "u64": "l"}
_TO |= {"uint64": "l", "float": "d"}
_NATIVE = {"sqrt": ("f", b"\x91"), "math.sqrt": ("d", b"\x9f"), "np.sqrt": ("d", b"\x9f")}
_HOST = {"math.log": "log", "math.pow": "pow"}

_CONVERT = {
    "if": b"\xb2", "id": b"\xb7", "il": b"\xac", "fd": b"\xbb", "df": b"\xb6", "fi": b"\xfc\x00", "di": b"\xfc\x02",
    "li": b"\xa7", "dl": b"\xfc\x07", "fl": b"\xfc\x05", "ld": b"\xba", "lf": b"\xb5",
}  # fmt: skip
_BINARY = {
    "i": {ast.Add: 0x6A, ast.Sub: 0x6B, ast.Mult: 0x6C, ast.BitAnd: 0x71, ast.BitOr: 0x72, ast.LShift: 0x74, ast.RShift: 0x75},
    "l": {ast.Add: 0x7C, ast.Sub: 0x7D, ast.Mult: 0x7E, ast.BitAnd: 0x83, ast.BitXor: 0x85, ast.LShift: 0x86, ast.RShift: 0x88},
    "f": {ast.Add: 0x92, ast.Sub: 0x93, ast.Mult: 0x94, ast.Div: 0x95},
    "d": {ast.Add: 0xA0, ast.Sub: 0xA1, ast.Mult: 0xA2, ast.Div: 0xA3},
}  # fmt: skip
_COMPARE = {
    "i": {ast.Eq: 0x46, ast.NotEq: 0x47, ast.Lt: 0x48, ast.Gt: 0x4A, ast.LtE: 0x4C, ast.GtE: 0x4E},
    "l": {ast.Eq: 0x51, ast.NotEq: 0x52, ast.Lt: 0x54, ast.Gt: 0x56, ast.LtE: 0x58, ast.GtE: 0x5A},
    "f": {ast.Eq: 0x5B, ast.NotEq: 0x5C, ast.Lt: 0x5D, ast.Gt: 0x5E, ast.LtE: 0x5F, ast.GtE: 0x60},
    "d": {ast.Eq: 0x61, ast.NotEq: 0x62, ast.Lt: 0x63, ast.Gt: 0x64, ast.LtE: 0x65, ast.GtE: 0x66},
}
_LOAD = {"f": b"\x2a\x02", "d": b"\x2b\x02", "i": b"\x28\x02", "u": b"\x2d\x00", "l": b"\x28\x02"}
_STORE = {"f": b"\x38\x02", "d": b"\x39\x02", "i": b"\x36\x02", "l": b"\x37\x02", "u": b"\x3a\x00"}


@dataclass(frozen=True)
class View:
    """An array: of what, and where; sizes and strides in elements, where it has more than one axis."""

    kind: str
    variable: int
    shape: tuple[int, ...] = ()
    strides: tuple[int, ...] = (1,)


class Surroundings(Protocol):
    """What functions call."""

    def function(self, name: str, given: str) -> tuple[int, str]:
        """The number of one with arguments of such types, and the types of its results."""

    def host(self, name: str) -> int:
        """The number of one of the host's."""

    def table(self, numbers: tuple[int, ...]) -> int:
        """The address of constant whole numbers."""

    def room(self, count: int) -> int:
        """That of so many floats, which a function has for itself while it runs."""

    def indirect(self) -> int:
        """The type of kernels, which are called by their place in a table."""


class Translator:
    """Writes one function. `arguments` are its parameters by name with their types; in a kernel that is its row."""

    def __init__(
        self,
        body: list[ast.stmt],
        arguments: dict[str, str],
        around: Surroundings,
        micros: dict[str, int],
        results: str = "",
    ) -> None:
        self.around, self.micros, self.results = around, micros, results
        self.body = _renamed(body)
        self.code = e.Code((tuple(KINDS[k] for k in arguments.values()), tuple(KINDS[k] for k in results)))
        self.variables = {name: (number, kind) for number, (name, kind) in enumerate(arguments.items())}
        self.views: dict[str, View] = {}
        self.shapes: dict[str, tuple[str, tuple[int, ...], tuple[int, ...]]] = {}
        self.tables: dict[str, tuple[int, ...]] = {}
        self.kinds: dict[str, str] = dict(arguments)
        self._learn()

    # types

    def _learn(self) -> None:
        """The arrays, then the types of all other names: those of everything that is assigned to them, joined."""
        pairs = [pair for node in _walk(self.body) for pair in _assignments(node)]
        self.shapes = {name: found for name, value in pairs if (found := _view(value)) is not None}
        sizes = _Sizes({name: shape for name, (_, shape, _) in self.shapes.items()})
        self.body = [s for statement in self.body for s in _listed(sizes.visit(statement))]
        assigned = [pair for node in _walk(self.body) for pair in _assignments(node) if _view(pair[1]) is None]
        counts: dict[str, int] = {}
        for name, _ in assigned:
            counts[name] = counts.get(name, 0) + 1
        constants = {}
        for name, value in assigned:
            is_known, what = known(value)
            if counts[name] == 1 and is_known and name not in self.variables:
                if isinstance(what, tuple):
                    self.tables[name] = what
                elif isinstance(what, int):
                    constants[name] = what
        self.constants = constants
        if constants:
            fold = Fold(constants)
            self.body = [s for statement in self.body for s in _listed(fold.visit(statement))]
        for _ in range(6):
            before = dict(self.kinds)
            for name, value in assigned:
                if name not in constants and name not in self.tables:
                    kind = self._kind(value)
                    self.kinds[name] = _joined(self.kinds.get(name, kind), kind)
            if before == self.kinds:
                return

    def _kind(self, node: ast.expr) -> str:
        """The type of an expression: i, l, f or d."""
        if isinstance(node, ast.Constant):
            return "i" if isinstance(node.value, int) else "d"
        if isinstance(node, ast.Name):
            if node.id in self.constants:
                return "i"
            return self.kinds.get(node.id, "i")
        if isinstance(node, ast.UnaryOp):
            return "i" if isinstance(node.op, ast.Not) else self._kind(node.operand)
        if isinstance(node, (ast.Compare, ast.BoolOp)):
            return "i"
        if isinstance(node, ast.IfExp):
            return _joined(self._kind(node.body), self._kind(node.orelse))
        if isinstance(node, ast.BinOp):
            return self._of_operator(node)
        if isinstance(node, ast.Subscript):
            if isinstance(node.value, ast.Call) and ast.unparse(node.value.func) not in _FLAT:
                assert isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int)
                return self._of_call(node.value)[node.slice.value]
            kind = self._array(node)
            return {"u": "i", "l": "i"}.get(kind, kind)
        if isinstance(node, ast.Call):
            return self._of_call(node)
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "np.nan":
            return "d"
        raise TypeError(ast.unparse(node))

    def _of_operator(self, node: ast.BinOp) -> str:
        left, right = self._kind(node.left), self._kind(node.right)
        if isinstance(node.op, ast.Pow):
            return "d"
        if isinstance(node.op, ast.Div) and {left, right} <= {"i"}:
            return "d"
        if {left, right} == {"i", "f"}:
            return "d"
        return _joined(left, right)

    def _of_call(self, node: ast.Call) -> str:
        name = ast.unparse(node.func)
        short = name.removeprefix("np.")
        if isinstance(node.func, ast.Attribute) and node.func.attr == "view":
            return _TO[ast.unparse(node.args[0])]
        if short in _TO and name != "np.int64":
            return _TO[short]
        if name == "np.int64":
            return "i"
        if name in _NATIVE:
            return _NATIVE[name][0]
        if name in _HOST:
            return "d"
        if name in ("min", "max", "abs"):
            kinds = [self._kind(a) for a in node.args]
            return kinds[0] if len(kinds) == 1 else _joined(kinds[0], kinds[1])
        if name in self.micros or name in ("slot", "stack", "len", "call", *_FLAT):
            return "i"
        return self.around.function(name, "".join(self._passed(a) for a in node.args))[1]

    def _passed(self, node: ast.expr) -> str:
        """The type that an argument has for a function: what lies in 64 bits is given whole."""
        return "l" if self._is_long(node) else self._kind(node)

    def _is_long(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Subscript) and self._array(node) == "l"

    def _array(self, node: ast.Subscript) -> str:
        if isinstance(node.value, ast.Name):
            if node.value.id in self.tables:
                return "i"
            return self.shapes[node.value.id][0]
        if isinstance(node.value, ast.Call):
            return _FLAT[ast.unparse(node.value.func)]
        if isinstance(node.value, ast.Tuple):
            return "i"
        raise TypeError(ast.unparse(node))

    def returned(self) -> str:
        """The types of what the function returns."""
        found: list[str] = []
        for node in _walk(self.body):
            if isinstance(node, ast.Return) and node.value is not None:
                values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
                kinds = [self._kind(v) for v in values]
                found = [_joined(a, b) for a, b in zip(found, kinds, strict=True)] if found else kinds
        return "".join(found)

    # statements

    def translated(self) -> e.Code:
        for statement in self.body:
            self._statement(statement)
        if self.results:
            self.code.put(b"\x00")
        return self.code

    def _variable(self, name: str) -> int:
        if name not in self.variables:
            kind = self.kinds[name]
            self.variables[name] = (self.code.local(KINDS[kind]), kind)
        return self.variables[name][0]

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Assign):
            (target,) = node.targets
            self._assign(target, node.value)
        elif isinstance(node, ast.AugAssign):
            self._assign(node.target, ast.BinOp(_loading(node.target), node.op, node.value))
        elif isinstance(node, ast.For):
            self._for(node)
        elif isinstance(node, ast.If):
            self._truth(node.test)
            self.code.put(b"\x04\x40")
            self._all(node.body)
            if node.orelse:
                self.code.put(b"\x05")
                self._all(node.orelse)
            self.code.put(b"\x0b")
        elif isinstance(node, ast.Return):
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value] if node.value else []
            for value, kind in zip(values, self.results, strict=True):
                self._push(value, kind)
            self.code.put(b"\x0f")
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            self._effect(node.value)
        elif not isinstance(node, (ast.Pass, ast.Expr)):
            raise TypeError(ast.unparse(node))

    def _all(self, body: list[ast.stmt]) -> None:
        for statement in body:
            self._statement(statement)

    def _effect(self, node: ast.Call) -> None:
        name = ast.unparse(node.func)
        if name in self.micros:
            for argument in node.args:
                self._push(argument, "i")
            self.code.put(b"\x10", e.unsigned(self.micros[name]))
        elif name == "call":
            self._push(node.args[1], "i")
            self._push(node.args[0], "i")
            self.code.put(b"\x11", e.unsigned(self.around.indirect()), b"\x00")
        else:
            for kind in self._call(node):
                self.code.put(b"\x1a" if kind else b"")

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Subscript):
            kind = self._array(target)
            self._address(target)
            self._push(value, {"u": "i"}.get(kind, kind))
            self.code.put(_STORE[kind], e.unsigned(0))
            return
        if isinstance(target, ast.Tuple):
            self._assign_several(target.elts, value)
            return
        assert isinstance(target, ast.Name)
        if target.id in self.constants or target.id in self.tables:
            return
        found = _view(value)
        if found is not None:
            kind, shape, strides = found
            assert isinstance(value, ast.Call)
            variable = self.views[target.id].variable if target.id in self.views else self.code.local(e.I32)
            self.views[target.id] = View(kind, variable, shape, strides)
            if ast.unparse(value.func) in _VIEWS:
                self._slot(value)
            else:
                self._push(value.args[0], "i")
            self.code.set(variable)
            return
        self._push(value, self.kinds[target.id])
        self.code.set(self._variable(target.id))

    def _assign_several(self, targets: list[ast.expr], value: ast.expr) -> None:
        if isinstance(value, ast.Tuple):
            for target, part in zip(targets, value.elts, strict=True):
                self._assign(target, part)
            return
        assert isinstance(value, ast.Call)
        kinds = self._call(value)
        for target, kind in reversed(list(zip(targets, kinds, strict=True))):
            assert isinstance(target, ast.Name)
            self._convert(kind, self.kinds[target.id])
            self.code.set(self._variable(target.id))

    def _for(self, node: ast.For) -> None:
        assert isinstance(node.target, ast.Name) and isinstance(node.iter, ast.Call)
        assert ast.unparse(node.iter.func) == "range", ast.unparse(node.iter)
        bounds = node.iter.args
        start, end = (ast.Constant(0), bounds[0]) if len(bounds) == 1 else (bounds[0], bounds[1])
        self.kinds.setdefault(node.target.id, "i")
        i = self._variable(node.target.id)
        counter, last = self.code.local(e.I32), 0
        self._push(start, "i")
        self.code.set(counter)
        if not known(end)[0]:
            last = self.code.local(e.I32)
            self._push(end, "i")
            self.code.set(last)
        self.code.put(b"\x02\x40\x03\x40")
        self.code.get(counter)
        if last:
            self.code.get(last)
        else:
            self._push(end, "i")
        self.code.put(b"\x4e\x0d\x01")
        self.code.get(counter)
        self.code.set(i)
        self._all(node.body)
        self.code.get(counter)
        self._push(bounds[2] if len(bounds) > 2 else ast.Constant(1), "i")
        self.code.put(b"\x6a")
        self.code.set(counter)
        self.code.put(b"\x0c\x00\x0b\x0b")

    # memory

    def _slot(self, node: ast.Call) -> None:
        """The number in a slot of the row of arguments."""
        self.code.get(0)
        slot = node.args[1]
        assert isinstance(slot, ast.Constant) and isinstance(slot.value, int)
        self.code.put(b"\x28\x02", e.unsigned(slot.value * 4))

    def _address(self, node: ast.Subscript) -> None:
        strides: tuple[int, ...]
        if isinstance(node.value, ast.Call):
            self._push(node.value.args[0], "i")
            kind, strides = _FLAT[ast.unparse(node.value.func)], (1,)
        else:
            assert isinstance(node.value, ast.Name)
            if node.value.id in self.tables:
                self.code.put(e.i32(self.around.table(self.tables[node.value.id])))
                kind, strides = "i", (1,)
            else:
                view = self.views[node.value.id]
                self.code.get(view.variable)
                kind, strides = view.kind, view.strides
        indices = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        assert len(indices) == len(strides), ast.unparse(node)
        for index, stride in zip(indices, strides, strict=True):
            step = stride * _SIZES[kind]
            constant, value = known(index)
            if constant or not step:
                if step and value:
                    self.code.put(e.i32(value * step), b"\x6a")
                continue
            self._push(index, "i")
            if step != 1:
                self.code.put(e.i32(step), b"\x6c")
            self.code.put(b"\x6a")

    # expressions

    def _truth(self, node: ast.expr) -> None:
        """1 or 0 for a condition."""
        kind = self._kind(node)
        self._push(node, kind)
        if kind != "i":
            self.code.put({"l": e.i64(0), "f": e.f32(0), "d": e.f64(0)}[kind], bytes([_COMPARE[kind][ast.NotEq]]))

    def _convert(self, kind: str, wanted: str) -> None:
        if kind != wanted:
            self.code.put(_CONVERT[kind + wanted])

    def _push(self, node: ast.expr, wanted: str) -> None:
        """The value of an expression, as such a number."""
        constant, value = known(node)
        if constant and isinstance(value, (int, float)):
            if wanted in "il":
                self.code.put((e.i32 if wanted == "i" else e.i64)(int(value)))
            else:
                self.code.put((e.f32 if wanted == "f" else e.f64)(float(value)))
            return
        if wanted == "l" and self._is_long(node):
            assert isinstance(node, ast.Subscript)
            self._address(node)
            self.code.put(b"\x29\x03\x00")
            return
        self._convert(self._value(node), wanted)

    def _value(self, node: ast.expr) -> str:
        """Computes an expression in its own type, which is returned."""
        if isinstance(node, ast.Constant):
            kind = self._kind(node)
            self._push(node, kind)
            return kind
        if isinstance(node, ast.Name):
            if node.id in self.constants:
                self.code.put(e.i32(self.constants[node.id]))
                return "i"
            self.code.get(self._variable(node.id))
            return self.kinds[node.id]
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "np.nan":
            self.code.put(e.f64(float("nan")))
            return "d"
        if isinstance(node, ast.Subscript):
            kind = self._array(node)
            self._address(node)
            self.code.put(_LOAD[kind], e.unsigned(0))
            return {"u": "i", "l": "i"}.get(kind, kind)
        if isinstance(node, ast.UnaryOp):
            return self._unary(node)
        if isinstance(node, ast.BinOp):
            return self._operator(node)
        if isinstance(node, ast.Compare):
            return self._compare(node)
        if isinstance(node, ast.BoolOp):
            return self._condition(node)
        if isinstance(node, ast.IfExp):
            kind = self._kind(node)
            self._truth(node.test)
            self.code.put(b"\x04", bytes([KINDS[kind]]))
            self._push(node.body, kind)
            self.code.put(b"\x05")
            self._push(node.orelse, kind)
            self.code.put(b"\x0b")
            return kind
        if isinstance(node, ast.Call):
            kinds = self._call(node)
            assert len(kinds) == 1, ast.unparse(node)
            return kinds
        raise TypeError(ast.unparse(node))

    def _unary(self, node: ast.UnaryOp) -> str:
        if isinstance(node.op, ast.Not):
            self._truth(node.operand)
            self.code.put(b"\x45")
            return "i"
        kind = self._kind(node.operand)
        assert isinstance(node.op, ast.USub), ast.unparse(node)
        if kind == "i":
            self.code.put(e.i32(0))
            self._push(node.operand, "i")
            self.code.put(b"\x6b")
        else:
            self._push(node.operand, kind)
            self.code.put({"f": b"\x8c", "d": b"\x9a"}[kind])
        return kind

    def _operator(self, node: ast.BinOp) -> str:
        kind = self._of_operator(node)
        if isinstance(node.op, ast.Pow):
            self._push(node.left, "d")
            self._push(node.right, "d")
            self.code.put(b"\x10", e.unsigned(self.around.host("pow")))
            return "d"
        self._push(node.left, kind)
        if isinstance(node.op, (ast.FloorDiv, ast.Mod)):
            assert kind == "i", ast.unparse(node)
            self._divide(node)
        else:
            self._push(node.right, kind)
            self.code.put(bytes([_BINARY[kind][type(node.op)]]))
        return kind

    def _divide(self, node: ast.BinOp) -> None:
        """Rounded down, as Python does; what is divided by is positive."""
        constant, by = known(node.right)
        if constant and by == 1:
            if isinstance(node.op, ast.Mod):
                self.code.put(e.i32(0), b"\x71")
            return
        x = self.code.local(e.I32)
        self.code.set(x)
        if isinstance(node.op, ast.FloorDiv):  # (x - (by - 1 where x < 0)) / by
            self.code.get(x)
            self.code.get(x)
            self.code.put(e.i32(31), b"\x75")
            self._push(node.right, "i")
            self.code.put(e.i32(1), b"\x6b\x71\x6b")
            self._push(node.right, "i")
            self.code.put(b"\x6d")
            return
        self.code.get(x)
        self._push(node.right, "i")
        self.code.put(b"\x6f\x22", e.unsigned(x))
        self._push(node.right, "i")
        self.code.get(x)
        self.code.put(e.i32(31), b"\x75\x71\x6a")

    def _compare(self, node: ast.Compare) -> str:
        left = node.left
        for number, (operator, right) in enumerate(zip(node.ops, node.comparators, strict=True)):
            kinds = (self._kind(left), self._kind(right))
            kind = "d" if set(kinds) == {"i", "f"} else _joined(*kinds)
            self._push(left, kind)
            self._push(right, kind)
            self.code.put(bytes([_COMPARE[kind][type(operator)]]))
            if number:
                self.code.put(b"\x71")
            left = right
        return "i"

    def _condition(self, node: ast.BoolOp) -> str:
        both = isinstance(node.op, ast.And)
        first, *others = node.values
        self._truth(first)
        for other in others:
            self.code.put(b"\x04\x7f")
            if both:
                self._truth(other)
                self.code.put(b"\x05", e.i32(0), b"\x0b")
            else:
                self.code.put(e.i32(1), b"\x05")
                self._truth(other)
                self.code.put(b"\x0b")
        return "i"

    def _call(self, node: ast.Call) -> str:
        name = ast.unparse(node.func)
        short = name.removeprefix("np.")
        if isinstance(node.func, ast.Attribute) and node.func.attr == "view":
            kind = _TO[ast.unparse(node.args[0])]
            self._push(node.func.value, {"i": "f", "f": "i"}[kind])
            self.code.put({"i": b"\xbc", "f": b"\xbe"}[kind])
            return kind
        if short in _TO:
            kind = _TO[short]
            self._push(node.args[0], kind)
            return kind
        if name == "slot":
            self._slot(node)
            return "i"
        if name == "stack":
            self.code.put(e.i32(self.around.room(known(node.args[0])[1])))
            return "i"
        if name in _NATIVE:
            kind, instruction = _NATIVE[name]
            self._push(node.args[0], kind)
            self.code.put(instruction)
            return kind
        if name in _HOST:
            for argument in node.args:
                self._push(argument, "d")
            self.code.put(b"\x10", e.unsigned(self.around.host(_HOST[name])))
            return "d"
        if name in ("min", "max", "abs"):
            return self._extreme(name, node)
        given = "".join(self._passed(a) for a in node.args)
        number, results = self.around.function(name, given)
        for argument, kind in zip(node.args, given, strict=True):
            self._push(argument, kind)
        self.code.put(b"\x10", e.unsigned(number))
        return results

    def _extreme(self, name: str, node: ast.Call) -> str:
        kind = self._of_call(node)
        for argument in node.args:
            self._push(argument, kind)
        if kind != "i":
            number = {"abs": 0x8B, "min": 0x96, "max": 0x97}[name] + (0x0E if kind == "d" else 0)
            self.code.put(bytes([number]))
            return kind
        a, b = self.code.local(e.I32), self.code.local(e.I32)
        if name == "abs":
            self.code.set(a)
            self.code.put(e.i32(0))
            self.code.get(a)
            self.code.put(b"\x6b")
            self.code.get(a)
            self.code.get(a)
            self.code.put(e.i32(0), b"\x48\x1b")
            return kind
        self.code.set(b)
        self.code.set(a)
        for variable in (a, b, a, b):
            self.code.get(variable)
        self.code.put(b"\x48" if name == "min" else b"\x4a", b"\x1b")
        return kind


class _Sizes(Fold):
    """With the sizes of arrays in place of `x.shape`."""

    def __init__(self, shapes: dict[str, tuple[int, ...]]) -> None:
        super().__init__({})
        self.shapes = shapes

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if node.attr == "shape" and isinstance(node.value, ast.Name):
            return literal(self.shapes[node.value.id])
        return self.generic_visit(node)


def _joined(first: str, second: str) -> str:
    if "l" in (first, second):
        return "l"
    return max(first, second, key=_ORDER.index)


def _view(node: ast.expr) -> tuple[str, tuple[int, ...], tuple[int, ...]] | None:
    """What kind of array a call makes, with sizes and strides."""
    name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    if name in _FLAT:
        return _FLAT[name], (), (1,)
    if name in _VIEWS:
        assert isinstance(node, ast.Call)
        return _VIEWS[name], known(node.args[2])[1], known(node.args[3])[1]
    return None


def _walk(body: list[ast.stmt]) -> Any:
    """All statements in the order of the text."""
    for statement in body:
        yield statement
        yield from _walk(getattr(statement, "body", []))
        yield from _walk(getattr(statement, "orelse", []))


def _assignments(node: ast.stmt) -> Any:
    """Pairs of a name and what is assigned to it."""
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        yield node.target.id, ast.BinOp(_loading(node.target), node.op, node.value)
    if isinstance(node, ast.For) and isinstance(node.target, ast.Name):
        yield node.target.id, ast.Name("range", ast.Load())
    if not isinstance(node, ast.Assign):
        return
    (target,) = node.targets
    if isinstance(target, ast.Name):
        yield target.id, node.value
    elif isinstance(target, ast.Tuple):
        names = [t.id for t in target.elts if isinstance(t, ast.Name)]
        for number, name in enumerate(names):
            if isinstance(node.value, ast.Tuple):
                yield name, node.value.elts[number]
            else:
                yield name, ast.Subscript(node.value, ast.Constant(number), ast.Load())


def _loading(node: ast.expr) -> ast.expr:
    return ast.parse(ast.unparse(node), mode="eval").body


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def _renamed(body: list[ast.stmt]) -> list[ast.stmt]:
    """An argument that is given another value becomes another name from there on: the type may be another."""
    slots: set[str] = set()
    names: dict[str, str] = {}
    for node in _walk(body):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "slot":
                slots.add(node.targets[0].id)
            elif node.targets[0].id in slots and isinstance(node.value, ast.Call):
                names[node.targets[0].id] = f"{node.targets[0].id}_2"
                node.targets[0].id = names[node.targets[0].id]
                continue
        for part in (
            [node] if not hasattr(node, "body") else [getattr(node, "iter", None) or getattr(node, "test", None)]
        ):
            for inner in ast.walk(part) if part is not None else ():
                if isinstance(inner, ast.Name) and inner.id in names and isinstance(inner.ctx, ast.Load):
                    inner.id = names[inner.id]
    return body
