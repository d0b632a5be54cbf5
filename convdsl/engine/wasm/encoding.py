"""The binary format of WebAssembly, as much of it as kernels need: https://webassembly.github.io/spec/core/binary/."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

I32, I64, F32, F64, V128 = 0x7F, 0x7E, 0x7D, 0x7C, 0x7B
"""Types of values."""

Signature = tuple[tuple[int, ...], tuple[int, ...]]
"""Types of the arguments, and of the results."""


def unsigned(value: int) -> bytes:
    """LEB128, seven bits a byte, the lowest first."""
    result = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        result.append(low | 0x80 if value else low)
        if not value:
            return bytes(result)


def signed(value: int) -> bytes:
    """The same of a number with a sign."""
    result = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        if (value == 0 and not low & 0x40) or (value == -1 and low & 0x40):
            result.append(low)
            return bytes(result)
        result.append(low | 0x80)


def vector(items: Sequence[bytes]) -> bytes:
    return unsigned(len(items)) + b"".join(items)


def named(text: str) -> bytes:
    data = text.encode()
    return unsigned(len(data)) + data


def i32(value: int) -> bytes:
    """The instruction that puts a whole number there; one above 2^31 is an address, and wraps around."""
    return b"\x41" + signed((value + 2**31) % 2**32 - 2**31)


def i64(value: int) -> bytes:
    return b"\x42" + signed((value + 2**63) % 2**64 - 2**63)


def f32(value: float) -> bytes:
    try:
        return b"\x43" + struct.pack("<f", value)
    except OverflowError:
        return b"\x43" + struct.pack("<f", float("inf") if value > 0 else float("-inf"))


def f64(value: float) -> bytes:
    return b"\x44" + struct.pack("<d", value)


def simd(number: int) -> bytes:
    """A vector instruction by its number."""
    return b"\xfd" + unsigned(number)


class Code:
    """The body of a function while it is written: instructions, and the variables that it needs."""

    def __init__(self, signature: Signature) -> None:
        self.signature = signature
        self.bytes = bytearray()
        self.locals: list[int] = []

    def local(self, kind: int) -> int:
        """A new variable."""
        self.locals.append(kind)
        return len(self.signature[0]) + len(self.locals) - 1

    def put(self, *parts: bytes) -> None:
        for part in parts:
            self.bytes += part

    def get(self, variable: int) -> None:
        self.put(b"\x20", unsigned(variable))

    def set(self, variable: int) -> None:
        self.put(b"\x21", unsigned(variable))

    @property
    def encoded(self) -> bytes:
        body = vector([unsigned(1) + bytes([kind]) for kind in self.locals]) + bytes(self.bytes) + b"\x0b"
        return unsigned(len(body)) + body


class Module:
    """Functions over a memory that the host gives. `calls` are functions of the host: names and signatures."""

    def __init__(self, calls: Iterable[tuple[str, Signature]]) -> None:
        self.calls = list(calls)
        self.types: dict[Signature, int] = {}
        self.functions: list[Code | None] = []
        self.signatures: list[Signature] = []
        self.table: list[int] = []
        self.exports: dict[str, int] = {}

    def type(self, signature: Signature) -> int:
        return self.types.setdefault(signature, len(self.types))

    def call(self, name: str) -> int:
        """The number of a function of the host."""
        return next(n for n, (known, _) in enumerate(self.calls) if known == name)

    def declare(self, signature: Signature) -> int:
        """The number of a function whose code comes later."""
        self.functions.append(None)
        self.signatures.append(signature)
        return len(self.calls) + len(self.functions) - 1

    def define(self, number: int, code: Code) -> None:
        self.functions[number - len(self.calls)] = code

    @property
    def encoded(self) -> bytes:
        calls = [
            named("host") + named(name) + b"\x00" + unsigned(self.type(signature)) for name, signature in self.calls
        ]
        uses = [unsigned(self.type(signature)) for signature in self.signatures]
        types = [
            b"\x60" + vector([bytes([k]) for k in given]) + vector([bytes([k]) for k in found])
            for given, found in self.types
        ]
        codes = [code.encoded for code in self.functions if code is not None]
        assert len(codes) == len(self.functions), "a function was declared and never written"
        memory = named("host") + named("memory") + b"\x02\x00" + unsigned(0)
        elements = b"\x00" + i32(0) + b"\x0b" + vector([unsigned(n) for n in self.table])
        sections = [
            (1, vector(types)),
            (2, vector([memory, *calls])),
            (3, vector(uses)),
            (4, vector([b"\x70\x00" + unsigned(max(len(self.table), 1))])),
            (7, vector([named(name) + b"\x00" + unsigned(n) for name, n in self.exports.items()])),
            (9, vector([elements])),
            (10, vector(codes)),
        ]
        body = b"".join(bytes([number]) + unsigned(len(data)) + data for number, data in sections)
        return b"\x00asm\x01\x00\x00\x00" + body
