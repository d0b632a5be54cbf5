"""Vectors of four floats as WebAssembly knows them: the same words as `cpu/vector.py`, so that the micro-kernels there write
WebAssembly too. Addresses are 32-bit integers in bytes."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from convdsl.engine.cpu.nesting import nesting
from convdsl.engine.wasm.encoding import F32, I32, V128, Code, f32, i32, simd, unsigned

FLOAT, INT, INT32 = F32, I32, I32
LANES = 4


@dataclass(frozen=True)
class Known:
    """A whole number that is known."""

    value: int


@dataclass(frozen=True)
class _Type:
    count: int = LANES


@dataclass(unsafe_hash=True)
class Held:
    """A value in a variable."""

    variable: int
    kind: int
    whole: bool = False
    """Whether the numbers of a vector are whole."""
    type: _Type = _Type()
    align: int = field(default=4, compare=False)
    """What LLVM is told of a value that was loaded; here it is so always."""


@dataclass(frozen=True)
class Numbers:
    """A vector that is known."""

    data: bytes
    whole: bool = False
    type: _Type = _Type()


@dataclass(frozen=True)
class Pointer:
    address: Any
    offset: int = 0


class _Access:
    align = 4


class Builder:
    """Writes instructions; each result is put into a variable of its own, which compilers keep in registers."""

    def __init__(self, code: Code, room: Callable[[int], int]) -> None:
        self.code, self._room = code, room

    # values

    def push(self, value: Any) -> None:
        if isinstance(value, Known):
            self.code.put(i32(value.value))
        elif isinstance(value, Numbers):
            self.code.put(simd(12), value.data)
        else:
            self.code.get(value.variable)

    def held(self, kind: int, whole: bool = False) -> Held:
        """What was just computed, in a new variable."""
        variable = self.code.local(kind)
        self.code.set(variable)
        return Held(variable, kind, whole)

    def _do(self, instruction: bytes, kind: int, *values: Any, whole: bool = False) -> Held:
        for value in values:
            self.push(value)
        self.code.put(instruction)
        return self.held(kind, whole)

    # whole numbers, and vectors of them

    def add(self, x: Any, y: Any) -> Any:
        if isinstance(x, Known) and isinstance(y, Known):
            return Known(x.value + y.value)
        if isinstance(x, Numbers) or getattr(x, "kind", I32) == V128:
            return self._do(simd(174), V128, x, y, whole=True)
        if isinstance(y, Known) and y.value == 0:
            return x
        return self._do(b"\x6a", I32, x, y)

    def mul(self, x: Any, y: Any) -> Any:
        if isinstance(x, Known) and isinstance(y, Known):
            return Known(x.value * y.value)
        return self._do(b"\x6c", I32, x, y)

    def trunc(self, x: Any, kind: Any) -> Any:
        return x

    sext = trunc

    def ptrtoint(self, x: Any, kind: Any) -> Any:
        return x

    # floats

    def _float(self, x: Any, scalar: bytes, vector: int, *others: Any) -> Held:
        if getattr(x, "kind", V128) == F32:
            return self._do(scalar, F32, x, *others)
        return self._do(simd(vector), V128, x, *others)

    def fadd(self, x: Any, y: Any) -> Held:
        return self._float(x, b"\x92", 228, y)

    def fsub(self, x: Any, y: Any) -> Held:
        return self._float(x, b"\x93", 229, y)

    def fmul(self, x: Any, y: Any) -> Held:
        return self._float(x, b"\x94", 230, y)

    def fneg(self, x: Any) -> Held:
        return self._float(x, b"\x8c", 225)

    def fcmp_ordered(self, how: str, x: Any, y: Any) -> Held:
        return self._do(simd({"<": 67, ">": 68, "<=": 69, ">=": 70, "==": 65}[how]), V128, x, y)

    def fcmp_unordered(self, how: str, x: Any, y: Any) -> Held:
        """True too where one is NaN: what the contrary does not hold of."""
        contrary = self.fcmp_ordered({"<": ">=", ">": "<=", "<=": ">", ">=": "<"}[how], x, y)
        return self._do(simd(77), V128, contrary)

    def select(self, mask: Any, yes: Any, no: Any) -> Held:
        return self._do(simd(82), V128, yes, no, mask, whole=bool(yes.whole))

    # memory

    def load(self, at: Pointer, typ: int) -> Held:
        self.push(at.address)
        self.code.put(b"\x2a" if typ == F32 else b"\x28", b"\x02", unsigned(at.offset))
        return self.held(typ)

    def store(self, value: Any, at: Pointer) -> _Access:
        self.push(at.address)
        self.push(value)
        if isinstance(value, Numbers) or value.kind == V128:
            self.code.put(simd(11), b"\x02", unsigned(at.offset))
        else:
            self.code.put(b"\x38" if value.kind == F32 else b"\x36", b"\x02", unsigned(at.offset))
        return _Access()

    def room(self, count: int) -> Known:
        return Known(self._room(count))


def integer(value: int) -> Known:
    return Known(value)


def constant(value: float, lanes: int) -> Numbers:
    return Numbers(f32(value)[1:] * LANES)


def int_constant(value: int, lanes: int) -> Numbers:
    return Numbers(struct.pack("<i", value) * LANES, True)


def room(b: Builder, count: int) -> Known:
    return b.room(count)


def pointer(b: Builder, address: Any, offset: Any = 0) -> Pointer:
    if isinstance(offset, int) and offset >= 0:
        return Pointer(address, offset)
    return Pointer(b.add(address, Known(offset) if isinstance(offset, int) else offset))


def _lane(b: Builder, number: int, at: Pointer, offset: int, vector: Any, lane: int) -> None:
    b.push(at.address)
    b.push(vector)
    b.code.put(simd(number), b"\x02", unsigned(at.offset + offset), bytes([lane]))


def load(b: Builder, address: Any, offset: Any, lanes: int, valid: int | None = None) -> Held:
    """The vector at `address + offset`; with `valid`, only its first lanes, and zeros behind them."""
    at = pointer(b, address, offset)
    b.push(at.address)
    number = {1: 92, 2: 93, 3: 93}.get(valid or LANES, 0)
    b.code.put(simd(number), b"\x02", unsigned(at.offset))
    result = b.held(V128)
    if valid == 3:
        _lane(b, 86, at, 8, result, 2)
        result = b.held(V128)
    return result


def store(b: Builder, vector: Any, address: Any, offset: Any, valid: int | None = None) -> None:
    at = pointer(b, address, offset)
    if valid is None or valid == LANES:
        b.store(vector, at)
        return
    if valid > 1:
        _lane(b, 91, at, 0, vector, 0)
    if valid != 2:
        _lane(b, 90, at, 4 * (valid - 1), vector, valid - 1)


def broadcast(b: Builder, address: Any, offset: Any, lanes: int) -> Held:
    """A vector whose lanes all hold the float at `address + offset`."""
    at = pointer(b, address, offset)
    b.push(at.address)
    b.code.put(simd(9), b"\x02", unsigned(at.offset))
    return b.held(V128)


def splat_int(b: Builder, value: Any, lanes: int) -> Held:
    b.push(value)
    b.code.put(simd(17))
    return b.held(V128, True)


def entry(b: Builder, offsets: Any, gradients: Any, i: Any, lanes: int) -> tuple[Any, Any]:
    """The i-th entry of a list: a 32-bit offset in bytes, and a float in all lanes."""
    at = b.mul(i, integer(4))
    return b.load(pointer(b, b.add(offsets, at)), INT32), broadcast(b, b.add(gradients, at), 0, lanes)


def picked(b: Builder, x: Any, y: Any, places: Sequence[int]) -> Held:
    """Lanes of both, those of `y` counted on from the last of `x`."""
    b.push(x)
    b.push(y)
    b.code.put(simd(13), bytes(4 * place + k for place in places for k in range(4)))
    return b.held(V128)


def multiply_add(b: Builder, x: Any, y: Any, z: Any) -> Held:
    """x·y + z."""
    b.push(x)
    b.push(y)
    b.code.put(simd(230))
    b.push(z)
    b.code.put(simd(228))
    return b.held(V128)


def maximum(b: Builder, x: Any, y: Any) -> Any:
    """The greater of each lane; a NaN in `x` stays, so that it can be found."""
    return b.select(b.fcmp_ordered("<", x, y), y, x)


def sum_of_lanes(b: Builder, vector: Any) -> Held:
    """The lanes added up in pairs, so in the same order everywhere."""
    half = b.fadd(vector, picked(b, vector, vector, (2, 3, 2, 3)))
    whole = b.fadd(half, picked(b, half, half, (1, 1, 1, 1)))
    b.push(whole)
    b.code.put(simd(31), b"\x00")
    return b.held(F32)


def add_scalar(b: Builder, value: Any, address: Any, offset: int) -> None:
    at = pointer(b, address, offset)
    b.store(b.fadd(b.load(at, F32), value), at)


def loop(b: Builder, count: Any, carried: Sequence[Any], body: Callable[[Any, list[Any]], list[Any]]) -> list[Any]:
    """Repeat `body(i, carried) -> carried` for i in range(count), count ≥ 1; the values carried stay in registers."""
    code = b.code
    i = Held(code.local(I32), I32)
    code.put(i32(0))
    code.set(i.variable)
    values = []
    for value in carried:
        kind = value.kind if isinstance(value, Held) else I32 if isinstance(value, Known) else V128
        b.push(value)
        values.append(b.held(kind, getattr(value, "whole", False)))
    code.put(b"\x03\x40")
    for value in body(i, list(values)):
        b.push(value)
    for value in reversed(values):
        code.set(value.variable)
    code.get(i.variable)
    code.put(i32(1), b"\x6a", b"\x22", unsigned(i.variable))
    b.push(Known(count) if isinstance(count, int) else count)
    code.put(b"\x48\x0d\x00\x0b")
    return values


nested_loops = nesting(loop, integer(0))


Write = Callable[[Builder, list[Any]], None]


def micro_kernel(arguments: int, write: Write) -> tuple[int, Write]:
    """A function of so many whole numbers, whose body `write(builder, arguments)` emits."""
    return arguments, write
