"""The words that a kernel's text may use, as the compiler sees them: the one place that imports numba's CUDA target.

Global memory is reached through addresses (int64) and elements counted from there, shared memory through arrays; neither
checks an index.
"""

# mypy: ignore-errors
from __future__ import annotations

from contextlib import suppress
from functools import partial
from math import erfc as _erfc
from math import exp as _exp
from math import expm1 as _expm1
from math import log as _log
from math import nan as _nan
from math import pow as _pow
from math import sqrt as _sqrt
from math import tanh as _tanh
from typing import Any

from llvmlite import ir

with suppress(ImportError):  # numba-cuda's own way into numba is not taken in folders that are only on PYTHONPATH
    import _numba_cuda_redirector  # noqa: F401
from numba import cuda
from numba.cuda import cgutils, types
from numba.cuda.extending import intrinsic
from numba.cuda.np import arrayobj

from convdsl.engine import maths

float32, float64, int32, int64, uint64 = types.float32, types.float64, types.int32, types.int64, types.uint64
_FLOAT = ir.FloatType()
_VECTOR = ir.VectorType(_FLOAT, 4)
_FOUR = types.UniTuple(float32, 4)
_GLOBAL = 1
_MEMORY = {
    "f32": (_FLOAT, float32),
    "f64": (ir.DoubleType(), float64),
    "i32": (ir.IntType(32), int32),
    "i64": (ir.IntType(64), int64),
    "u8": (ir.IntType(8), types.uint8),
}


def _element(b: Any, element: Any, address: Any, index: Any) -> Any:
    return b.gep(b.inttoptr(address, ir.PointerType(element, addrspace=_GLOBAL)), [index])


def _get(kind: str) -> Any:
    element, result = _MEMORY[kind]

    @intrinsic
    def get(context, address, index):
        def generate(context, b, signature, values):
            return b.load(_element(b, element, *values))

        return result(int64, int64), generate

    return get


def _put(kind: str) -> Any:
    element, taken = _MEMORY[kind]

    @intrinsic
    def put(context, address, index, value):
        def generate(context, b, signature, values):
            address, index, value = values
            b.store(value, _element(b, element, address, index))
            return context.get_dummy_value()

        return types.void(int64, int64, taken), generate

    return put


def _load_vector(b: Any, pointer: Any, space: int) -> Any:
    loaded = b.load(b.bitcast(pointer, ir.PointerType(_VECTOR, addrspace=space)))
    loaded.align = 16
    return cgutils.pack_array(b, [b.extract_element(loaded, ir.Constant(ir.IntType(32), n)) for n in range(4)])


def _store_vector(b: Any, pointer: Any, four: Any, space: int) -> None:
    vector = ir.Constant(_VECTOR, ir.Undefined)
    for n, value in enumerate(cgutils.unpack_tuple(b, four)):
        vector = b.insert_element(vector, value, ir.Constant(ir.IntType(32), n))
    b.store(vector, b.bitcast(pointer, ir.PointerType(_VECTOR, addrspace=space))).align = 16


@intrinsic
def get4(context, address, index):
    """Four floats that begin at a multiple of 16 bytes."""

    def generate(context, b, signature, values):
        return _load_vector(b, _element(b, _FLOAT, *values), _GLOBAL)

    return _FOUR(int64, int64), generate


@intrinsic
def put4(context, address, index, four):
    def generate(context, b, signature, values):
        address, index, four = values
        _store_vector(b, _element(b, _FLOAT, address, index), four, _GLOBAL)
        return context.get_dummy_value()

    return types.void(int64, int64, _FOUR), generate


def _zeros_unless(b: Any, condition: Any, kind: Any, load: Any) -> Any:
    """What `load` gives if the condition holds, else zeros."""
    before = b.block
    with b.if_then(condition):
        loaded = load()
        inside = b.block
    result = b.phi(kind)
    result.add_incoming(ir.Constant(kind, None), before)
    result.add_incoming(loaded, inside)
    return result


@intrinsic
def get_if(context, address, index, condition):
    def generate(context, b, signature, values):
        return _zeros_unless(b, values[2], _FLOAT, lambda: b.load(_element(b, _FLOAT, *values[:2])))

    return float32(int64, int64, types.boolean), generate


@intrinsic
def get4_if(context, address, index, condition):
    """Four floats, or zeros."""

    def generate(context, b, signature, values):
        kind = ir.ArrayType(_FLOAT, 4)
        return _zeros_unless(b, values[2], kind, lambda: _load_vector(b, _element(b, _FLOAT, *values[:2]), _GLOBAL))

    return _FOUR(int64, int64, types.boolean), generate


