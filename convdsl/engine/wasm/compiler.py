"""Kernels, and what they call, as one WebAssembly module."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from convdsl.engine import bits, maths
from convdsl.engine.partial import Fold, definition, flat, statements
from convdsl.engine.wasm import driver
from convdsl.engine.wasm import encoding as e
from convdsl.engine.wasm.micro import makers
from convdsl.engine.wasm.translate import KINDS, Translator
from convdsl.engine.wasm.vector import Builder, Held

HOST = (("log", ((e.F64,), (e.F64,))), ("pow", ((e.F64, e.F64), (e.F64,))))
"""What WebAssembly has no instruction for, and every host has."""


class Compiler:
    """Collects functions in a module. `table` puts constant whole numbers into memory, `room` finds some for floats; both
    give addresses."""

    def __init__(self, table: Callable[[tuple[int, ...]], int], room: Callable[[int], int]) -> None:
        self.table, self.room = table, room
        self.module = e.Module(HOST)
        self._functions: dict[tuple[str, str], tuple[int, str]] = {}
        self._micros: dict[str, int] = {}

    def add(self, kernels: Sequence[Any]) -> list[int]:
        """The places of kernels in the module's table."""
        places: dict[Any, int] = {}
        for kernel in kernels:
            if kernel not in places:
                places[kernel] = len(self.module.table)
                self.module.table.append(self._kernel(kernel.text))
        return [places[kernel] for kernel in kernels]

    def finished(self) -> bytes:
        """The module, with `run`."""
        self.module.exports["run"] = self.function("run", "i" * 9)[0]
        return self.module.encoded

    def _kernel(self, text: str) -> int:
        *heads, function = ast.parse(text).body
        assert isinstance(function, ast.FunctionDef)
        micros = {}
        for head in heads:
            assert isinstance(head, ast.Assign) and isinstance(head.targets[0], ast.Name)
            micros[head.targets[0].id] = self._micro(ast.unparse(head.value))
        translator = Translator(function.body, {"row": "i"}, self, micros)
        number = self.module.declare(translator.code.signature)
        self.module.define(number, translator.translated())
        return number

    def _micro(self, made: str) -> int:
        if made not in self._micros:
            count, write = eval(made, dict(makers()))
            code = e.Code(((e.I32,) * count, ()))
            self._micros[made] = self.module.declare(code.signature)
            write(Builder(code, self.room), [Held(n, e.I32) for n in range(count)])
            self.module.define(self._micros[made], code)
        return self._micros[made]

    # what translated functions call

    def function(self, name: str, given: str) -> tuple[int, str]:
        key = (name, given)
        if key not in self._functions:
            tree = definition(_source(name))
            names = [a.arg for a in tree.args.args]
            fold = Fold(driver.NAMES)
            body = flat([fold.visit(s) for s in statements(tree)])
            arguments = dict(zip(names, given, strict=True))
            results = Translator(body, arguments, self, {}).returned()
            code = e.Code((tuple(KINDS[k] for k in given), tuple(KINDS[k] for k in results)))
            self._functions[key] = (self.module.declare(code.signature), results)
            self.module.define(self._functions[key][0], Translator(body, arguments, self, {}, results).translated())
        return self._functions[key]

    def host(self, name: str) -> int:
        return self.module.call(name)

    def indirect(self) -> int:
        return self.module.type(((e.I32,), ()))


def _source(name: str) -> Callable[..., Any]:
    """The function of that name that kernels call."""
    if name == "random_bits":
        return bits.random_bits
    found = getattr(driver, name, None) or getattr(maths, name, None)
    if found is None:
        raise TypeError(f"there is no {name} for WebAssembly")
    return getattr(found, "py_func", found)
