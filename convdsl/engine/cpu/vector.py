"""Vectors of floats as LLVM knows them, for the few micro-kernels that compilers do not find by themselves.

Addresses are 64-bit integers in bytes. A micro-kernel is made by `micro_kernel`: a function that writes LLVM instructions,
turned into something that numba-compiled code can call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from convdsl.engine.cpu.nesting import nesting

FLOAT = ir.FloatType()
INT = ir.IntType(64)
INT32 = ir.IntType(32)
BIT = ir.IntType(1)

Builder = Any
Vector = Any


def integer(value: int) -> Any:
    return ir.Constant(INT, value)


def shape(lanes: int) -> ir.VectorType:
    return ir.VectorType(FLOAT, lanes)


def constant(value: float, lanes: int) -> Vector:
    return ir.Constant(shape(lanes), [value] * lanes)


def pointer(b: Builder, address: Any, offset: Any = 0) -> Any:
    if not isinstance(offset, int) or offset:
        address = b.add(address, integer(offset) if isinstance(offset, int) else offset)
    return b.inttoptr(address, ir.PointerType())


def room(b: Builder, count: int) -> Any:
    """The address of so many floats, which a micro-kernel has for itself while it runs."""
    place = b.alloca(ir.ArrayType(FLOAT, count))
    place.align = 64
    return b.ptrtoint(place, INT)


def load(b: Builder, address: Any, offset: Any, lanes: int, valid: int | None = None) -> Vector:
    """The vector at `address + offset`; with `valid`, only its first lanes, and zeros behind them."""
    if valid is None or valid == lanes:
        vector = b.load(pointer(b, address, offset), typ=shape(lanes))
        vector.align = 4
        return vector
    name = f"llvm.masked.load.v{lanes}f32.p0"
    masked = _declare(b, name, shape(lanes), [ir.PointerType(), INT32, ir.VectorType(BIT, lanes), shape(lanes)])
    return b.call(
        masked, [pointer(b, address, offset), ir.Constant(INT32, 4), _mask(lanes, valid), constant(0.0, lanes)]
    )


def store(b: Builder, vector: Vector, address: Any, offset: Any, valid: int | None = None) -> None:
    lanes = vector.type.count
    if valid is None or valid == lanes:
        b.store(vector, pointer(b, address, offset)).align = 4
        return
    name = f"llvm.masked.store.v{lanes}f32.p0"
    masked = _declare(b, name, ir.VoidType(), [shape(lanes), ir.PointerType(), INT32, ir.VectorType(BIT, lanes)])
    b.call(masked, [vector, pointer(b, address, offset), ir.Constant(INT32, 4), _mask(lanes, valid)])


def broadcast(b: Builder, address: Any, offset: Any, lanes: int) -> Vector:
    """A vector whose lanes all hold the float at `address + offset`."""
    value = b.load(pointer(b, address, offset), typ=FLOAT)
    value.align = 4
    empty = ir.Constant(shape(lanes), ir.Undefined)
    first = b.insert_element(empty, value, ir.Constant(INT32, 0))
    return b.shuffle_vector(first, empty, ir.Constant(ir.VectorType(INT32, lanes), [0] * lanes))


def splat_int(b: Builder, value: Any, lanes: int) -> Vector:
    """A vector of 32-bit integers that are all `value`."""
    kind = ir.VectorType(INT32, lanes)
    first = b.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(INT32, 0))
    return b.shuffle_vector(first, ir.Constant(kind, ir.Undefined), ir.Constant(kind, [0] * lanes))


def int_constant(value: int, lanes: int) -> Vector:
    return ir.Constant(ir.VectorType(INT32, lanes), [value] * lanes)


def entry(b: Builder, offsets: Any, gradients: Any, i: Any, lanes: int) -> tuple[Any, Vector]:
    """The i-th entry of a list: a 32-bit offset in bytes, and a float in all lanes."""
    at = b.mul(i, integer(4))
    offset = b.load(pointer(b, b.add(offsets, at)), typ=INT32)
    offset.align = 4
    return b.sext(offset, INT), broadcast(b, b.add(gradients, at), 0, lanes)


def picked(b: Builder, x: Vector, y: Vector, places: Sequence[int]) -> Vector:
    """Lanes of both, those of `y` counted on from the last of `x`."""
    return b.shuffle_vector(x, y, ir.Constant(ir.VectorType(INT32, len(places)), list(places)))


def multiply_add(b: Builder, x: Vector, y: Vector, z: Vector) -> Vector:
    """x·y + z, rounded once."""
    kind = x.type
    return b.call(_declare(b, f"llvm.fma.v{kind.count}f32", kind, [kind] * 3), [x, y, z])


def maximum(b: Builder, x: Vector, y: Vector) -> Vector:
    """The greater of each lane; a NaN in `x` stays, so that it can be found."""
    return b.select(b.fcmp_ordered("<", x, y), y, x)


def sum_of_lanes(b: Builder, vector: Vector) -> Any:
    """The lanes added up in pairs, so in the same order everywhere."""
    width = vector.type.count
    while width > 1:
        width //= 2
        kind = ir.VectorType(INT32, width)
        low = b.shuffle_vector(vector, vector, ir.Constant(kind, list(range(width))))
        high = b.shuffle_vector(vector, vector, ir.Constant(kind, list(range(width, 2 * width))))
        vector = b.fadd(low, high)
    return b.extract_element(vector, ir.Constant(INT32, 0))


def add_scalar(b: Builder, value: Any, address: Any, offset: int) -> None:
    at = pointer(b, address, offset)
    before = b.load(at, typ=FLOAT)
    before.align = 4
    b.store(b.fadd(before, value), at).align = 4


def loop(b: Builder, count: Any, carried: Sequence[Any], body: Callable[[Any, list[Any]], list[Any]]) -> list[Any]:
    """Repeat `body(i, carried) -> carried` for i in range(count), count ≥ 1; the values carried stay in registers."""
    before = b.block
    inside = b.append_basic_block("loop")
    after = b.append_basic_block("after")
    b.branch(inside)
    b.position_at_end(inside)
    i = b.phi(INT)
    i.add_incoming(integer(0), before)
    values = []
    for value in carried:
        phi = b.phi(value.type)
        phi.add_incoming(value, before)
        values.append(phi)
    results = body(i, list(values))
    following = b.add(i, integer(1))
    end = b.block
    i.add_incoming(following, end)
    for phi, value in zip(values, results, strict=True):
        phi.add_incoming(value, end)
    b.cbranch(b.icmp_signed("<", following, integer(count) if isinstance(count, int) else count), inside, after)
    b.position_at_end(after)
    return results


nested_loops = nesting(loop, integer(0))


def micro_kernel(arguments: int, write: Callable[[Builder, list[Any]], None]) -> Any:
    """A function of `arguments` 64-bit integers whose body `write(builder, arguments)` emits.

    It is a function of its own in the compiled code too, so that it has all registers to itself.
    """

    def generate(context: Any, builder: Builder, signature: Any, values: Any) -> Any:
        module = builder.module
        function = ir.Function(module, ir.FunctionType(INT, [INT] * arguments), name=module.get_unique_name("micro"))
        function.linkage = "internal"
        function.attributes.add("noinline")
        function.attributes.add("nounwind")
        inner = ir.IRBuilder(function.append_basic_block("entry"))
        write(inner, list(function.args))
        inner.ret(integer(0))
        return builder.call(function, values)

    signature = types.int64(*[types.int64] * arguments)
    typing: Any = {
        3: lambda context, a, b, c: (signature, generate),
        4: lambda context, a, b, c, d: (signature, generate),
        5: lambda context, a, b, c, d, e: (signature, generate),
        6: lambda context, a, b, c, d, e, f: (signature, generate),
    }
    return intrinsic(typing[arguments])


def _mask(lanes: int, valid: int) -> Any:
    return ir.Constant(ir.VectorType(BIT, lanes), [1] * valid + [0] * (lanes - valid))


def _declare(b: Builder, name: str, result: Any, arguments: list[Any]) -> Any:
    module = b.module
    return module.globals.get(name) or ir.Function(module, ir.FunctionType(result, arguments), name=name)