@intrinsic
def put4_if(context, address, index, four, condition):
    def generate(context, b, signature, values):
        address, index, four, condition = values
        with b.if_then(condition):
            _store_vector(b, _element(b, _FLOAT, address, index), four, _GLOBAL)
        return context.get_dummy_value()

    return types.void(int64, int64, _FOUR, types.boolean), generate


@intrinsic
def get_some(context, address, index, count):
    """Up to four floats, then zeros."""

    def generate(context, b, signature, values):
        address, index, count = values
        result = []
        for n in range(4):
            at = b.add(index, ir.Constant(ir.IntType(64), n))
            there = b.icmp_signed(">", count, ir.Constant(ir.IntType(64), n))
            result.append(_zeros_unless(b, there, _FLOAT, partial(_load, b, address, at)))
        return cgutils.pack_array(b, result)

    return _FOUR(int64, int64, int64), generate


def _load(b: Any, address: Any, index: Any) -> Any:
    return b.load(_element(b, _FLOAT, address, index))


@intrinsic
def put_some(context, address, index, four, count):
    """The first `count` of four floats."""

    def generate(context, b, signature, values):
        address, index, four, count = values
        for n, value in enumerate(cgutils.unpack_tuple(b, four)):
            with b.if_then(b.icmp_signed(">", count, ir.Constant(ir.IntType(64), n))):
                b.store(value, _element(b, _FLOAT, address, b.add(index, ir.Constant(ir.IntType(64), n))))
        return context.get_dummy_value()

    return types.void(int64, int64, _FOUR, int64), generate


@intrinsic
def plus(context, left, right):
    def generate(context, b, signature, values):
        pairs = zip(*(cgutils.unpack_tuple(b, v) for v in values), strict=True)
        return cgutils.pack_array(b, [b.fadd(p, q) for p, q in pairs])

    return _FOUR(_FOUR, _FOUR), generate


@intrinsic
def largest(context, first, second, third, fourth):
    """The largest of four in each of four columns, and which it is; the first of equals, but NaN before all."""
    result = types.Tuple((_FOUR, types.UniTuple(int64, 4)))

    def generate(context, b, signature, values):
        rows = [cgutils.unpack_tuple(b, v) for v in values]
        best, which = list(rows[0]), [ir.Constant(ir.IntType(64), 0)] * 4
        for number, row in enumerate(rows[1:], 1):
            for n, value in enumerate(row):
                wins = b.fcmp_unordered(">", value, best[n])
                wins = b.and_(
                    wins, b.not_(b.and_(b.fcmp_unordered("uno", best[n], best[n]), b.fcmp_ordered("ord", value, value)))
                )
                best[n] = b.select(wins, value, best[n])
                which[n] = b.select(wins, ir.Constant(ir.IntType(64), number), which[n])
        return context.make_tuple(b, result, [cgutils.pack_array(b, best), cgutils.pack_array(b, which)])

    return result(_FOUR, _FOUR, _FOUR, _FOUR), generate


@intrinsic
def choose(context, condition, yes, no):
    """`yes if condition else no`, both computed."""
    kinds = [types.unliteral(kind) for kind in (yes, no)]
    result = max(kinds, key=lambda kind: (isinstance(kind, types.Float), kind.bitwidth))

    def generate(context, b, signature, values):
        return b.select(*values)

    return result(types.boolean, result, result), generate


def _shared(context: Any, b: Any, kind: Any, array: Any, index: Any) -> Any:
    return b.gep(arrayobj.make_array(kind)(context, b, array).data, [index])


@intrinsic
def shared_get(context, array, index):
    def generate(context, b, signature, values):
        return b.load(_shared(context, b, array, *values))

    return array.dtype(array, int64), generate


@intrinsic
def shared_put(context, array, index, value):
    def generate(context, b, signature, values):
        b.store(values[2], _shared(context, b, array, *values[:2]))
        return context.get_dummy_value()

    return types.void(array, int64, array.dtype), generate


@intrinsic
def shared_get4(context, array, index):
    def generate(context, b, signature, values):
        return _load_vector(b, _shared(context, b, array, *values), 0)

    return _FOUR(array, int64), generate


@intrinsic
def shared_put4(context, array, index, four):
    def generate(context, b, signature, values):
        _store_vector(b, _shared(context, b, array, *values[:2]), values[2], 0)
        return context.get_dummy_value()

    return types.void(array, int64, _FOUR), generate


