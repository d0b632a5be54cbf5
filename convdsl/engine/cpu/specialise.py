"""Partial evaluation: a kernel with its sizes filled in, as the text of a Python function.

Kernels are ordinary functions. What comes before the `*` are arguments of the compiled code, annotated `F32`, `I32`, …,
`Address` or `Int`; what comes after it are constants, known when the plan is made. Constants are written into the text,
branches on them are decided, and arrays become views with constant sizes. What many kernels repeat stands in
`kernels/loops.py` and is written out where they call it.
"""

from __future__ import annotations

import ast
import hashlib
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from convdsl.engine import windows
from convdsl.engine.cpu.kernels import loops
from convdsl.engine.partial import Strided, WrittenOut, definition, flat, functions_of, statements


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


@dataclass(frozen=True)
class Kernel:
    """A kernel with its sizes: `function` with `layouts` for its arrays and `constants` in place."""

    function: Callable[..., Any]
    layouts: tuple[tuple[str, Strided], ...]
    constants: tuple[tuple[str, Any], ...]

    @property
    def key(self) -> str:
        """A hash of all that its text depends on."""
        return _key(self)

    @property
    def name(self) -> str:
        return f"{self.function.__name__}_{self.key}"

    @property
    def text(self) -> str:
        """A Python function of the kernel's name, preceded by the micro-kernels among the constants."""
        return _text(self)


@cache
def _key(kernel: Kernel) -> str:
    whole = (_file(kernel.function.__code__.co_filename), kernel.function.__name__, kernel.layouts, kernel.constants)
    return hashlib.sha256(repr(whole).encode()).hexdigest()[:20]


@cache
def _file(name: str) -> bytes:
    return hashlib.sha256(Path(name).read_bytes()).digest()


def _text(kernel: Kernel) -> str:
    function = kernel.function
    layouts, constants = dict(kernel.layouts), dict(kernel.constants)
    tree = definition(function)
    names = [a.arg for a in tree.args.args]
    lines = []
    for i, argument in enumerate(tree.args.args):
        kind = ast.unparse(argument.annotation) if argument.annotation else ""
        if kind in _SCALARS:
            lines.append(f"{argument.arg} = slot(row, {i})")
        else:
            layout = layouts[argument.arg]
            lines.append(f"{argument.arg} = {_VIEWS[kind]}(row, {i}, {layout.shape!r}, {layout.strides!r})")
    wanted = {a.arg for a in tree.args.kwonlyargs}
    if wanted != set(constants) or set(layouts) - set(names):
        raise TypeError(f"{function.__name__} takes the constants {sorted(wanted)}, not {sorted(constants)}")
    micros = {name: value for name, value in constants.items() if isinstance(value, Micro)}
    values = {name: value for name, value in constants.items() if name not in micros}
    body = [WrittenOut(values, _REPEATED).visit(statement) for statement in statements(tree)]
    body = flat(body) or [ast.Pass()]
    head = "".join(f"{name} = {value}\n" for name, value in micros.items())
    code = "\n".join([*lines, *(ast.unparse(ast.fix_missing_locations(s)) for s in body)])
    return f"{head}\n\n@kernel\ndef {kernel.name}(row):\n{textwrap.indent(code, '    ')}\n"


_REPEATED = functions_of(loops, windows)
