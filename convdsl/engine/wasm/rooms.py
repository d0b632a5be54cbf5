"""A bound program as a module and what its `run` is told, whoever gives the memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convdsl.engine.cpu.bind import Arrays, Bound
from convdsl.engine.cpu.tables import MOST_ARGUMENTS
from convdsl.engine.plan import Target
from convdsl.engine.wasm.compiler import Compiler

PAGE = 65536
"""Bytes by which memory grows; the first ones stay empty, so that no address is 0."""
TARGET = Target(lanes=4, registers=16, threads=1)


class WasmArrays(Arrays):
    def compiled(self, kernels: Sequence[Any]) -> list[int]:
        """Notes them; the module is made when the program's tables are."""
        self._compiler = Compiler(
            lambda numbers: self.address(self.put(numbers, "int32")), lambda count: self.address(self.room(count))
        )
        return self._compiler.add(kernels)

    def module(self, bound: Bound) -> tuple[bytes, list[int]]:
        """The module of the program that was bound last, and the first six numbers that its `run` takes: where its tables
        are (how many regions comes second), and room for a call's arguments."""
        at = [self.address(self.put([n for row in rows for n in row], "int32")) for rows in bound.tables]
        row = self.address(self.room(MOST_ARGUMENTS + 8, "int32"))
        return self._compiler.finished(), [at[0], len(bound.tables[0]), *at[1:], row]