def _zeros(count: int) -> Any:
    @intrinsic
    def zeros(context):
        def generate(context, b, signature, values):
            return cgutils.pack_array(b, [ir.Constant(_FLOAT, 0.0)] * count)

        return types.UniTuple(float32, count)(), generate

    return zeros


@intrinsic
def outer(context, sums, x, y):
    """sums + x·y for every pair of an x and a y, each in a fused multiply-add."""

    def generate(context, b, signature, values):
        totals, left, right = (cgutils.unpack_tuple(b, v) for v in values)
        pairs = [(p, q) for p in left for q in right]
        return cgutils.pack_array(b, [b.fma(p, q, s) for (p, q), s in zip(pairs, totals, strict=True)])

    return sums(sums, x, y), generate


def _unsigned(operation: str) -> Any:
    @intrinsic
    def divide(context, a, n):
        def generate(context, b, signature, values):
            short = [b.trunc(v, ir.IntType(32)) for v in values]
            return b.zext(getattr(b, operation)(*short), ir.IntType(64))

        return int64(int64, int64), generate

    return divide


def device(result: Any) -> Any:
    """Registers a function that kernels may call, and the type of its result. (`cuda.jit(device=True)` would ask the
    driver for a GPU.)"""

    def register(function: Any) -> Any:
        def generate(context, b, signature, values):
            return context.compile_internal(b, function, signature, values)

        def typed(*kinds: Any) -> Any:
            return result(*map(types.unliteral, kinds)), generate

        forms = (  # numba asks for as many names as there are arguments
            lambda context, a: typed(a),
            lambda context, a, b: typed(a, b),
            lambda context, a, b, c: typed(a, b, c),
            lambda context, a, b, c, d: typed(a, b, c, d),
        )
        return intrinsic(forms[function.__code__.co_argcount - 1])

    return register


@device(float32)
def exp(x):
    return float32(_exp(float32(x)))


@device(float32)
def expm1(x):
    return float32(_expm1(float32(x)))


@device(float32)
def log(x):
    return float32(_log(float32(x)))


@device(float32)
def sqrt(x):
    return float32(_sqrt(float32(x)))


@device(float64)
def sqrt64(x):
    return _sqrt(float64(x))


@device(float32)
def power(x, y):
    return float32(_pow(float32(x), float32(y)))


@device(float32)
def tanh(x):
    return float32(_tanh(float32(x)))


@device(float32)
def sigmoid(x):
    e = float32(_exp(-abs(float32(x))))
    return (e if x < float32(0) else float32(1)) / (float32(1) + e)


@device(float32)
def gaussian_part(x):
    return float32(0.5) * float32(_erfc(float32(x) * float32(-0.7071067811865476)))


@device(float32)
def shuffle_xor(x, lane):
    return cuda.shfl_xor_sync(0xFFFFFFFF, x, lane)


@device(float64)
def shuffle_xor64(x, lane):
    return cuda.shfl_xor_sync(0xFFFFFFFF, x, lane)


WORDS = {
    "cuda": cuda,
    "float32": float32,
    "float64": float64,
    "int32": int32,
    "int64": int64,
    "uint64": uint64,
    "nan": _nan,
    "get4": get4,
    "get4_if": get4_if,
    "get_if": get_if,
    "put4": put4,
    "put4_if": put4_if,
    "get_some": get_some,
    "put_some": put_some,
    "plus": plus,
    "largest": largest,
    "choose": choose,
    "shared_get": shared_get,
    "shared_put": shared_put,
    "shared_get4": shared_get4,
    "shared_put4": shared_put4,
    "outer": outer,
    **{f"zeros_{count}": _zeros(count) for count in (4, 16, 32, 64)},
    "divided": _unsigned("udiv"),
    "rest": _unsigned("urem"),
    "exp": exp,
    "expm1": expm1,
    "log": log,
    "sqrt": sqrt,
    "sqrt64": sqrt64,
    "power": power,
    "tanh": tanh,
    "sigmoid": sigmoid,
    "gaussian_part": gaussian_part,
    "device": device,
    "shuffle_xor": shuffle_xor,
    "shuffle_xor64": shuffle_xor64,
    "between": device(types.Tuple((int64, float32)))(maths.between.py_func),
    "random_bits": device(uint64)(maths.random_bits.py_func),
    "four_floats": _FOUR,
    **{f"get_{kind}": _get(kind) for kind in _MEMORY},
    **{f"put_{kind}": _put(kind) for kind in _MEMORY},
}
